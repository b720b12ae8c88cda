#!/usr/bin/env bash
# dfkd estimate against the truth: for every student of a `dfkd compare` folder, on the slice that it held out, with the teacher's accuracy given and without.
#   COMPARISON=bench/results/methods/comparison  TEACHER=$DATA/teacher/cifar10_vit  ACCURACY=0.7057  SEED=0  THREADS=1  OUT=bench/results/estimate  TEST=name of the test set (the first)
# Students of which no such slice is known (trained on labels, too few images) are listed with the reason. Ends with OUT/results.csv and OUT/results.md.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
COMPARISON=${COMPARISON:-$root/bench/results/methods/comparison} TEACHER=${TEACHER:-$DATA/teacher/cifar10_vit} ACCURACY=${ACCURACY:-0.7057}
SEED=${SEED:-0} THREADS=${THREADS:-1} OUT=${OUT:-$root/bench/results/estimate} TEST=${TEST:-} PYTHON=${PYTHON:-python3}
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
same_settings "comparison=$COMPARISON teacher=$TEACHER accuracy=$ACCURACY seed=$SEED"
build_dfkd

estimate() { # student, file to write, options
    [ ! -f "$2" ] || return 0
    "$DFKD" estimate "$1" --teacher "$TEACHER" --threads "$THREADS" --json --quiet "${@:3}" >"$2.tmp" 2>"${2%.json}.error" || return 0
    mv "$2.tmp" "$2"
}

for truth in "$COMPARISON"/*/"seed-$SEED.json"; do
    student=${truth%.json} recipe=$(basename "$(dirname "$truth")")
    [ -f "$student/model.safetensors" ] || continue
    echo "== $recipe" >&2
    estimate "$student" "$OUT/$recipe.given.json" --teacher-accuracy "$ACCURACY"
    estimate "$student" "$OUT/$recipe.plain.json"
done
"$PYTHON" "$root/bench/peers/estimate_results.py" "$COMPARISON" "$SEED" "$OUT" "$TEST"
