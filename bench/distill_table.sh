#!/usr/bin/env bash
# The data-free experiment: students distilled on wild images chosen in several ways, and on the original data as upper bound.
#   DATA=folder with wild/, cifar10/ and teacher/   OUT=bench/results/distill   STEPS=600  BUDGET=10000  SEEDS="0 1 2"
# Resumable: what is finished under OUT is not done again, and an interrupted distillation goes on.
# Ends with OUT/results.csv and OUT/results.md (test top-1, mean ± sample standard deviation over the seeds).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
OUT=${OUT:-$root/bench/results/distill}
STEPS=${STEPS:-600} BUDGET=${BUDGET:-10000} BATCH=${BATCH:-128} SEEDS=${SEEDS:-0 1 2}
SELECTIONS=${SELECTIONS:-attention-probe entropy random original}
STUDENT=${STUDENT:-vit:img=32,patch=4,dim=96,depth=5,heads=3}
PYTHON=${PYTHON:-python3}
teacher=$DATA/teacher/cifar10_vit
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)

same_settings "steps=$STEPS budget=$BUDGET batch=$BATCH student=$STUDENT"

build_dfkd
unpack "$DATA/wild/pool.tar.gz" "$OUT/pool"
unpack "$DATA/cifar10/test.tar.gz" "$OUT/test"
test=$OUT/test; [ "$(find "$test" -mindepth 1 -maxdepth 1 -type d | wc -l)" -gt 1 ] || test=$(find "$test" -mindepth 1 -maxdepth 1 -type d)

[ -f "$OUT/scores.csv" ] || "$DFKD" score "$OUT/pool" --teacher "$teacher" -o "$OUT/scores.csv" --resume

select_rows() { # selection, seed, table to write
    if [ "$1" = original ]; then
        unpack "$DATA/cifar10/original-train.tar.gz" "$OUT/original"
        # A bare table with a path column: the original data needs no scores.
        "$PYTHON" - "$OUT/original" "$BUDGET" "$2" "$3" <<'PY'
import os, random, sys
folder, budget, seed, table = sys.argv[1:]
paths = sorted(os.path.join(root, name) for root, _, names in os.walk(folder) for name in names if name.lower().endswith((".jpg", ".jpeg", ".png")))
chosen = random.Random(int(seed)).sample(paths, int(budget))
with open(table + ".tmp", "w", encoding="utf-8") as file:
    file.write("path\n" + "".join(path + "\n" for path in sorted(chosen)))
os.replace(table + ".tmp", table)
PY
    else
        "$DFKD" select "$OUT/scores.csv" --method "$1" --budget "$BUDGET" --quota equal --seed "$2" -o "$3" --overwrite --quiet
    fi
}

# Seeds outside, so that a stopped experiment has as many runs of each selection.
for seed in $SEEDS; do
    for selection in $SELECTIONS; do
        run=$OUT/$selection-$seed
        [ ! -f "$run.report.json" ] || continue
        [ -f "$run.csv" ] || select_rows "$selection" "$seed" "$run.csv"
        again=(); [ ! -d "$run" ] || again=(--resume)
        echo "== $selection, seed $seed" >&2
        "$DFKD" distill "$run.csv" --teacher "$teacher" --student "$STUDENT" --init random --loss kd:T=4 --steps "$STEPS" --batch-size "$BATCH" --seed "$seed" -o "$run" "${again[@]}"
        "$DFKD" evaluate "$run" --data "$test" --against "$teacher" --json >"$run.report.json.tmp"
        mv "$run.report.json.tmp" "$run.report.json"
    done
done
"$PYTHON" "$root/bench/peers/distill_results.py" "$OUT" $SELECTIONS
