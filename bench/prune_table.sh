#!/usr/bin/env bash
# Students pruned from the CIFAR teacher in closed form, untrained and after training, over seeds: test top-1, agreement, CPU seconds.
#   DATA=folder with wild/, teacher/ and cifar10/   OUT=bench/results/prune  SEEDS="0 1 2"  SHARES="0.57 0.22 0.12 0.058 0.026"  MINUTES=0 (minutes of training after pruning)
#   STEPS=0 (steps of training instead of minutes: the same result on a busy machine)
#   SHAPES="dim=138,... ..." (one for each share, instead of a search)
#   BLIND=0 (1: random images instead of selected ones)  POOL=0 (1: half of the images from the rest of the pool, as compress draws them)  TEACHER=DATA/teacher/cifar10_vit  IMAGES=1600
# Shapes are searched for each share (dfkd prune --params), once, with the first seed. What is finished is kept: call it again to go on.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
OUT=${OUT:-$root/bench/results/prune} SEEDS=${SEEDS:-0 1 2} SHARES=${SHARES:-0.57 0.22 0.12 0.058 0.026} MINUTES=${MINUTES:-0} STEPS=${STEPS:-0} SHAPES=${SHAPES:-} BLIND=${BLIND:-0} POOL=${POOL:-0} IMAGES=${IMAGES:-1600}
TEACHER=${TEACHER:-$DATA/teacher/cifar10_vit}
mkdir -p "$OUT"
same_settings "images $IMAGES, blind $BLIND, pool $POOL, teacher $TEACHER"
half=()
[ "$POOL" = 0 ] || half=(--pool "$OUT/scores.csv" --hold-out 0.1)
effort=()
[ "$MINUTES" = 0 ] || effort=(--minutes "$MINUTES")
[ "$STEPS" = 0 ] || effort=(--steps "$STEPS")
read -r -a shapes <<<"$SHAPES"
build_dfkd
unpack "$DATA/wild/pool.tar.gz" "$OUT/pool"
[ -f "$OUT/scores.csv" ] || "$DFKD" score "$OUT/pool" --teacher "$TEACHER" -o "$OUT/scores.csv" --resume --quiet
how=() name=selected
[ "$BLIND" = 0 ] || how=(--method random --quota none) name=blind
[ -f "$OUT/$name.csv" ] || "$DFKD" select "$OUT/scores.csv" --budget 10000 "${how[@]}" -o "$OUT/$name.csv" --quiet
test=$DATA/cifar10/test.tar.gz
field() { grep -oE "\"$1\": ?-?[0-9.eE+-]+" "$2" | head -n 1 | sed -E 's/.*: ?//'; }
evaluate() { [ -f "$1.json" ] || { "$DFKD" evaluate "$1" --data "$test" --against "$TEACHER" --json --quiet >"$1.json.part" && mv "$1.json.part" "$1.json"; }; }
# User and system seconds of a command, to $OUT/cpu.
cpu() {
    local TIMEFORMAT='%U %S'
    { time "$@" 2>&3; } 3>&2 2>"$OUT/cpu.raw"
    awk '{ printf "%.0f", $1 + $2 }' "$OUT/cpu.raw" >"$OUT/cpu"
}

echo "| share | seed | shape | parameters | pruned top-1, % | agreement, % | CPU s of the last fit | estimate, % | trained top-1, % |"
echo "|---|---|---|---|---|---|---|---|---|"
column=0
for share in $SHARES; do
    shape=${shapes[column]:-}
    column=$((column + 1))
    for seed in $SEEDS; do
        student=$OUT/$name${half:+-half}-$share-$seed
        if [ ! -f "$student/model.safetensors" ]; then
            # A run that was killed goes on; --resume begins afresh where nothing is.
            if [ -z "$shape" ]; then size=(--params "$share"); else size=(--student "$shape"); fi
            cpu "$DFKD" prune "$TEACHER" "$OUT/$name.csv" "${size[@]}" ${half[@]+"${half[@]}"} --images "$IMAGES" --seed "$seed" --resume --json --quiet -o "$student" >"$student.summary"
            cp "$OUT/cpu" "$student.cpu"
        fi
        [ -n "$shape" ] || shape=$(grep -oE '"student": ?"[^"]*"' "$student.summary" | head -n 1 | sed -E 's/.*"([^"]*)"$/\1/')
        evaluate "$student"
        trained=-
        if [ ${#effort[@]} -gt 0 ]; then
            after=$student-trained${effort[0]}-${effort[1]}
            # As compress trains: measured on what the pruning held out.
            [ -f "$after/model.safetensors" ] || "$DFKD" distill "$OUT/$name.csv" --teacher "$TEACHER" --student "$student" "${effort[@]}" --validation "$student" --patience 4 --seed "$seed" --resume --quiet -o "$after"
            evaluate "$after"
            trained=$(awk -v x="$(field top1 "$after.json")" 'BEGIN { printf "%.2f", 100 * x }')
        fi
        awk -v s="$share" -v e="$seed" -v n="$shape" -v p="$(field parameters "$student.json")" -v t="$(field top1 "$student.json")" -v a="$(field agreement "$student.json")" -v c="$(cat "$student.cpu")" -v x="$(field estimate "$student.summary")" -v d="$trained" \
            'BEGIN { printf "| %s | %s | %s | %d | %.2f | %.2f | %s | %.2f | %s |\n", s, e, n, p, 100 * t, 100 * a, c, 100 * x, d }'
    done
done
