#!/usr/bin/env bash
# Memory of scoring long inputs, seen from outside: the wild pool (66,200 images) by the CIFAR teacher, and ROWS rows of a made-up manifest by a tiny teacher.
#   DATA=folder with wild/ and teacher/   ROWS=1000000  THREADS=2
# Fails where memory at the end is more than GROWTH (default 1.25) times that at 10 %.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
ROWS=${ROWS:-1000000} THREADS=${THREADS:-2} GROWTH=${GROWTH:-1.25}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build_dfkd
make_model=$root/tests/peers/ExportLogits
dotnet build "$make_model" -c Release -v q --nologo >"$work/build.log" || { cat "$work/build.log"; exit 1; }
dotnet "$make_model/bin/Release/net10.0/DataFreeKD.ExportLogits.dll" make "vit:img=8,patch=4,dim=16,depth=2,heads=2,classes=10" "$work/tiny"
unpack "$DATA/wild/pool.tar.gz" "$work/pool"

# The manifest names a thousand small images over and over: every row is read, decoded, scored and written like any other.
find "$work/pool" -name '*.jpg' -size -3k | sort | head -n 1000 >"$work/some" || true
awk -v rows="$ROWS" 'BEGIN { print "path,status,reason" } { name[NR] = $0 } END { for (i = 0; i < rows; i++) print name[i % NR + 1] ",ok," }' "$work/some" >"$work/manifest.csv"

scored() { cat "$work/$1.csv.parts"/*.csv 2>/dev/null | wc -l; }
pool_progress() { scored pool; }
rows_progress() { scored rows; }
echo "| run | rows | MiB at 10 % | MiB at 100 % | MiB at most |"
echo "|---|---|---|---|---|"
watch "pool" "$(find "$work/pool" -type f | wc -l)" pool_progress "$DFKD" score "$work/pool" --teacher "$DATA/teacher/cifar10_vit" -o "$work/pool.csv" --threads "$THREADS" --json
watch "rows" "$ROWS" rows_progress "$DFKD" score "$work/manifest.csv" --teacher "$work/tiny" -o "$work/rows.csv" --threads "$THREADS" --json
tail -qn 1 "$work/pool.log" "$work/rows.log"
