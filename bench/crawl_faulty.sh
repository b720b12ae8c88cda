#!/usr/bin/env bash
# A faulty web on the loopback: every address must end with exactly the reason that the server's plan says.
#   HOSTS=300  URLS=100000  TIMEOUT=5 (seconds of patience for an answer)  SEED=0  PORT=18080
# Needs GNU time. A busy machine needs a longer TIMEOUT: a healthy answer that comes too late is a timeout.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
. "$root/bench/crawl_web.sh"
HOSTS=${HOSTS:-300} URLS=${URLS:-100000} TIMEOUT=${TIMEOUT:-5}
PYTHON=${PYTHON:-python3}
work=$(mktemp -d)
trap 'stop_serving; rm -rf "$work"' EXIT
build_dfkd
build_web
serve "$work/web" faulty "$URLS" "$HOSTS"
DFKD_BARE=$DFKD
timed() { /usr/bin/time -o "$work/time" -f '%e %U %S %M' "$DFKD_BARE" "$@"; }
DFKD=timed crawl "$work/web/urls.txt" "$work/store" --timeout "$TIMEOUT"
"$PYTHON" "$root/bench/peers/crawl_expected.py" "$work/web/expected.csv" "$work/store/manifest.csv"
read -r seconds user system peak <"$work/time"
awk -v n="$URLS" -v h="$HOSTS" -v s="$seconds" -v c="$(awk -v u="$user" -v k="$system" 'BEGIN { print u + k }')" -v m="$peak" -v server="$(cpu_seconds "$server")" 'BEGIN {
    printf "%d URLs of %d hosts, each with its expected reason, in %.1f s (%.0f a second); %.1f CPU seconds, %d MiB at most; the server took %.1f CPU seconds\n", n, h, s, n / s, c, m / 1024, server }'
