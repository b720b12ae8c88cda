#!/usr/bin/env bash
# Memory of long runs, seen from outside: BATCHES scoring batches and STEPS training steps, resident memory at 10 % and at 100 %.
#   DATA=folder with wild/ and teacher/   BATCHES=5000  STEPS=2000  BATCH=4 (images a scoring batch)
# Fails where memory at the end is more than GROWTH (default 1.25) times that at 10 %.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
BATCHES=${BATCHES:-5000} STEPS=${STEPS:-2000} BATCH=${BATCH:-4} GROWTH=${GROWTH:-1.25}
STUDENT=${STUDENT:-vit:img=32,patch=4,dim=48,depth=2,heads=3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build_dfkd
mkdir "$work/images"
# No pipe into head: tar would die of SIGPIPE, and pipefail would end the script.
tar tzf "$DATA/wild/pool.tar.gz" >"$work/names"
grep -E '\.(jpg|jpeg|png)$' "$work/names" | sed -n "1,$((BATCHES * BATCH))p" >"$work/wanted"
tar xzf "$DATA/wild/pool.tar.gz" -C "$work/images" -T "$work/wanted"

score_progress() { cat "$work"/scores.csv.parts/*.csv 2>/dev/null | wc -l; }
distill_progress() { tail -n 1 "$work/student/training/metrics.csv" 2>/dev/null | cut -d, -f1 | grep -E '^[0-9]+$' || echo 0; }

rows=$(find "$work/images" -type f | wc -l)
echo "| run | rows or steps | MiB at 10 % | MiB at 100 % | MiB at most |"
echo "|---|---|---|---|---|"
watch "score" "$rows" score_progress "$DFKD" score "$work/images" --teacher "$DATA/teacher/cifar10_vit" -o "$work/scores.csv" --batch-size "$BATCH" --json
watch "distill" "$STEPS" distill_progress "$DFKD" distill "$work/scores.csv" --teacher "$DATA/teacher/cifar10_vit" --student "$STUDENT" --steps "$STEPS" --batch-size 16 -o "$work/student" --json
