#!/usr/bin/env bash
# Rates on the loopback, alternating rounds: raw download beside aria2c; download, resize to 256 and JPEG beside a Python peer of the img2dataset kind.
#   IMAGES=10000 (640x480 JPEG)  HOSTS=50  ROUNDS=3  CONNECTIONS=64  PORT=18080  OUT=bench/results/crawl_throughput
# Installs Debian's aria2 and python3-pil where they are missing (needs root then). Needs GNU time.
# Client and server share the machine, so look at the client's CPU seconds too. The peer runs one process a core; its memory is that of the largest.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
. "$root/bench/crawl_web.sh"
IMAGES=${IMAGES:-10000} HOSTS=${HOSTS:-50} ROUNDS=${ROUNDS:-3} CONNECTIONS=${CONNECTIONS:-64}
OUT=${OUT:-$root/bench/results/crawl_throughput}
PYTHON=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'stop_serving; rm -rf "$work"' EXIT
mkdir -p "$(dirname "$OUT")"
{ command -v aria2c && "$PYTHON" -c 'import PIL'; } >/dev/null 2>&1 || apt-get install -y -q aria2 python3-pil >"$work/apt.log" 2>&1 || { cat "$work/apt.log"; exit 1; }
build_dfkd
build_web
serve "$work/web" photographs "$IMAGES" "$HOSTS"
urls=$work/web/urls.txt
manners=(--allow-network 127.0.0.0/8 --connections "$CONNECTIONS" --connections-per-host 8 --quiet)

# Every command writes into $work/out.
raw_dfkd() { echo "$DFKD" crawl "$urls" -o "$work/out" "${manners[@]}"; }
raw_aria2c() { echo aria2c -i "$urls" -d "$work/out" -j "$CONNECTIONS" -x 1 -s 1 --file-allocation=none --quiet; }
resized_dfkd() { echo "$(raw_dfkd)" --resize keep-ratio --side 256 --format jpeg; }
resized_python() { echo "$PYTHON" "$root/bench/peers/download_images.py" "$urls" "$work/out" --threads "$((CONNECTIONS / $(nproc)))"; }

# measure TASK WHO ROUND: one line of figures; an image that is missing ends it all.
measure() {
    local before after seconds user system peak stored
    rm -rf "$work/out"
    before=$(cpu_seconds "$server")
    # Paths hold no blanks: mktemp's and the repository's.
    /usr/bin/time -o "$work/time" -f '%e %U %S %M' $("$1_$2") >"$work/log" 2>&1 || { cat "$work/log"; return 1; }
    after=$(cpu_seconds "$server")
    read -r seconds user system peak <"$work/time"
    stored=$(find "$work/out" -type f ! -name 'manifest.*' | wc -l)
    [ "$stored" -eq "$IMAGES" ] || { echo "$1 $2: $stored files, not $IMAGES"; return 1; }
    [ "$3" -eq 0 ] || echo "$1,$2,$3,$IMAGES,$seconds,$(awk -v u="$user" -v s="$system" 'BEGIN { printf "%.2f", u + s }'),$((peak / 1024)),$(awk -v a="$after" -v b="$before" 'BEGIN { printf "%.2f", a - b }')" >>"$OUT.csv"
}

echo "task,who,round,images,seconds,client_cpu_seconds,client_peak_mib,server_cpu_seconds" >"$OUT.csv"
# Round 0 warms up and is not counted.
for round in $(seq 0 "$ROUNDS"); do
    for run in "raw dfkd" "raw aria2c" "resized dfkd" "resized python"; do measure $run "$round"; done
done
"$PYTHON" "$root/bench/peers/crawl_rates.py" "$OUT.csv" | tee "$OUT.md"
