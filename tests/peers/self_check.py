"""The logits that `dfkd doctor` holds its forward pass to: a small ViT of timm whose weights and pixels are a formula. TIMM_PATH=... python3 self_check.py"""
import torch

from timm_here import find

find()
from timm.models.vision_transformer import VisionTransformer

model = VisionTransformer(img_size=16, patch_size=8, embed_dim=12, depth=2, num_heads=3, mlp_ratio=2, num_classes=4).eval().double()
with torch.no_grad():
    for number, (name, tensor) in enumerate(sorted(model.state_dict().items())):
        wave = torch.sin(0.37 * torch.arange(tensor.numel(), dtype=torch.float64) + 1.3 * number)
        tensor.copy_(((1 if "norm" in name and name.endswith("weight") else 0) + 0.4 * wave).reshape(tensor.shape))
    pixels = torch.sin(0.11 * torch.arange(2 * 3 * 16 * 16, dtype=torch.float64)).reshape(2, 3, 16, 16)
    print([round(value, 7) for value in model(pixels).flatten().tolist()])
