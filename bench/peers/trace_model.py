"""Traces a model directory of dfkd as timm's own class, frozen, for other programs that hold a libtorch.

usage: trace_model.py MODEL_DIR OUT.pt
"""
import os
import sys
import warnings

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "peers"))
from student_directory import load  # noqa: E402


def main(directory, output):
    model, config = load(directory)
    shape = config["pretrained_cfg"]["input_size"]
    # The model's own assertions on shapes become constants, which is what is wanted here.
    warnings.simplefilter("ignore", torch.jit.TracerWarning)
    with torch.no_grad():
        traced = torch.jit.freeze(torch.jit.trace(model, torch.randn(2, *shape)))
        # A trace that holds for one size of batch would be no peer.
        pixels = torch.randn(5, *shape)
        assert torch.allclose(traced(pixels), model(pixels), atol=1e-4)
    traced.save(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
