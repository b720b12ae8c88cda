#!/usr/bin/env bash
# SIGKILL at random moments of a crawl, and a full disk: run again, it must end with the manifest and the store of an undisturbed crawl.
#   URLS=4000  HOSTS=40  KILLS=20  SEED=0  PORT=18080
# The disk is a small tmpfs, which needs root; elsewhere that part is skipped.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
. "$root/bench/crawl_web.sh"
URLS=${URLS:-4000} HOSTS=${HOSTS:-40} KILLS=${KILLS:-20}
RANDOM=${SEED:-0}
PYTHON=${PYTHON:-python3}
work=$(mktemp -d)
trap 'stop_serving; ! mountpoint -q "$work/disk" || umount "$work/disk"; rm -rf "$work"' EXIT
build_dfkd
build_web
serve "$work/web" quick "$URLS" "$HOSTS"
gather() { crawl "$work/web/urls.txt" "$1" --retries 0 --connections-per-host 8; }
same() { "$PYTHON" "$root/bench/peers/same_files.py" "$work/whole" "$1"; }

start=$(date +%s%N); gather "$work/whole"; seconds=$(awk -v ns=$(($(date +%s%N) - start)) 'BEGIN { print ns / 1e9 }')
"$PYTHON" "$root/bench/peers/crawl_expected.py" "$work/web/expected.csv" "$work/whole/manifest.csv"

killed=0 trial=0 DFKD_BARE=$DFKD
kill_after() { timeout -s KILL "$delay" "$DFKD_BARE" "$@"; }
while [ "$killed" -lt "$KILLS" ]; do
    trial=$((trial + 1))
    [ "$trial" -le $((10 * KILLS)) ] || { echo "only $killed of $trial trials were killed before their end"; exit 1; }
    delay=$(awk -v s="$seconds" -v r=$RANDOM 'BEGIN { printf "%.3f", s * (r + 1) / 32769 }')
    rm -rf "$work/store"
    # `timeout` sends the SIGKILL to the one process it started; 137 says that it was alive then.
    code=0; DFKD=kill_after gather "$work/store" >"$work/log" 2>&1 || code=$?
    case $code in
        137) killed=$((killed + 1)) ;;
        0) echo "trial $trial: it ended before $delay s; drawn again"; continue ;;
        *) cat "$work/log"; echo "trial $trial: exit code $code"; exit 1 ;;
    esac
    rows=$({ find "$work/store" -name "journal-*.jsonl" -exec cat {} + || true; } | wc -l)
    gather "$work/store"
    same "$work/store" || { echo "trial $trial, killed after $delay s with $rows rows: not the same"; exit 1; }
    echo "killed after $delay s with $rows rows in the journal: the same in the end"
done
echo "$killed kills at random moments of a crawl of $URLS addresses in $seconds s, each ended as the undisturbed one"

mkdir "$work/disk"
# Half of what the store takes at its largest.
half=$(($(du -sk "$work/whole" | cut -f1) / 2))
if ! mount -t tmpfs -o "size=${half}k" tmpfs "$work/disk" 2>"$work/log"; then
    echo "full disk: skipped, as no tmpfs can be mounted here: $(cat "$work/log")"
    exit 0
fi
code=0; gather "$work/disk/store" >"$work/log" 2>&1 || code=$?
[ "$code" -ne 0 ] && [ ! -e "$work/disk/store/manifest.csv" ] || { echo "full disk: the crawl ended with exit code $code and a manifest"; exit 1; }
echo "full disk: exit code $code: $(tail -n 1 "$work/log")"
mount -o remount,size=90% "$work/disk"
gather "$work/disk/store"
same "$work/disk/store" || { echo "full disk: not the same"; exit 1; }
echo "full disk: with room again, the same command ended as the undisturbed one"
