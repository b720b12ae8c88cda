#!/usr/bin/env bash
# Speed of `dfkd distill` beside an equal loop in PyTorch with timm and a PIL DataLoader: same files, models, batches, augmentations, loss, optimiser, cores; alternating rounds.
#   DATA=folder with cifar10/, teacher/ and imagenette224/   ROUNDS=3  THREADS=2  WORKERS="0 1 2" (tried by the peer)
#   CASES="32 224"  STEPS32=40 BATCH32=128 STEPS224=8 BATCH224=32  LOCK=file to hold while measuring  OUT=bench/results/train_vs_pytorch
# Needs tests/peers/setup.sh, and timm (TIMM_PATH or pip).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
ROUNDS=${ROUNDS:-3} THREADS=${THREADS:-2} WORKERS=${WORKERS:-0 1 2} CASES=${CASES:-32 224}
STEPS32=${STEPS32:-40} BATCH32=${BATCH32:-128} STEPS224=${STEPS224:-8} BATCH224=${BATCH224:-32} LOCK=${LOCK:-}
OUT=${OUT:-$root/bench/results/train_vs_pytorch}
PYTHON=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$(dirname "$OUT")"
build_dfkd

# Both read the same files: about so many as a run sees, evenly over the sorted archive.
some() { # archive, images, name of the folder
    tar tzf "$1" | grep -v '/$' | sort >"$work/all.txt"
    awk -v n="$(($(wc -l <"$work/all.txt") / $2))" 'n < 2 || NR % n == 0' "$work/all.txt" >"$work/some.txt"
    mkdir "$work/$3"
    tar xzf "$1" -C "$work/$3" -T "$work/some.txt"
    { echo path; find "$work/$3" -type f | sort; } >"$work/$3.csv"
}
case " $CASES " in *" 32 "*)
    some "$DATA/cifar10/original-train.tar.gz" $((STEPS32 * BATCH32)) images32
    ln -s "$(realpath "$DATA/teacher/cifar10_vit")" "$work/teacher32"
    echo '{"img_size": 32, "patch_size": 4, "embed_dim": 96, "depth": 5, "num_heads": 3}' >"$work/student32.json" ;;
esac
case " $CASES " in *" 224 "*)
    some "$DATA/imagenette224/val1000.tar.gz" $((STEPS224 * BATCH224)) images224
    # A deit_small with random weights: timm makes it, so that neither side needs a download.
    "$PYTHON" "$root/bench/peers/random_model.py" "$work/teacher224" '{"img_size": 224, "patch_size": 16, "embed_dim": 384, "depth": 12, "num_heads": 6}' 1000
    echo '{"img_size": 224, "patch_size": 16, "embed_dim": 192, "depth": 12, "num_heads": 3}' >"$work/student224.json" ;;
esac

# Both are held to the same cores, whatever helper threads or worker processes they start.
"$PYTHON" - "$work" "$DFKD" "$PYTHON" "$root" "$ROUNDS" "$THREADS" "$WORKERS" "$CASES" "$LOCK" "$("$DFKD" --version)" "$STEPS32 $BATCH32" "$STEPS224 $BATCH224" <<'PY' >"$work/spec.json"
import json, sys
work, dfkd, python, root, rounds, threads, workers, cases, lock, version, small, large = sys.argv[1:]
pin = ["taskset", "-c", f"0-{int(threads) - 1}"]
kinds = {
    "32": ("32×32, batch {batch}", "vit:img=32,patch=4,dim=96,depth=5,heads=3", small),
    "224": ("224×224, batch {batch}", "deit_tiny_patch16_224", large),
}
def case(side):
    name, student, counts = kinds[side]
    steps, batch = counts.split()
    tool = [*pin, dfkd, "distill", f"{work}/images{side}.csv", "--teacher", f"{work}/teacher{side}", "--student", student, "--loss", "kd:T=4", "--hold-out", "0", "--steps", steps, "--batch-size", batch, "--checkpoint-every", "0", "--threads", threads, "-o", f"{work}/out{side}", "--overwrite", "--json", "--quiet"]
    def peer(n):
        return [*pin, python, f"{root}/bench/peers/train_pytorch.py", f"{work}/images{side}", f"{work}/teacher{side}", f"{work}/student{side}.json", "--threads", threads, "--workers", n, "--batch-size", batch, "--steps", steps]
    return {"name": name.format(batch=batch), "steps": int(steps), "batch": int(batch), "tool": tool, "peers": {f"{n} workers": peer(n) for n in workers.split()}}
print(json.dumps({"rounds": int(rounds), "lock": lock, "cases": [case(side) for side in cases.split()], "notes": [
    f"32×32: the CIFAR teacher (192 wide, 6 blocks) to 571,402 parameters, {small.split()[0]} steps; 224×224: deit_small with random weights to deit_tiny, {large.split()[0]} steps. KL at T = 4, AdamW, clipping, moving average, flip and crop as `dfkd distill` does by default, no held-out slice.",
    f"{threads} threads, both held to {threads} cores by taskset, {rounds} alternating rounds. The peer decodes each image whenever it is drawn; dfkd decodes each once, before the steps (in the whole process's figures).",
    f"Tool: {version}."]}))
PY
"$PYTHON" "$root/bench/peers/compare_training.py" "$work/spec.json" "$OUT"
