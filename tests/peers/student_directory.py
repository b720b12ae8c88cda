"""Reads a model directory of dfkd into timm's own classes, with strict=True."""
import json
import os
import struct

import numpy
import torch

from timm_here import find

DTYPES = {"F32": numpy.float32, "F16": numpy.float16, "F64": numpy.float64, "I64": numpy.int64}


def read_safetensors(path):
    """name -> tensor. An own reader of the documented format, so that a fault in ours cannot hide; Debian has no package."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        array = numpy.frombuffer(data[begin:end], dtype=DTYPES[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.copy())
    return tensors


def load_other(config, state):
    """A model of another family than ViT by the name in its config; RedNet, which timm has not, by rednet.py."""
    name = config["architecture"]
    if name.startswith("rednet"):
        from rednet import RedNet
        model = RedNet(int(name[len("rednet"):]), config["num_classes"])
    else:
        model = find().create_model(name, num_classes=config["num_classes"], **config["model_args"])
    model.load_state_dict(state, strict=True)
    return model.eval()


def load(directory):
    """The directory's model as timm's own class, and its config."""
    find()
    from functools import partial
    from timm.models.deit import VisionTransformerDistilled
    from timm.models.vision_transformer import VisionTransformer

    with open(os.path.join(directory, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    state = read_safetensors(os.path.join(directory, "model.safetensors"))
    if "hidden_size" not in config:
        return load_other(config, state), config
    kind = VisionTransformerDistilled if "dist_token" in state else VisionTransformer
    # A shape that no registered model has carries qkv_bias among its arguments as well.
    arguments = {"qkv_bias": config["qkv_bias"], **config["model_args"]}
    model = kind(num_classes=config["num_classes"], norm_layer=partial(torch.nn.LayerNorm, eps=config["layer_norm_eps"]), **arguments)
    model.load_state_dict(state, strict=True)
    return model.eval(), config
