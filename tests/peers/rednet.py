"""RedNet in PyTorch, written from the paper (Li et al., CVPR 2021) and the official configuration, to hold ours against.

Involution by unfolding, as its equations read; ours sums one tap of the kernel at a time.
"""
import torch
from torch import nn

BLOCKS = {26: (1, 2, 4, 1), 38: (2, 3, 5, 2), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


class ConvUnit(nn.Module):
    """A convolution, with BatchNorm or with a bias."""

    def __init__(self, inputs, outputs, kernel, stride=1, norm=True):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=not norm)
        if norm:
            self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x):
        x = self.conv(x)
        return torch.relu(self.bn(x)) if hasattr(self, "bn") else x


class Involution(nn.Module):
    def __init__(self, channels, kernel, stride):
        super().__init__()
        self.kernel, self.stride, self.groups = kernel, stride, max(1, channels // 16)
        self.conv1 = ConvUnit(channels, channels // 4, 1)
        self.conv2 = ConvUnit(channels // 4, kernel * kernel * self.groups, 1, norm=False)

    def forward(self, x):
        source = x if self.stride == 1 else nn.functional.avg_pool2d(x, self.stride)
        kernels = self.conv2(self.conv1(source))
        batch, _, height, width = kernels.shape
        windows = nn.functional.unfold(x, self.kernel, padding=self.kernel // 2, stride=self.stride)
        windows = windows.view(batch, self.groups, -1, self.kernel ** 2, height, width)
        return torch.einsum("bgcthw,bgthw->bgchw", windows, kernels.view(batch, self.groups, self.kernel ** 2, height, width)).reshape(batch, -1, height, width)


class Block(nn.Module):
    def __init__(self, inputs, inner, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, inner, 1, bias=False), nn.BatchNorm2d(inner)
        self.conv2, self.bn2 = Involution(inner, 7, stride), nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = nn.Conv2d(inner, 4 * inner, 1, bias=False), nn.BatchNorm2d(4 * inner)
        self.downsample = None
        if stride != 1 or inputs != 4 * inner:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, 4 * inner, 1, stride, bias=False), nn.BatchNorm2d(4 * inner))

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class RedNet(nn.Module):
    def __init__(self, depth, classes=1000, width=64, small_stem=False):
        super().__init__()
        half = width // 2
        self.stem = nn.Sequential(ConvUnit(3, half, 3, 1 if small_stem else 2), Involution(half, 3, 1), nn.BatchNorm2d(half), nn.ReLU(), ConvUnit(half, width, 3))
        self.pool = nn.Identity() if small_stem else nn.MaxPool2d(3, 2, 1)
        inputs = width
        for stage, count in enumerate(BLOCKS[depth]):
            inner = width << stage
            blocks = []
            for i in range(count):
                blocks.append(Block(inputs, inner, 2 if stage > 0 and i == 0 else 1))
                inputs = 4 * inner
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.pool(self.stem(x))
        for stage in range(4):
            x = getattr(self, f"layer{stage + 1}")(x)
        return self.fc(x.mean((2, 3)))
