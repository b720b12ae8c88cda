"""Writes a model directory with timm's random weights: config.json and model.safetensors.

usage: random_model.py DIR ARGUMENTS_OF_VISION_TRANSFORMER.json CLASSES
"""
import json
import os
import struct
import sys

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "peers"))
from timm_here import find  # noqa: E402

find()
from timm.models.vision_transformer import VisionTransformer  # noqa: E402


def main(directory, arguments, classes):
    torch.manual_seed(0)
    arguments, classes = json.loads(arguments), int(classes)
    state = {name: tensor.contiguous() for name, tensor in VisionTransformer(num_classes=classes, **arguments).state_dict().items()}
    header, at = {}, 0
    for name, tensor in state.items():
        size = tensor.numel() * 4
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + size]}
        at += size
    os.makedirs(directory, exist_ok=True)
    text = json.dumps(header).encode()
    with open(os.path.join(directory, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in state.values():
            file.write(tensor.numpy().tobytes())
    side = arguments["img_size"]
    config = {
        "architecture": "vit", "num_classes": classes, "num_features": arguments["embed_dim"],
        "model_args": arguments,
        "pretrained_cfg": {"input_size": [3, side, side], "crop_pct": 0.9, "interpolation": "bicubic", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "num_classes": classes},
    }
    with open(os.path.join(directory, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
