#!/usr/bin/env bash
# What a selection is worth to a student: random, the published formula, the default, and the default spread over the embeddings, at several budgets, equal steps, test top-1 of CIFAR-10.
#   DATA=folder with wild/, cifar10/ and teacher/   OUT=bench/results/sets-table   BUDGETS="5000 15000 30000"   SETS="random official default spread"   STEPS=250  BATCH=64  SEEDS="0, 1, 2"  JOBS=2
# Resumable: run it again with the same OUT. OUT/comparison/results.md grows with each run; OUT/sets.csv says what is in each selection.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
OUT=${OUT:-$root/bench/results/sets-table}
BUDGETS=${BUDGETS:-5000 15000 30000} SETS=${SETS:-random official default spread} STEPS=${STEPS:-250} BATCH=${BATCH:-64} SEEDS=${SEEDS:-0, 1, 2}
STUDENT=${STUDENT:-vit:img=32,patch=4,dim=96,depth=5,heads=3} JOBS=${JOBS:-2} PYTHON=${PYTHON:-/usr/bin/python3}
teacher=$DATA/teacher/cifar10_vit
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
build_dfkd
unpack "$DATA/wild/pool.tar.gz" "$OUT/pool"
unpack "$DATA/cifar10/test.tar.gz" "$OUT/test"
[ -f "$OUT/scores.csv" ] || "$DFKD" score "$OUT/pool" --teacher "$teacher" --scores intact --embeddings "$OUT/embeddings.npy" -o "$OUT/scores.csv" --resume

declare -A how=(
    [random]="--method random --quota none" # as a person without a tool takes them
    [official]="--method official --blocks 1,3"
    [default]=""
    [spread]="--diversity facility --candidates 1.25"
)
echo "set,budget,selected,in_distribution,class_entropy,mean_distance_in_class" >"$OUT/sets.csv"
recipes=
for budget in $BUDGETS; do
    for set in $SETS; do
        name=$set-$budget
        # shellcheck disable=SC2086
        [ -f "$OUT/$name.csv" ] || "$DFKD" select "$OUT/scores.csv" --budget "$budget" --embeddings "$OUT/embeddings.npy" ${how[$set]} -o "$OUT/$name.csv" --json --quiet >"$OUT/$name.summary"
        "$PYTHON" - "$set" "$budget" "$OUT/$name.csv" "$DATA/wild/truth.csv" "$OUT/$name.summary" <<'PY' >>"$OUT/sets.csv"
import csv, json, sys
name, budget, selected, truth, summary = sys.argv[1:]
wanted = {row["key"] for row in csv.DictReader(open(truth, newline="")) if row["in_distribution"] == "1"}
rows = [row["path"].rsplit("/", 1)[-1] for row in csv.DictReader(open(selected, newline=""))]
told = json.load(open(summary))
print(f'{name},{budget},{len(rows)},{sum(key in wanted for key in rows) / len(rows):.4f},{told["class_entropy"]:.4f},{told["mean_distance_in_class"]:.4f}')
PY
        recipes+="  - name: $name"$'\n'"    selection: $OUT/$name.csv"$'\n'
    done
done
cat "$OUT/sets.csv"
sed -e "s|@SEEDS@|$SEEDS|; s|@BASELINE@|${SETS%% *}-${BUDGETS##* }|; s|@TEST@|$(classes "$OUT/test")|; s|@TEACHER@|$teacher|; s|@STUDENT@|$STUDENT|; s|@STEPS@|$STEPS|g; s|@BATCH@|$BATCH|" "$root/bench/sets.yaml" | while IFS= read -r line; do
    if [ "$line" = @RECIPES@ ]; then printf '%s' "$recipes"; else printf '%s\n' "$line"; fi
done >"$OUT/recipes.yaml"
compare_by "$JOBS" "$OUT/recipes.yaml" "$OUT/comparison"
