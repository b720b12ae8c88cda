#!/usr/bin/env bash
# Every distillation method over plain output matching, on wild images, by dfkd compare: recipes times seeds, equal steps, test top-1 of CIFAR-10.
#   DATA=folder with wild/, cifar10/ and teacher/   OUT=bench/results/methods   STEPS=400  BUDGET=15000  BATCH=128  SYNTHETIC=512  SYNTHETIC_STEPS=60  SEEDS="0, 1, 2"  RECIPES=bench/methods.yaml  JOBS=2
# Resumable: run it again with the same OUT. Takes minutes a run and seed; OUT/comparison/results.md grows with each.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
OUT=${OUT:-$root/bench/results/methods}
STEPS=${STEPS:-400} BUDGET=${BUDGET:-15000} BATCH=${BATCH:-128} SYNTHETIC=${SYNTHETIC:-512} SYNTHETIC_STEPS=${SYNTHETIC_STEPS:-60} SEEDS=${SEEDS:-0, 1, 2}
STUDENT=${STUDENT:-vit:img=32,patch=4,dim=96,depth=5,heads=3} RECIPES=${RECIPES:-$root/bench/methods.yaml} JOBS=${JOBS:-2}
teacher=$DATA/teacher/cifar10_vit
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
build_dfkd
unpack "$DATA/wild/pool.tar.gz" "$OUT/pool"
unpack "$DATA/cifar10/test.tar.gz" "$OUT/test"
unpack "$DATA/cifar10/original-train.tar.gz" "$OUT/original"
[ -f "$OUT/scores.csv" ] || "$DFKD" score "$OUT/pool" --teacher "$teacher" -o "$OUT/scores.csv" --resume
[ -f "$OUT/selected.csv" ] || "$DFKD" select "$OUT/scores.csv" --budget "$BUDGET" --quota equal --embeddings none -o "$OUT/selected.csv" --quiet
[ -f "$OUT/official.csv" ] || "$DFKD" select "$OUT/scores.csv" --method official --blocks 1,3 --budget "$BUDGET" --quota equal --embeddings none -o "$OUT/official.csv" --quiet
# No images at all, and as many wild ones beside.
[ -f "$OUT/synthetic/manifest.csv" ] || "$DFKD" crawl "synth://$teacher?count=$SYNTHETIC&steps=$SYNTHETIC_STEPS" -o "$OUT/synthetic"
[ -f "$OUT/selected-few.csv" ] || "$DFKD" select "$OUT/scores.csv" --budget "$SYNTHETIC" --quota equal --embeddings none -o "$OUT/selected-few.csv" --quiet
[ -f "$OUT/original.csv" ] || { echo path; find "$(classes "$OUT/original")" -type f | sort; } >"$OUT/original.csv"
# Co-advise's light teachers, of another inductive bias and as blind to the original data as the students.
for light in resnet:depth=18 rednet:depth=26; do
  [ -f "$OUT/${light%%:*}/model.safetensors" ] || "$DFKD" distill "$OUT/selected.csv" --teacher "$teacher" --student "$light,img=32,stem=3,width=16" --steps "$STEPS" --batch-size "$BATCH" --evaluate-every "$STEPS" --resume -o "$OUT/${light%%:*}"
done
sed -e "s|@SEEDS@|$SEEDS|; s|@TEST@|$(classes "$OUT/test")|; s|@ORIGINAL@|$(classes "$OUT/original")|; s|@OUT@|$OUT|g; s|@TEACHER@|$teacher|; s|@STUDENT@|$STUDENT|g; s|@STEPS@|$STEPS|; s|@BATCH@|$BATCH|" "$RECIPES" >"$OUT/recipes.yaml"
compare_by "$JOBS" "$OUT/recipes.yaml" "$OUT/comparison"
