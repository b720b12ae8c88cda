"""Peers of the convolutional and hybrid families: timm's ResNet and TinyViT, and rednet.py.

usage: family_models.py golden OUT.json   expected logits of weights made by formula, which a test makes too
       family_models.py make DIR          random checkpoints NAME.pth with NAME.expected.safetensors
"""
import json
import os
import struct
import sys

import numpy
import torch
from torch import nn

from rednet import RedNet
from timm_here import find

# name -> (our spec, input side, how to build). Ten classes keep the files small; the rest of the network is whole.
MODELS = {
    "resnet18": ("resnet18", 64), "resnet34": ("resnet34", 64), "resnet50": ("resnet50", 64),
    "resnet18_small": ("resnet:depth=18,img=32,stem=3,width=64", 32),
    "rednet26": ("rednet26", 64), "rednet38": ("rednet38", 64), "rednet50": ("rednet50", 64),
    "rednet26_small": ("rednet:depth=26,img=32,stem=3,width=32", 32),
    "tiny_vit_5m_224": ("tiny_vit_5m_224", 224), "tiny_vit_11m_224": ("tiny_vit_11m_224", 224), "tiny_vit_21m_224": ("tiny_vit_21m_224", 224),
    # 96 pixels make maps of 12, 6 and 3 positions, which windows of 7 do not divide: padding.
    "tiny_vit_5m_padded": ("tinyvit:img=96,windows=7/7/7/7", 96),
    "tiny_vit_free": ("tinyvit:img=64,dims=32/64/96/128,depths=1/1/2/1,heads=1/2/3/4,windows=8/4/4/2", 64),
}


def build(name, classes):
    timm = find()
    if name == "resnet18_small":
        model = timm.create_model("resnet18", num_classes=classes)
        model.conv1, model.maxpool = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity()
        return model
    if name == "rednet26_small":
        return RedNet(26, classes, width=32, small_stem=True)
    if name.startswith("rednet"):
        return RedNet(int(name[len("rednet"):]), classes)
    if name == "tiny_vit_5m_padded":
        return timm.create_model("tiny_vit_5m_224", num_classes=classes, window_sizes=[7, 7, 7, 7])
    if name == "tiny_vit_free":
        return timm.create_model("tiny_vit_5m_224", num_classes=classes, embed_dims=[32, 64, 96, 128], depths=[1, 1, 2, 1], num_heads=[1, 2, 3, 4], window_sizes=[8, 4, 4, 2])
    return timm.create_model(name, num_classes=classes)


def noise(name, shape):
    """Uniform numbers in [0, 1) from the tensor's name and index alone: FNV-1a, then splitmix64, 24 bits kept. Exact in float32."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) % (1 << 64)
    with numpy.errstate(over="ignore"):
        x = numpy.arange(1, int(numpy.prod(shape, dtype=numpy.int64)) + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15) + numpy.uint64(seed)
        x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        x = x ^ (x >> numpy.uint64(31))
    return (x >> numpy.uint64(40)).astype(numpy.float64).reshape(shape) / (1 << 24)


def value(name, shape):
    """A weight by formula. Norms are below 1 so that residual sums stay of the order of 1; running statistics are not those of a fresh network."""
    u = noise(name, shape)
    if name.endswith("num_batches_tracked"):
        return numpy.array(7, dtype=numpy.int64)
    if name.endswith("running_var"):
        u = 1 + (3 * u)
    elif name.endswith("running_mean") or name.endswith("bias") or name.endswith("attention_biases"):
        u = 0.2 * (u - 0.5)
    elif len(shape) == 1:
        u = 0.5 + (0.5 * u)
    else:
        u = (u - 0.5) * 2 * numpy.sqrt(6 / numpy.prod(shape[1:]))
    return u.astype(numpy.float32)


def picture(side):
    """Two images of coloured tiles, an eighth of the side each: white noise would average to the same logits."""
    return ((noise("input", (2, 3, 8, 8)) - 0.5) * 6).astype(numpy.float32).repeat(side // 8, axis=2).repeat(side // 8, axis=3)


def golden(path):
    entries = []
    for name, (spec, side) in MODELS.items():
        model = build(name, 10).eval()
        model.load_state_dict({key: torch.from_numpy(numpy.asarray(value(key, tuple(tensor.shape)))) for key, tensor in model.state_dict().items()}, strict=True)
        pixels = torch.from_numpy(picture(side))
        with torch.no_grad():
            logits = model(pixels)
        print(f"{name}: logits of deviation {logits.std():.2f}, {(logits[0] - logits[1]).abs().mean():.2e} apart")
        parameters = sum(p.numel() for p in build(name, 1000).parameters())
        entries.append({"name": name, "spec": spec, "image": side, "parameters": parameters, "logits": [[round(float(v), 7) for v in row] for row in logits]})
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("[\n  " + ",\n  ".join(json.dumps(entry) for entry in entries) + "\n]\n")


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = tensor.contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def make(directory):
    os.makedirs(directory, exist_ok=True)
    torch.manual_seed(3)
    for name in MODELS:
        spec, side = MODELS[name]
        model = build(name, 10).eval()
        # Other numbers than the golden ones, of the same spread: fresh weights hardly let the input through.
        model.load_state_dict({key: torch.from_numpy(numpy.asarray(value("checkpoint." + key, tuple(tensor.shape)))) for key, tensor in model.state_dict().items()}, strict=True)
        with torch.no_grad():
            pixels = (torch.randn(2, 3, 8, 8) * 2).repeat_interleave(side // 8, 2).repeat_interleave(side // 8, 3)
            logits = model(pixels)
        torch.save(model.state_dict(), os.path.join(directory, name + ".pth"))
        with open(os.path.join(directory, name + ".json"), "w", encoding="utf-8") as file:
            json.dump({"architecture": spec, "pretrained_cfg": {"input_size": [3, side, side]}}, file)
        write_safetensors(os.path.join(directory, name + ".expected.safetensors"), {"input": pixels, "logits": logits})


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("golden", "make"):
        sys.exit(__doc__)
    {"golden": golden, "make": make}[sys.argv[1]](sys.argv[2])
