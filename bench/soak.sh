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

# watch NAME TOTAL PROGRESS COMMAND...: samples memory ten times a second; the last sample before the end counts as 100 %.
watch() {
    local name=$1 total=$2 progress=$3; shift 3
    "$@" >"$work/$name.log" 2>&1 &
    local pid=$! now tenth=0 last=0 peak=0 code=0
    while kill -0 "$pid" 2>/dev/null; do
        now=$(rss "$pid")
        # 0 is a process that has just ended.
        if [ "$now" -gt 0 ]; then
            last=$now
            [ "$now" -le "$peak" ] || peak=$now
            [ "$tenth" -gt 0 ] || [ "$($progress)" -lt $((total / 10)) ] || tenth=$now
        fi
        sleep 0.1
    done
    wait "$pid" || code=$?
    [ "$code" -eq 0 ] || { cat "$work/$name.log"; echo "$name: exit code $code"; exit 1; }
    [ "$tenth" -gt 0 ] || { echo "$name: it ended before memory at 10 % was seen; give it more to do"; exit 1; }
    echo "| $name | $total | $tenth | $last | $peak |"
    awk -v a="$tenth" -v b="$last" -v g="$GROWTH" 'BEGIN { exit !(b <= a * g) }' || { echo "$name: memory grew from $tenth to $last MiB"; exit 1; }
}

rows=$(find "$work/images" -type f | wc -l)
echo "| run | rows or steps | MiB at 10 % | MiB at 100 % | MiB at most |"
echo "|---|---|---|---|---|"
watch "score" "$rows" score_progress "$DFKD" score "$work/images" --teacher "$DATA/teacher/cifar10_vit" -o "$work/scores.csv" --batch-size "$BATCH" --json
watch "distill" "$STEPS" distill_progress "$DFKD" distill "$work/scores.csv" --teacher "$DATA/teacher/cifar10_vit" --student "$STUDENT" --steps "$STEPS" --batch-size 16 -o "$work/student" --json
