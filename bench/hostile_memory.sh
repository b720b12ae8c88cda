#!/usr/bin/env bash
# Peak memory and seconds of small inputs that claim much, beside an ordinary run of the same verb, each also under a heap of 1 GiB: checkpoints, archives, sparse files, pictures, and uploads to samples/ClassifyService.
#   MOST=1.5   what the peak may be, as a multiple of the ordinary run's   UPLOADS=100   PORT=18090   ONLY=a part of a row's name
# Fails where a peak is above that, or a run is killed or ends by an unexpected exception.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
MOST=${MOST:-1.5} UPLOADS=${UPLOADS:-100} PORT=${PORT:-18090} PYTHON=${PYTHON:-python3} ONLY=${ONLY:-}
work=$(mktemp -d) service=
trap '[ -z "$service" ] || kill "$service" 2>/dev/null || true; rm -rf "$work"' EXIT
build_dfkd
"$PYTHON" "$root/bench/peers/hostile_inputs.py" "$work/hostile"
unpack "$DATA/imagenet-sample/photos200.tar.gz" "$work/photos"
teacher=$DATA/golden/vit_timm.safetensors
failed=0

# row VERB NAME COMMAND...: both heaps; the first row of a verb is its ordinary run.
declare -A ordinary
row() {
    local verb=$1 name=$2 heap figures peak times
    shift 2
    [ "$name" = ordinary ] || [[ "$verb $name" == *"$ONLY"* ]] || return 0
    for heap in "" 0x40000000; do
        rm -rf "$work/out"; mkdir "$work/out"
        figures=$(env ${heap:+DOTNET_GCHeapHardLimit=$heap} "$PYTHON" "$root/bench/peers/peak.py" "$work/log" "$@")
        read -r peak seconds code <<<"$figures"
        [ "$name" != ordinary ] || ordinary[$verb$heap]=$peak
        times=$(awk -v a="$peak" -v b="${ordinary[$verb$heap]}" 'BEGIN { printf "%.2f", a / b }')
        echo "| $verb | $name | ${heap:+1 GiB} | $peak | $times | $seconds | $code |"
        if [ "$code" -gt 2 ] || grep -q 'unexpected' "$work/log"; then tail -n 3 "$work/log"; failed=1; fi
        awk -v t="$times" -v m="$MOST" 'BEGIN { exit !(t <= m) }' || failed=1
    done
}

echo "| verb | input | heap | MiB | times ordinary | s | exit code |"
echo "|---|---|---|---|---|---|---|"
row inspect ordinary "$DFKD" inspect "$teacher"
for file in "$work"/hostile/inspect/*; do row inspect "$(basename "$file")" "$DFKD" inspect "$file"; done
row crawl ordinary "$DFKD" crawl "$work/photos" -o "$work/out/store"
for input in "$work"/hostile/crawl/*; do row crawl "$(basename "$input")" "$DFKD" crawl "$input" -o "$work/out/store"; done
row score ordinary "$DFKD" score "$work/photos" --teacher "$teacher" -o "$work/out/scores.csv"
for input in "$work"/hostile/crawl/*; do row score "$(basename "$input")" "$DFKD" score "$input" --teacher "$teacher" -o "$work/out/scores.csv"; done

# Uploads all at once; an answer of any kind is one, and the service lives on.
uploads() {
    local name=$1 heap=$2 upload peak
    shift 2
    [ "$name" = ordinary ] || [[ "service $name" == *"$ONLY"* ]] || return 0
    env ${heap:+DOTNET_GCHeapHardLimit=$heap} dotnet "$root/samples/ClassifyService/bin/Release/net10.0/DataFreeKD.ClassifyService.dll" "$work/student.onnx" --urls "http://127.0.0.1:$PORT" >"$work/service.log" 2>&1 &
    service=$!
    for _ in $(seq 100); do curl -sf "http://127.0.0.1:$PORT/health" >/dev/null 2>&1 && break; sleep 0.2; done
    local start clients=()
    start=$(date +%s.%N)
    for upload in $(seq "$UPLOADS"); do
        curl -s -m 120 -o /dev/null -w '%{http_code}\n' --data-binary "@$1" "http://127.0.0.1:$PORT/classify" >>"$work/codes-$name$heap" &
        clients+=($!)
    done
    for upload in "${clients[@]}"; do wait "$upload" || true; done
    local seconds
    seconds=$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')
    peak=$(awk '/^VmHWM/ { printf "%d", $2 / 1024 }' "/proc/$service/status")
    curl -sf "http://127.0.0.1:$PORT/health" >/dev/null || { echo "the service is gone"; failed=1; }
    kill "$service"; wait "$service" 2>/dev/null || true
    service=
    [ "$name" != ordinary ] || ordinary[service$heap]=$peak
    local times
    times=$(awk -v a="$peak" -v b="${ordinary[service$heap]}" 'BEGIN { printf "%.2f", a / b }')
    echo "| service | $UPLOADS × $name | ${heap:+1 GiB} | $peak | $times | $seconds | $(sort "$work/codes-$name$heap" | uniq -c | awk '{ printf "%s%s × %s", sep, $1, $2; sep = ", " }') |"
    awk -v t="$times" -v m="$MOST" 'BEGIN { exit !(t <= m) }' || failed=1
}

dotnet build "$root/samples/ClassifyService" -c Release -v q --nologo >"$work/build.log" || { cat "$work/build.log"; exit 1; }
"$DFKD" export "$teacher" --onnx "$work/student.onnx" --quiet
photo=$(find "$work/photos" -type f -size -200k | sort | sed -n 1p)
for heap in "" 0x40000000; do
    uploads ordinary "$heap" "$photo"
    uploads gif-10000 "$heap" "$work/hostile/crawl/gif/10000-0.gif"
    uploads png-9999 "$heap" "$work/hostile/crawl/png/allowed-0.png"
    uploads scans-5 "$heap" "$work/hostile/crawl/scans-5/0.jpg"
done
exit "$failed"
