"""Distils a ViT with PyTorch, timm and a PIL DataLoader, step for step what `dfkd distill --init random --loss kd` does; prints one JSON line.

usage: train_pytorch.py IMAGES TEACHER_DIR STUDENT.json --threads N --workers N --batch-size N --steps N
STUDENT.json holds the arguments of timm's VisionTransformer. The clock of the steps starts with the first batch's loading and
ends with the last step; the second clock also covers listing, loading the teacher and saving the student.
"""
import argparse
import copy
import json
import math
import os
import platform
import random
import resource
import sys
import tempfile
import time

import PIL
import torch
import torchvision
from torch.utils.data import DataLoader, Sampler
from torchvision import transforms

from image_folder import Images

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "peers"))
from student_directory import read_safetensors  # noqa: E402
from timm_here import find  # noqa: E402

timm = find()
from timm.models.vision_transformer import VisionTransformer  # noqa: E402

BICUBIC = transforms.InterpolationMode.BICUBIC


class Endless(Sampler):
    """Shuffled passes one after the other, so that a batch may run across their border."""

    def __init__(self, count, draws):
        self.count, self.draws = count, draws

    def __len__(self):
        return self.draws

    def __iter__(self):
        drawn = 0
        while drawn < self.draws:
            order = list(range(self.count))
            random.shuffle(order)
            yield from order[: self.draws - drawn]
            drawn += len(order)


def augmentation(side, mean, std):
    """Small images: reflect-padded crop by an eighth. Photographs: a resized crop of half the area or more. Both: flip."""
    geometry = (
        [transforms.Resize((side, side), BICUBIC), transforms.RandomCrop(side, padding=side // 8, padding_mode="reflect")]
        if side <= 96
        else [transforms.RandomResizedCrop(side, scale=(0.5, 1.0), ratio=(3 / 4, 4 / 3), interpolation=BICUBIC)]
    )
    return transforms.Compose([*geometry, transforms.RandomHorizontalFlip(), transforms.ToTensor(), transforms.Normalize(mean, std)])


def load(directory):
    """A plain ViT as timm's own class, and its config."""
    with open(os.path.join(directory, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    model = VisionTransformer(num_classes=config["num_classes"], **config["model_args"])
    model.load_state_dict(read_safetensors(os.path.join(directory, "model.safetensors")), strict=True)
    return model.eval(), config


def rate_at(step, steps, peak):
    warmup = min(500, steps // 10)
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def grouped(model, decay):
    """Biases, norms, position embedding and class token are not decayed."""
    spared = [p for name, p in model.named_parameters() if p.ndim <= 1 or name in ("pos_embed", "cls_token")]
    rest = [p for name, p in model.named_parameters() if not (p.ndim <= 1 or name in ("pos_embed", "cls_token"))]
    return [{"params": rest, "weight_decay": decay}, {"params": spared, "weight_decay": 0.0}]


def cpu_seconds():
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("images")
    parser.add_argument("teacher")
    parser.add_argument("student")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--steps", type=int, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    random.seed(0)

    start, cpu = time.perf_counter(), cpu_seconds()
    teacher, config = load(options.teacher)
    prepared = config["pretrained_cfg"]
    with open(options.student, encoding="utf-8") as file:
        student = VisionTransformer(num_classes=config["num_classes"], **json.load(file)).train()
    images = Images(options.images, augmentation(prepared["input_size"][-1], prepared["mean"], prepared["std"]))
    batches = DataLoader(images, batch_size=options.batch_size, sampler=Endless(len(images), options.batch_size * options.steps), num_workers=options.workers)
    average = copy.deepcopy(student)
    optimiser = torch.optim.AdamW(grouped(student, 0.025), lr=1e-3, betas=(0.9, 0.99), eps=1e-8, foreach=True)
    kl = torch.nn.KLDivLoss(reduction="batchmean", log_target=True)
    temperature, loss_sum = 4.0, 0.0

    begun, step_cpu = time.perf_counter(), cpu_seconds()
    for step, pixels in enumerate(batches):
        with torch.no_grad():
            target = (teacher(pixels) / temperature).log_softmax(-1)
        loss = kl((student(pixels) / temperature).log_softmax(-1), target) * temperature * temperature
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, options.steps, 1e-3)
        optimiser.step()
        with torch.no_grad():
            decay = min(0.99, (1 + step) / (10 + step))
            kept, live = list(average.parameters()), list(student.parameters())
            torch._foreach_mul_(kept, decay)
            torch._foreach_add_(kept, live, alpha=1 - decay)
        loss_sum += loss.item()
    step_seconds = time.perf_counter() - begun
    # Worker processes are counted once they have ended.
    del batches
    step_cpu = cpu_seconds() - step_cpu
    with tempfile.TemporaryDirectory() as folder:
        torch.save(average.state_dict(), os.path.join(folder, "student.pth"))
    print(json.dumps({
        "steps": options.steps,
        "step_seconds": step_seconds,
        "step_cpu_seconds": step_cpu,
        "seconds": time.perf_counter() - start,
        "cpu_seconds": cpu_seconds() - cpu,
        "loss": loss_sum / options.steps,
        "versions": f"PyTorch {torch.__version__}, timm {timm.__version__}, torchvision {torchvision.__version__}, Pillow {PIL.__version__}, Python {platform.python_version()}",
    }))


if __name__ == "__main__":
    main()
