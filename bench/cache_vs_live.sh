#!/usr/bin/env bash
# Distilling from stored outputs beside the live teacher: speed, peak memory, bytes an image; the students must be the same at K = C.
#   DATA=folder with wild/ and teacher/   OUT=bench/results/cache   SELECTED=table, else BUDGET=10000 probe-selected images of the pool
#   TEACHER=model, else the CIFAR teacher   STUDENT=spec   STEPS=200  BATCH=128  KEEP="3 10"  THREADS=2
# Ends with OUT/results.md. Seconds are whole processes; CPU seconds bear other work on the machine better; images/s is the training alone; a cache serves any number of trainings.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
OUT=${OUT:-$root/bench/results/cache}
STEPS=${STEPS:-200} BATCH=${BATCH:-128} KEEP=${KEEP:-3 10} BUDGET=${BUDGET:-10000} THREADS=${THREADS:-2}
STUDENT=${STUDENT:-vit:img=32,patch=4,dim=96,depth=5,heads=3}
TEACHER=${TEACHER:-$DATA/teacher/cifar10_vit}
PYTHON=${PYTHON:-python3}
build_dfkd
rm -rf "$OUT/runs"
mkdir -p "$OUT/runs"
if [ -z "${SELECTED:-}" ]; then
    SELECTED=$OUT/selected.csv
    [ -d "$OUT/pool" ] || { mkdir -p "$OUT/pool.part"; tar xzf "$DATA/wild/pool.tar.gz" -C "$OUT/pool.part"; mv "$OUT/pool.part" "$OUT/pool"; }
    [ -f "$OUT/scores.csv" ] || "$DFKD" score "$OUT/pool" --teacher "$TEACHER" -o "$OUT/scores.csv" --resume
    [ -f "$SELECTED" ] || "$DFKD" select "$OUT/scores.csv" --budget "$BUDGET" -o "$SELECTED"
fi

# name, arguments of dfkd: its summary as JSON with the peak resident memory of the process.
measure() {
    local name=$1; shift
    echo "== $name" >&2
    "$PYTHON" - "$OUT/runs/$name.json" "$DFKD" "$@" --json --quiet --threads "$THREADS" <<'PY'
import json, resource, subprocess, sys
report, command = sys.argv[1], sys.argv[2:]
done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
summary = json.loads(done.stdout)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
summary["peak_mib"], summary["cpu_seconds"] = used.ru_maxrss / 1024, used.ru_utime + used.ru_stime
json.dump(summary, open(report, "w"))
PY
}
distill() { measure "$1" distill "$SELECTED" --student "$STUDENT" --steps "$STEPS" --batch-size "$BATCH" --loss kd:T=1 --init random -o "$OUT/runs/$1" "${@:2}"; }

distill live --teacher "$TEACHER"
for k in $KEEP; do
    measure "store-$k" cache "$SELECTED" --teacher "$TEACHER" --steps "$STEPS" --batch-size "$BATCH" --top-k "$k" -o "$OUT/runs/$k.cache"
    distill "k-$k" --cache "$OUT/runs/$k.cache"
done

"$PYTHON" - "$OUT" $KEEP <<'PY' | tee "$OUT/results.md"
import filecmp, json, os, sys
out, kept = sys.argv[1], sys.argv[2:]
read = lambda name: json.load(open(f"{out}/runs/{name}.json"))
live = read("live")
print("| teacher | bytes an image and epoch | store, s | train, s | train, CPU s | train, images/s | peak memory, MiB | final loss | held-out agreement, % |")
print("|---|---|---|---|---|---|---|---|---|")
row = lambda name, size, store, run: print(f"| {name} | {size} | {store} | {run['seconds']:.1f} | {run['cpu_seconds']:.0f} ({live['cpu_seconds'] / run['cpu_seconds']:.2f}x) | {run['images_per_second']:.0f} ({run['images_per_second'] / live['images_per_second']:.2f}x) | {run['peak_mib']:.0f} ({run['peak_mib'] - live['peak_mib']:+.0f}) | {run['final_loss']:.6f} | {100 * run['held_out']:.2f} |")
row("live", "-", "-", live)
same = None
for k in kept:
    store, run = read(f"store-{k}"), read(f"k-{k}")
    row(f"stored, K = {k} of {store['classes']}", store["bytes_per_image"], f"{store['seconds']:.1f}", run)
    if store["top_k"] == store["classes"]:
        same = all(filecmp.cmp(f"{out}/runs/live/{name}", f"{out}/runs/k-{k}/{name}", shallow=False) for name in ("model.safetensors", "training/metrics.csv"))
if same is not None: print(f"\nAt K = C weights and metrics are {'byte-equal to' if same else 'NOT those of'} the live run's.")
sys.exit(1 if same is False else 0)
PY
