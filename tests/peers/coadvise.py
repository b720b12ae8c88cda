"""A Co-advise student (Ren et al., CVPR 2022) over timm's ViT, written from the paper and the official tensor names.

usage: coadvise.py OUT.json   expected logits of weights made by formula (see family_models.py)
"""
import json
import sys

import numpy
import torch
from torch import nn

from family_models import picture, value
from rednet import ConvUnit, Involution
from timm_here import find


class Stem(nn.Module):
    """Patch tokens by convolutions, or by RedNet's stem, at half the resolution."""

    def __init__(self, patch, width, involution):
        super().__init__()
        if involution:
            self.stem = nn.Sequential(ConvUnit(3, 32, 3, 2), Involution(32, 3, 1), nn.BatchNorm2d(32), nn.ReLU(), ConvUnit(32, 64, 3))
        else:
            layers = []
            for inputs, kernel, stride in ((3, 7, 2), (64, 3, 1), (64, 3, 1)):
                layers += [nn.Conv2d(inputs, 64, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
            self.conv = nn.Sequential(*layers)
        self.proj = nn.Conv2d(64, width, patch // 2, patch // 2)

    def forward(self, x):
        x = self.stem(x) if hasattr(self, "stem") else self.conv(x)
        return self.proj(x).flatten(2).transpose(1, 2)


class Student(nn.Module):
    def __init__(self, side, patch, width, depth, heads, classes):
        super().__init__()
        find()
        from timm.models.vision_transformer import Block
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 3 + (side // patch) ** 2, width))
        self.conv_embed, self.inv_embed = Stem(patch, width, False), Stem(patch, width, True)
        norm = lambda size: nn.LayerNorm(size, eps=1e-6)
        self.blocks = nn.Sequential(*[Block(width, heads, qkv_bias=True, norm_layer=norm) for _ in range(depth)])
        self.norm = norm(width)
        self.head, self.head_conv, self.head_inv = (nn.Linear(width, classes) for _ in range(3))

    def forward(self, x):
        conv, inv = self.conv_embed(x), self.inv_embed(x)
        tokens = [self.cls_token.expand(x.shape[0], -1, -1), conv.mean(1, keepdim=True), inv.mean(1, keepdim=True), conv + inv]
        x = self.norm(self.blocks(torch.cat(tokens, 1) + self.pos_embed))
        return self.head(x[:, 0]), self.head_conv(x[:, 1]), self.head_inv(x[:, 2])


def main(path):
    model = Student(32, 4, 48, 3, 3, 10).eval()
    model.load_state_dict({key: torch.from_numpy(numpy.asarray(value(key, tuple(tensor.shape)))) for key, tensor in model.state_dict().items()}, strict=True)
    with torch.no_grad():
        logits = model(torch.from_numpy(picture(32)))
    for head in logits:
        print(f"deviation {head.std():.2f}, {(head[0] - head[1]).abs().mean():.2e} apart")
    sizes = {name: sum(p.numel() for p in Student(224, 16, width, 12, width // 64, 1000).parameters()) for name, width in (("cit_tiny_patch16_224", 192), ("cit_small_patch16_224", 384))}
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        json.dump({"spec": "vit:img=32,patch=4,dim=48,depth=3,heads=3,tokens=cls+conv+inv,classes=10", "parameters": sizes, "logits": [[[round(float(v), 7) for v in row] for row in head] for head in logits]}, file)
        file.write("\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
