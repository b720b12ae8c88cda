"""Holds a model directory of dfkd against timm: strict loading, and the same logits within 1e-4.

usage: check_student.py MODEL_DIR LOGITS.safetensors   (the latter from tests/peers/ExportLogits)
"""
import sys

import torch

from student_directory import load, read_safetensors

TOLERANCE = 1e-4


def main(directory, logits_file):
    expected = read_safetensors(logits_file)
    model, config = load(directory)
    with torch.no_grad():
        logits = model(expected["input"])
    if logits.shape != expected["logits"].shape:
        sys.exit(f"FAILED {directory}: timm gives {tuple(logits.shape)}, the tool {tuple(expected['logits'].shape)}")
    error = (logits - expected["logits"]).abs().max().item()
    spread = logits.std(dim=0).mean().item()
    print(f"{directory}: {type(model).__name__}, strict=True, max |error| {error:.2e} (limit {TOLERANCE:.0e}; logits vary by {spread:.2e} between inputs)")
    # "not <=" so that NaN fails; logits that do not depend on the input would prove nothing.
    if not error <= TOLERANCE or not spread > 10 * TOLERANCE:
        sys.exit(f"FAILED {directory}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
