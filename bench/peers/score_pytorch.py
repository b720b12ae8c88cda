"""Scores a folder of images with timm and a PIL DataLoader, the way a PyTorch user would; prints one JSON line.

usage: score_pytorch.py MODEL_DIR IMAGES OUT.csv --threads N --workers N --batch-size N
The clock starts after the imports and covers what `dfkd score` counts in its own seconds: listing, loading the model,
decode, evaluation transform, forward, softmax figures and the table. The attention probe is not computed here.
"""
import argparse
import csv
import json
import os
import platform
import sys
import time

import PIL
import torch
from torch.utils.data import DataLoader

from image_folder import Images

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "peers"))
from student_directory import load  # noqa: E402
from timm_here import find  # noqa: E402

timm = find()
from timm.data import create_transform  # noqa: E402


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("images")
    parser.add_argument("output")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--batch-size", type=int, default=64)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    start = time.perf_counter()
    model, config = load(options.model)
    prepared = config["pretrained_cfg"]
    transform = create_transform(prepared["input_size"], interpolation=prepared["interpolation"], mean=prepared["mean"], std=prepared["std"], crop_pct=prepared["crop_pct"])
    images = Images(options.images, transform)
    batches = DataLoader(images, batch_size=options.batch_size, num_workers=options.workers)
    with open(options.output, "w", newline="", encoding="utf-8") as file, torch.inference_mode():
        table = csv.writer(file)
        table.writerow(["path", "prediction", "confidence", "entropy", "energy", "pseudo_label_ce"])
        paths = iter(images.paths)
        for pixels in batches:
            logits = model(pixels)
            log_p = logits.log_softmax(-1)
            top, prediction = log_p.max(-1)
            rows = zip(prediction.tolist(), top.exp().tolist(), (-(log_p.exp() * log_p).sum(-1)).tolist(), (-logits.logsumexp(-1)).tolist(), (-top).tolist())
            table.writerows([next(paths), *figures] for figures in rows)
    seconds = time.perf_counter() - start
    print(json.dumps({
        "images": len(images),
        "seconds": seconds,
        "images_per_second": len(images) / seconds,
        "versions": f"PyTorch {torch.__version__}, timm {timm.__version__}, Pillow {PIL.__version__}, Python {platform.python_version()}",
    }))


if __name__ == "__main__":
    main()
