#!/usr/bin/env bash
# Memory of a long crawl, seen from outside: a list of URLS addresses on the loopback, nine in ten missing, the rest one small image.
#   URLS=1000000  HOSTS=200  CONNECTIONS=64  PORT=18080
# Fails where memory at the end is more than GROWTH (default 1.25) times that at 10 %, or the manifest is not as expected.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
. "$root/bench/crawl_web.sh"
URLS=${URLS:-1000000} HOSTS=${HOSTS:-200} CONNECTIONS=${CONNECTIONS:-64} GROWTH=${GROWTH:-1.25}
PYTHON=${PYTHON:-python3}
work=$(mktemp -d)
trap 'stop_serving; rm -rf "$work"' EXIT
build_dfkd
build_web
serve "$work/web" tiny "$URLS" "$HOSTS"
crawl_progress() { cat "$work"/store/.crawl/journal-*.jsonl 2>/dev/null | wc -l; }

echo "| run | addresses | MiB at 10 % | MiB at 100 % | MiB at most |"
echo "|---|---|---|---|---|"
start=$(date +%s)
# The watched process is dfkd itself, not a shell around it.
watch "crawl" "$URLS" crawl_progress "$DFKD" crawl "$work/web/urls.txt" -o "$work/store" --allow-network 127.0.0.0/8 --connections "$CONNECTIONS" --connections-per-host 8 --quiet
echo "$(($(date +%s) - start)) s"
"$PYTHON" "$root/bench/peers/crawl_expected.py" "$work/web/expected.csv" "$work/store/manifest.csv"
