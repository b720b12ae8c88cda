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


def load(directory):
    """The directory's model as timm's VisionTransformer (or VisionTransformerDistilled), and its config."""
    find()
    from functools import partial
    from timm.models.deit import VisionTransformerDistilled
    from timm.models.vision_transformer import VisionTransformer

    with open(os.path.join(directory, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    state = read_safetensors(os.path.join(directory, "model.safetensors"))
    kind = VisionTransformerDistilled if "dist_token" in state else VisionTransformer
    # A shape that no registered model has carries qkv_bias among its arguments as well.
    arguments = {"qkv_bias": config["qkv_bias"], **config["model_args"]}
    model = kind(num_classes=config["num_classes"], norm_layer=partial(torch.nn.LayerNorm, eps=config["layer_norm_eps"]), **arguments)
    model.load_state_dict(state, strict=True)
    return model.eval(), config
