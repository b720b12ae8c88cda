#!/usr/bin/env bash
# Two versions of the command on one world: two pipelines (samples/pipeline.yaml, and the one that dfkd compress writes) and a crawl with
# near duplicates must give the same images, scores, selections, students, estimates and tables, byte for byte. Left out are what names a
# version, a time or a folder: provenance (*.json beside an output, run.*), model cards, event files, checkpoints (they hold a hash of the
# options), the report page; and in evaluations and estimates seconds, rates and the folder's name.
# Usage: bench/same_bytes.sh OTHER
#   OTHER  the other version: a commit (built in a folder of its own), or the path of its dfkd
# Variables: STEPS (200) of each training, WORLD (a folder of samples/ProceduralWorld; default: drawn), WORK (kept; default: removed)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
other=${1:?usage: bench/same_bytes.sh COMMIT|DFKD}
. "$root/bench/common.sh"
STEPS=${STEPS:-200}
work=${WORK:-$(mktemp -d)}
mkdir -p "$work"
tree=""
finish() {
    [ -z "$tree" ] || git -C "$root" worktree remove --force "$tree"
    [ -n "${WORK:-}" ] || rm -rf "$work"
}
trap finish EXIT
build_dfkd
if [ ! -x "$other" ]; then
    tree=$(mktemp -d)/source
    git -C "$root" worktree add -q --detach "$tree" "$other"
    dotnet build "$tree/src/Cli" -c Release -v quiet -clp:NoSummary --nologo >"$work/build.log" || { cat "$work/build.log"; exit 1; }
    other=$tree/src/Cli/bin/Release/net10.0/dfkd
fi

world=${WORLD:-$work/world}
if [ ! -d "$world" ]; then
    dotnet build "$root/samples/ProceduralWorld" -c Release -v quiet -clp:NoSummary --nologo >/dev/null
    "$root/samples/ProceduralWorld/bin/Release/net10.0/DataFreeKD.ProceduralWorld" "$world" --train 3000 --test 500 --familiar 1000 --other 3000 --outliers 500 --duplicates 100 --broken 20 >/dev/null
fi
teacher=$work/teacher
[ -d "$teacher" ] || "$DFKD" train "$world/original/train" --model vit:img=32,patch=8,dim=96,depth=6,heads=3,classes=10 --steps 400 --seed 1 -o "$teacher" --quiet

sed -e "s#../demo-output/teacher#$teacher#; s#../demo-output/world/wild#$world/wild#; s#../demo-output/hidden/original/test#$world/original/test#; s#&steps 600#\&steps $STEPS#; s#budget: 2000#budget: 800#" \
    "$root/samples/pipeline.yaml" >"$work/chain.yaml"
run() { # NAME COMMAND
    rm -rf "$work/$1"
    mkdir "$work/$1"
    "$2" run "$work/chain.yaml" -o "$work/$1/chain" --quiet
    "$2" compress "$world/wild" --teacher "$teacher" --params 0.1 --budget 800 --steps "$STEPS" --seed 1 -o "$work/$1/compressed" --quiet
    "$2" crawl "$world/wild" --near-duplicates 4 --resize keep-ratio --side 28 -o "$work/$1/store" --quiet
}
echo "this version: $("$DFKD" --version)"
run this "$DFKD"
echo "the other: $("$other" --version)"
run other "$other"

# What is compared, by its kind.
compared() { (cd "$1" && find . -type f \( -name '*.csv' -o -name '*.parquet' -o -name '*.safetensors' -o -name '*.npy' -o -name '*.jpg' -o -name '*.png' -o -name '*.onnx' -o -name 'evaluate*.json' -o -name 'estimate*.json' \) ! -name 'journal*' ! -path '*/training/checkpoint.safetensors' | LC_ALL=C sort); }
compared "$work/this" >"$work/files"
compared "$work/other" | cmp -s - "$work/files" || { echo "other files:"; compared "$work/other" | diff - "$work/files" || true; exit 1; }
# The frontier's rates are measured: the sixth column from the end.
plain() { case $1 in */frontier.csv) sed -E 's/,[^,]*((,[^,]*){5})$/\1/' "$1" ;; *.json) sed -E "s#\"(seconds|images_per_second)\": ?[0-9.eE+-]+##g; s#$work/(this|other)/##g" "$1" ;; *) cat "$1" ;; esac; }
differ=0
declare -A count
while read -r file; do
    count[${file##*.}]=$((${count[${file##*.}]:-0} + 1))
    cmp -s <(plain "$work/this/$file") <(plain "$work/other/$file") || { echo "differs: $file"; differ=$((differ + 1)); }
done <"$work/files"
for kind in "${!count[@]}"; do echo "${count[$kind]} .$kind"; done
echo "$(wc -l <"$work/files") files compared, $differ differ"
[ "$differ" -eq 0 ] && [ -s "$work/files" ]
