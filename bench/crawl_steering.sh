#!/usr/bin/env bash
# What a budget of fetches finds with and without steering, on a web of which a tenth of the hosts carries the teacher's kind of images.
#   DATA=folder with wild/pool.tar.gz, wild/truth.csv and teacher/cifar10_vit   POOL= TRUTH= TEACHER= (instead of those)
#   HOSTS=60  IMAGES=150 (a host)  BUDGET=1000  SEEDS="0 1 2"  PORT=18090
# The labels of truth.csv only count; the crawl sees addresses, bytes and the teacher.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
POOL=${POOL:-$DATA/wild/pool.tar.gz} TRUTH=${TRUTH:-$DATA/wild/truth.csv} TEACHER=${TEACHER:-$DATA/teacher/cifar10_vit}
HOSTS=${HOSTS:-60} IMAGES=${IMAGES:-150} BUDGET=${BUDGET:-1000} SEEDS=${SEEDS:-0 1 2} PORT=${PORT:-18090}
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT

build_dfkd
dotnet build "$root/bench/CrawlSteering" -c Release -v q --nologo >"$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
bench=$root/bench/CrawlSteering/bin/Release/net10.0/DataFreeKD.CrawlSteering.dll

dotnet "$bench" serve "$POOL" "$TRUTH" "$work/web" "$HOSTS" "$IMAGES" "$PORT" &
server=$!
while [ ! -e "$work/web/ready" ]; do
    kill -0 "$server" 2>/dev/null || exit 1
    sleep 0.2
done

crawl() { # name, options
    local name=$1 started=$EPOCHREALTIME fetched useful; shift
    "$DFKD" crawl "$work/web/urls.txt" -o "$work/store" --allow-network 127.0.0.0/8 --max-fetches "$BUDGET" --quiet "$@"
    read -r fetched useful < <(dotnet "$bench" count "$work/web" "$work/store/manifest.csv")
    printf '%-26s %8d %8d %10d %9.1f\n' "$name" "$fetched" "$useful" $((useful * 1000 / fetched)) "$(awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')"
    rm -rf "$work/store"
}

echo "$HOSTS hosts with $IMAGES images each, $((HOSTS / 10)) of them of the teacher's kind; budget $BUDGET"
printf '%-26s %8s %8s %10s %9s\n' crawl fetched useful 'per 1,000' seconds
crawl 'in the order of the list'
for seed in $SEEDS; do crawl "steered, seed $seed" --steer-by "$TEACHER" --seed "$seed"; done
