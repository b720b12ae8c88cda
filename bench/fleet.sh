#!/usr/bin/env bash
# What the engine costs, with a nats-server of its own on the loopback.
#   bench/fleet.sh score    IMAGES=20000 images by 1, 2 and 3 workers of one thread each beside one plain process of one thread: images/s, CPU seconds
#   bench/fleet.sh queue    SHARDS=100000 shards that are nothing, by WORKERS=2 workers: seconds, peak memory of coordinator and server
# DATA=folder with wild/ and teacher/   SHARD_SIZE=1024   PORT=14333   TEACHER=$DATA/teacher/cifar10_vit   POOL=folder of images [default: the first IMAGES of the wild pool]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
IMAGES=${IMAGES:-20000} SHARDS=${SHARDS:-100000} WORKERS=${WORKERS:-2} SHARD_SIZE=${SHARD_SIZE:-1024} PORT=${PORT:-14333}
what=${1:?score or queue}
command -v nats-server >/dev/null || PATH=$PATH:/usr/sbin
command -v nats-server >/dev/null || { echo "bench/fleet.sh: nats-server is not installed (Debian: apt-get install nats-server)" >&2; exit 2; }
work=$(mktemp -d)
engine=nats://127.0.0.1:$PORT
started=()
trap '[ ${#started[@]} -eq 0 ] || kill "${started[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

nats-server -js -sd "$work/store" -a 127.0.0.1 -p "$PORT" -l "$work/nats.log" &
server=$!
started+=("$server")
sleep 1
kill -0 "$server" || { cat "$work/nats.log" >&2; exit 1; }

# peak PID: peak resident memory in MiB.   cpu PID: CPU seconds of a process that lives.
peak() { awk '/^VmHWM/ { printf "%d", $2 / 1024 }' "/proc/$1/status"; }
cpu() { awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%.1f", ($12 + $13) / hz }' "/proc/$1/stat"; }
sum() { awk 'BEGIN { for (i = 1; i < ARGC; i++) s += ARGV[i]; printf "%.1f", s }' "$@"; }
rate() { awk -v n="$1" -v s="$2" 'BEGIN { printf "%.1f", n / s }'; }
# timed COMMAND...: its wall and CPU seconds in $wall and $used.
timed() {
    local TIMEFORMAT='%R %U %S' times
    { times=$( { time "$@" >"$work/out" 2>"$work/err"; } 2>&1 ) || { cat "$work/err" >&2; return 1; }; }
    read -r wall user system <<<"$times"
    used=$(sum "$user" "$system")
}

if [ "$what" = queue ]; then
    dotnet build "$root/bench/FleetBench" -c Release -v q --nologo >"$work/build" 2>&1 || { cat "$work/build"; exit 1; }
    bench=$root/bench/FleetBench/bin/Release/net10.0/DataFreeKD.FleetBench
    for ((w = 0; w < WORKERS; w++)); do "$bench" work "$engine" "$work/parts" & started+=($!); done
    "$bench" coordinate "$engine" "$work/parts" "$SHARDS"
    echo "$WORKERS workers; nats-server $(peak "$server") MiB, $(cpu "$server") CPU s"
    exit
fi

build_dfkd
teacher=${TEACHER:-$DATA/teacher/cifar10_vit}
# Exact copies are left out of a plain run's batches, and last digits may differ: one image of each content.
[ -n "${POOL:-}" ] || {
    wild_images "$IMAGES"
    POOL=$work/images
    find "$POOL" -type f -print0 | sort -z | xargs -0 sha256sum | awk 'seen[$1]++ { print substr($0, 67) }' | xargs -r -d '\n' rm
}
mkdir "$work/plain"
timed "$DFKD" score "$POOL" --teacher "$teacher" -o "$work/plain/scores.csv" --threads 1 --quiet
rows=$(($(wc -l <"$work/plain/scores.csv") - 1))
printf '%-34s %10s %10s %14s\n' "$rows images, one thread each" images/s "CPU s" "wall s"
printf '%-34s %10s %10s %14s\n' "one plain process" "$(rate "$rows" "$wall")" "$used" "$wall"
for count in 1 2 3; do
    pids=() before=() after=()
    for ((w = 0; w < count; w++)); do "$DFKD" worker --engine "$engine" --root / --threads 1 --quiet & pids+=($!); done
    started+=("${pids[@]}")
    sleep 3
    for pid in "${pids[@]}"; do before+=("$(cpu "$pid")"); done
    mkdir -p "$work/fleet-$count"
    timed "$DFKD" score "$POOL" --teacher "$teacher" -o "$work/fleet-$count/scores.csv" --threads 1 --engine "$engine" --shard-size "$SHARD_SIZE" --quiet
    for pid in "${pids[@]}"; do after+=("$(cpu "$pid")"); done
    workers=$(awk -v a="$(sum "${after[@]}")" -v b="$(sum "${before[@]}")" 'BEGIN { printf "%.1f", a - b }')
    printf '%-34s %10s %10s %14s  (workers %s, coordinator %s CPU s)\n' "$count workers and a coordinator" "$(rate "$rows" "$wall")" "$(sum "$workers" "$used")" "$wall" "$workers" "$used"
    cmp "$work/plain/scores.csv" "$work/fleet-$count/scores.csv"
    kill -TERM "${pids[@]}"
    for pid in "${pids[@]}"; do wait "$pid"; done
done
echo "nats-server $(peak "$server") MiB, $(cpu "$server") CPU s"
