#!/usr/bin/env bash
# Memory of a long crawl, seen from outside: a list of URLS addresses on the loopback, nine in ten missing, the rest one small image.
#   URLS=1000000  HOSTS=200  CONNECTIONS=64  PORT=18080
# Fails where memory with every address fetched is more than GROWTH (default 1.25) times that at 10 %, or the manifest is not as expected.
# Writing the manifest afterwards takes some bytes an address, as rows come out in the order of the list; that is told by itself.
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

start=$(date +%s)
# Not by the function crawl: the process to watch is dfkd itself.
"$DFKD" crawl "$work/web/urls.txt" -o "$work/store" --allow-network 127.0.0.0/8 --connections "$CONNECTIONS" --connections-per-host 8 --quiet >"$work/log" 2>&1 &
pid=$! tenth=0 whole=0 peak=0 fetched=0 code=0
while kill -0 "$pid" 2>/dev/null; do
    [ "$fetched" -ge "$URLS" ] || fetched=$({ find "$work/store" -name 'journal-*.jsonl' -exec cat {} + 2>/dev/null || true; } | wc -l)
    now=$(rss "$pid")
    # 0 is a process that has just ended.
    if [ "$now" -gt 0 ]; then
        [ "$tenth" -gt 0 ] || [ "$fetched" -lt $((URLS / 10)) ] || tenth=$now
        if [ "$fetched" -lt "$URLS" ] || [ "$whole" -eq 0 ]; then whole=$now; fi
        [ "$now" -le "$peak" ] || peak=$now
    fi
    sleep 0.2
done
wait "$pid" || code=$?
[ "$code" -eq 0 ] || { cat "$work/log"; echo "exit code $code"; exit 1; }
[ "$tenth" -gt 0 ] || { echo "it ended before memory at 10 % was seen; give it more to do"; exit 1; }
"$PYTHON" "$root/bench/peers/crawl_expected.py" "$work/web/expected.csv" "$work/store/manifest.csv"
echo
echo "| URLs | seconds | MiB at 10 % | MiB at 100 % | MiB at most, with the writing of the manifest |"
echo "|---|---|---|---|---|"
echo "| $URLS | $(($(date +%s) - start)) | $tenth | $whole | $peak |"
awk -v a="$tenth" -v b="$whole" -v g="$GROWTH" 'BEGIN { exit !(b <= a * g) }' || { echo "memory grew from $tenth to $whole MiB"; exit 1; }
