#!/usr/bin/env bash
# A faulty web on the loopback crawled by a fleet through an engine, with a worker killed now and then (SIGKILL) and another begun in its place: every address must end with its expected reason, no host may be asked more than it may, and manifest and files must be those of one process.
#   URLS=10000  HOSTS=120  WORKERS=8  KILL_EVERY=10 (seconds)  TIMEOUT=10 (seconds of patience for an answer)  SEED=0  PORT=18080  NATS_PORT=14334
# Needs nats-server. A busy machine needs a longer TIMEOUT: a healthy answer that comes too late is a timeout.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
. "$root/bench/crawl_web.sh"
URLS=${URLS:-10000} HOSTS=${HOSTS:-120} WORKERS=${WORKERS:-8} KILL_EVERY=${KILL_EVERY:-10} TIMEOUT=${TIMEOUT:-10} NATS_PORT=${NATS_PORT:-14334}
RANDOM=${SEED:-0}
PYTHON=${PYTHON:-python3}
command -v nats-server >/dev/null || PATH=$PATH:/usr/sbin
command -v nats-server >/dev/null || { echo "bench/crawl_fleet.sh: nats-server is not installed (Debian: apt-get install nats-server)" >&2; exit 2; }
work=$(mktemp -d)
engine=nats://127.0.0.1:$NATS_PORT
nats='' pids=()
trap 'stop_serving; [ -z "$nats" ] || kill "$nats" 2>/dev/null || true; [ ${#pids[@]} -eq 0 ] || kill -KILL "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT
build_dfkd
build_web
most() { "$PYTHON" -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode().strip())' "http://127.10.0.1:$PORT/.most"; }
seconds_since() { awk -v ns=$(($(date +%s%N) - $1)) 'BEGIN { printf "%.1f", ns / 1e9 }'; }
# check STORE: every address has its expected reason.
check() { "$PYTHON" "$root/bench/peers/crawl_expected.py" "$work/web/expected.csv" "$1/manifest.csv"; }

serve "$work/web" faulty "$URLS" "$HOSTS"
cp "$work/web/urls.txt" "$work/urls.txt"
start=$(date +%s%N)
crawl "$work/urls.txt" "$work/whole" --timeout "$TIMEOUT"
one=$(seconds_since "$start") one_most=$(most)
check "$work/whole"
stop_serving
rm "$work/web/ready"

serve "$work/web" faulty "$URLS" "$HOSTS"
cmp "$work/urls.txt" "$work/web/urls.txt"
nats-server -js -sd "$work/nats" -a 127.0.0.1 -p "$NATS_PORT" -l "$work/nats.log" &
nats=$!
sleep 1
begin() { "$DFKD" worker --engine "$engine" --root "$work" --stages crawl --allow-network 127.0.0.0/8 --threads 1 --quiet >>"$work/workers.log" 2>&1 & }
for ((w = 0; w < WORKERS; w++)); do begin; pids+=($!); done
start=$(date +%s%N)
crawl "$work/urls.txt" "$work/fleet" --timeout "$TIMEOUT" --engine "$engine" --engine-lease 5 >"$work/coordinator.log" 2>&1 &
coordinator=$!
killed=0 rounds=0
next=$((SECONDS + KILL_EVERY))
while kill -0 "$coordinator" 2>/dev/null; do
    sleep 0.2
    seen=$({ find "$work/fleet.parts/rounds" -maxdepth 1 -name '0*' 2>/dev/null || true; } | wc -l)
    [ "$seen" -le "$rounds" ] || rounds=$seen
    [ "$SECONDS" -ge "$next" ] || continue
    next=$((SECONDS + KILL_EVERY))
    victim=$((RANDOM % WORKERS))
    kill -KILL "${pids[$victim]}"
    wait "${pids[$victim]}" 2>/dev/null || true
    begin
    pids[victim]=$!
    killed=$((killed + 1))
done
wait "$coordinator" || { cat "$work/coordinator.log" "$work/workers.log"; exit 1; }
fleet=$(seconds_since "$start") fleet_most=$(most)
check "$work/fleet"
cmp "$work/whole/manifest.csv" "$work/fleet/manifest.csv"
"$PYTHON" "$root/bench/peers/same_files.py" "$work/whole" "$work/fleet"
[ "$fleet_most" -le 4 ] || { echo "$fleet_most requests at a time at one host, where 4 may be"; exit 1; }
echo "$URLS URLs of $HOSTS hosts: one process $one s, at most $one_most at a time at a host; $WORKERS workers with $killed killed $fleet s in $rounds rounds, at most $fleet_most; every reason as expected, manifest and files the same"
