"""The images of a folder as the PyTorch peers read them: by PIL, one by one."""
import os

from PIL import Image
from torch.utils.data import Dataset

EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif")


class Images(Dataset):
    """Decoded and transformed images of a folder, in the order of their paths."""

    def __init__(self, folder, transform):
        self.paths = sorted(os.path.join(root, name) for root, _, names in os.walk(folder) for name in names if name.lower().endswith(EXTENSIONS))
        self.transform = transform

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        with Image.open(self.paths[index]) as image:
            return self.transform(image.convert("RGB"))
