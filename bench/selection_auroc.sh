#!/usr/bin/env bash
# How well every score and every selection method finds what was planted in the CIFAR pool: AUROC against everything, the
# natural part, outliers and each kind of them, and precision of the best rows.
#   DATA=folder with wild/ and teacher/   OUT=bench/results/selection-auroc   BUDGET=5000,10000   BLOCKS= (the tool's own)
#   SCORES=all   VIEWS= (how many, asked for even where SCORES does not)
# Resumable: an interrupted scoring goes on. Ends with OUT/auroc.txt and OUT/auroc.json.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
OUT=${OUT:-$root/bench/results/selection-auroc}
BUDGET=${BUDGET:-5000,10000} SCORES=${SCORES:-all} VIEWS=${VIEWS:-} BLOCKS=${BLOCKS:-}
KINDS=${KINDS:-noise_uniform,noise_gauss,solid,gradient,checker,text,blur,shuffled}
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)

same_settings "scores=$SCORES views=$VIEWS blocks=$BLOCKS"

build_dfkd
unpack "$DATA/wild/pool.tar.gz" "$OUT/pool"
if [ ! -f "$OUT/scores.parquet" ]; then
    "$DFKD" score "$OUT/pool" --teacher "$DATA/teacher/cifar10_vit" --scores "$SCORES" ${VIEWS:+--views "$VIEWS"} ${BLOCKS:+--blocks "$BLOCKS"} -o "$OUT/scores.parquet" --resume
fi
measure() { "$DFKD" auroc "$OUT/scores.parquet" --truth "$DATA/wild/truth.csv" --kinds "$KINDS" --budget "$BUDGET" "$@"; }
measure --json >"$OUT/auroc.json"
measure | tee "$OUT/auroc.txt"
