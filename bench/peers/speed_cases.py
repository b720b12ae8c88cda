"""Writes the specification of rounds.py: who does the same as whom, for bench/speed.sh.

usage: speed_cases.py WORK ROUNDS THREADS CASE...   (DFKD, PYTHON, ROOT, the counts and BEFORE, an earlier dfkd to compare with, come from the environment)
WORK holds what speed.sh unpacked and made: MODEL/ and MODEL.pt by model, images of each case as a folder.
"""
import json
import os
import subprocess
import sys

DFKD, PYTHON, ROOT = (os.environ[name] for name in ("DFKD", "PYTHON", "ROOT"))
BEFORE = os.environ.get("BEFORE")
# Elsewhere bfloat16 is computed without instructions of its own, a hundredth of the rate.
with open("/proc/cpuinfo", encoding="utf-8") as cpu:
    BF16 = "avx512f" in cpu.read()
FORWARD = f"{ROOT}/bench/Forward/bin/Release/net10.0/DataFreeKD.Forward"
MODELS = {"tiny": "deit_tiny_patch16_224", "small": "deit_small_patch16_224", "base": "vit_base_patch16_224"}
TRAININGS = {
    "32": ("distilling at 32×32, batch 128", "vit:img=32,patch=4,dim=96,depth=5,heads=3", 128, 40),
    "224": ("distilling at 224×224, batch 32", "deit_tiny_patch16_224", 32, 8),
}
# Width, blocks, patches of a side: what a forward pass has to multiply.
SIZES = {"tiny": (192, 12, 14), "small": (384, 12, 14), "base": (768, 12, 14)}
LEARNING = {"32": ((192, 6, 8), (96, 5, 8)), "224": ((384, 12, 14), (192, 12, 14))}


def work_of(width, depth, side, patch, last=True):
    """GFLOP of a forward pass: linear maps and attention; of the last block only what the class token reads, unless last."""
    tokens = side * side + 1
    linear, attention = 2 * tokens * 12 * width**2, 4 * tokens**2 * width
    cls = 2 * width**2 * (2 * tokens + 10) + 4 * tokens * width
    embedding = 2 * side * side * 3 * patch**2 * width
    return 1e-9 * (embedding + (depth if last else depth - 1) * (linear + attention) + (0 if last else cls))


def pinned(threads, *argv):
    """Held to as many cores, whatever helper threads or worker processes it starts."""
    return ["taskset", "-c", f"0-{threads - 1}", *map(str, argv)]


def images_in(folder):
    return sum(len(names) for _, _, names in os.walk(folder))


def score(work, threads, size, images, name, fast):
    folder, model = f"{work}/{images}", f"{work}/{size}"

    def tool(label, *options, program=DFKD):
        return {"": pinned(threads, program, "score", folder, "--teacher", model, "-o", f"{work}/{label}.csv", "--threads", threads, "--overwrite", "--quiet", "--json", *options)}

    def timm(workers, batch):
        return pinned(threads, PYTHON, f"{ROOT}/bench/peers/score_pytorch.py", model, folder, f"{work}/timm.csv", "--threads", threads, "--workers", workers, "--batch-size", batch)

    def traced(lanes, batch):
        return pinned(threads, FORWARD, "traced", model, f"{model}.pt", folder, f"{work}/traced.csv", threads, lanes, batch)

    contenders = {
        "dfkd": tool("dfkd"),
        **({"dfkd before": tool("before", program=BEFORE)} if BEFORE else {}),
        **({} if size == "tiny" else {"dfkd --token-merging 16": tool("merged", "--token-merging", 16)}),
        **({"dfkd --precision bf16": tool("bf16", "--precision", "bf16")} if BF16 else {}),
        "dfkd --runtime onnx": tool("onnx", "--runtime", "onnx"),
        "dfkd --runtime onnx --int8 dynamic": tool("int8", "--runtime", "onnx", "--int8", "dynamic"),
    }
    if fast:
        number = ("--precision", "bf16") if BF16 else ()
        contenders[" ".join(("dfkd", "--fast-decode", *number))] = tool("fast", "--fast-decode", *number)
        contenders["dfkd --fast-decode --runtime onnx --int8 dynamic"] = tool("fast8", "--fast-decode", "--runtime", "onnx", "--int8", "dynamic")
    contenders["timm traced, in dfkd's libtorch and with its decoder"] = {f"{lanes} × {threads // lanes} threads, batch {batch}": traced(lanes, batch) for lanes, batch in ((threads, 16), (1, 16), (1, 64))}
    contenders["timm, PIL DataLoader, PyTorch"] = {f"{workers} workers, batch {batch}": timm(workers, batch) for workers, batch in ((2, 16), (2, 32), (2, 64), (1, 32), (0, 32))}
    return {"name": f"scoring {name}, {MODELS[size]}", "unit": "images/s", "count": images_in(folder), "work": work_of(*SIZES[size], 16, last=False), "base": "timm, PIL DataLoader, PyTorch", "contenders": contenders}


def train(work, threads, side):
    name, student, batch, steps = TRAININGS[side]
    steps = int(os.environ.get(f"STEPS{side}") or steps)

    def tool(label, *options, program=DFKD):
        return {"": pinned(threads, program, "distill", f"{work}/images{side}.csv", "--teacher", f"{work}/teacher{side}", "--student", student, "--loss", "kd:T=4", "--init", "random", "--hold-out", 0, "--steps", steps, "--batch-size", batch, "--checkpoint-every", 0, "--threads", threads, "-o", f"{work}/{label}{side}", "--overwrite", "--json", "--quiet", *options)}

    def peer(workers):
        return pinned(threads, PYTHON, f"{ROOT}/bench/peers/train_pytorch.py", f"{work}/images{side}", f"{work}/teacher{side}", f"{work}/student{side}.json", "--threads", threads, "--workers", workers, "--batch-size", batch, "--steps", steps)

    contenders = {
        "dfkd": tool("dfkd"),
        **({"dfkd before": tool("before", program=BEFORE)} if BEFORE else {}),
        "dfkd --teacher-patches 0.5": tool("masked", "--teacher-patches", 0.5),
        **({"dfkd --teacher-precision bf16": tool("bf16", "--teacher-precision", "bf16")} if BF16 else {}),
        "PyTorch, timm, PIL DataLoader": {f"{workers} workers": peer(workers) for workers in (0, 1, 2)},
    }
    teacher, learner = LEARNING[side]
    patch = int(side) // teacher[2]
    # Backward passes take twice the forward one's work.
    work = batch * (work_of(*teacher, patch, last=False) + 3 * work_of(*learner, patch))
    return {"name": name, "unit": "steps/s", "count": steps, "batch": batch, "work": work, "base": "PyTorch, timm, PIL DataLoader", "contenders": contenders}


def arithmetic(work, threads):
    def passes(size, times, *options):
        return {"": pinned(threads, FORWARD, "pass", f"{work}/{size}", threads, 16, times, *options)}

    return {"name": "forward passes and the machine's peak", "unit": "GFLOP/s", "base": "SGEMM 2048², NumPy's BLAS", "contenders": {
        "SGEMM 2048², NumPy's BLAS": {"": pinned(threads, PYTHON, f"{ROOT}/bench/peers/sgemm.py", 2048, threads, 30)},
        "SGEMM 2048², libtorch": {"": pinned(threads, FORWARD, "product", 2048, threads, 30)},
        **{f"forward passes of {MODELS[size]}": passes(size, times) for size, times in (("tiny", 12), ("small", 4), ("base", 2))},
        **{f"the same in bfloat16, {size}": passes(size, times, "bf16") for size, times in (("tiny", 24), ("small", 8), ("base", 4)) if BF16},
    }}


def case(work, threads, wanted):
    kind, _, which = wanted.partition("-")
    if kind == "score":
        return score(work, threads, "tiny", "photos", "full-size photographs", fast=True) if which == "photos" else score(work, threads, which, f"images-{which}", "224×224 photographs", fast=False)
    return train(work, threads, which) if kind == "train" else arithmetic(work, threads)


def main(work, rounds, threads, *cases):
    threads = int(threads)
    version = subprocess.run([DFKD, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    print(json.dumps({"rounds": int(rounds), "peak": arithmetic(work, threads)["contenders"]["SGEMM 2048², NumPy's BLAS"][""], "cases": [case(work, threads, wanted) for wanted in cases], "notes": [
        f"dfkd {version}; {threads} threads each, all held to {threads} cores by taskset; {rounds} rounds in alternation after a run of each (of each way, where a contender has several: the fastest is kept).",
        "Scoring: random weights; dfkd takes its own batch size, and also computes the attention probe of three blocks and the SHA-256 of every file, which the others do not.",
        "The ceiling is what the machine's peak, measured in each round (SGEMM 2048², NumPy's BLAS), would give of a case's work in single precision and nothing else: linear maps and attention of a forward pass (the last block for the class token alone), of a training step the teacher's and three times the student's.",
        "Distilling: 32×32 is the CIFAR teacher (192 wide, 6 blocks) to 571,402 parameters, 224×224 a deit_small of random weights to deit_tiny; KL at T = 4, AdamW, clipping, moving average, flip and crop as `dfkd distill` does by default. The first figure is of the steps alone. The peer decodes an image whenever it is drawn, dfkd once before the steps.",
    ]}, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
