#!/usr/bin/env bash
# Two processes on one output, the second at a random moment of the first: none may lose its work to the other, and the output must be a lone run's.
#   DATA=folder with wild/ and teacher/   STARTS=20  IMAGES=600  SEED=0  VERBS="score crawl distill cache compare pack export report"
# Ends: refused (one wrote, the other was told who is at work), after (the second came when the first was done, and was told that the output is there, or added nothing),
# both (both ended well; only where that is meant: crawl adds to its store, compare shares its runs). Anything else is "lost": exit code 1.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
STARTS=${STARTS:-20} IMAGES=${IMAGES:-600} VERBS=${VERBS:-score crawl distill cache compare pack export report}
RANDOM=${SEED:-0}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build_dfkd
wild_images "$IMAGES"
teacher=$DATA/teacher/cifar10_vit
small=vit:img=32,patch=8,dim=24,depth=2,heads=3
"$DFKD" score "$work/images" --teacher "$teacher" -o "$work/in.csv" --quiet
"$DFKD" select "$work/in.csv" --budget 200 -o "$work/selected.csv" --quiet
# The teacher's own decisions as labels: what the students reach does not matter here.
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print "path,label"; next } NR < 52 { print $at["path"] "," $at["prediction"] }' "$work/selected.csv" >"$work/labelled.csv"
cat >"$work/recipes.yaml" <<YAML
seeds: [0, 1]
tests:
  small: $work/labelled.csv
defaults:
  selection: $work/selected.csv
  teacher: $teacher
  student: $small
  init: random
  steps: 6
recipes:
  - name: kd
  - name: dist
    loss: dist
YAML

name() { case $1 in score) echo out.csv ;; cache) echo out.cache ;; export) echo out.onnx ;; report) echo out.html ;; *) echo out ;; esac; }
run() { # verb, output
    case $1 in
        score) "$DFKD" score "$work/images" --teacher "$teacher" -o "$2" --quiet ;;
        crawl) "$DFKD" crawl "$work/images" -o "$2" --quiet ;;
        distill) "$DFKD" distill "$work/selected.csv" --teacher "$teacher" --student "$small" --init random --loss kd --steps 10 --batch-size 32 -o "$2" --quiet ;;
        cache) "$DFKD" cache "$work/selected.csv" --teacher "$teacher" --steps 10 --batch-size 32 -o "$2" --quiet ;;
        compare) "$DFKD" compare "$work/recipes.yaml" -o "$2" --quiet ;;
        pack) "$DFKD" pack "$work/selected.csv" --to webdataset -o "$2" --quiet ;;
        export) "$DFKD" export "$teacher" --onnx "$2" --quiet ;;
        report) "$DFKD" report "$work/in.csv" -o "$2" --quiet ;;
    esac
}
clear() { rm -rf "$work"/out "$work"/out.* "$work"/.out*; }
# The main file of an output, which a lone run's must equal.
figure() { case $1 in crawl) echo "$2/manifest.csv" ;; distill) echo "$2/model.safetensors" ;; compare) echo "$2/results.csv" ;; pack) find "$2" -name '*.tar' | sort | head -n 1 ;; *) echo "$2" ;; esac; }
digest() { local file; file=$(figure "$1" "$2"); [ -n "$file" ] && [ -f "$file" ] && sha256sum "$file" | cut -c1-16 || echo missing; }

echo "| verb | starts | refused | after | both | lost |"
echo "|---|---|---|---|---|---|"
failed=0
for verb in $VERBS; do
    out=$work/$(name "$verb")
    clear
    began=$(date +%s%N)
    run "$verb" "$out" >/dev/null 2>"$work/log" || { cat "$work/log"; echo "$verb: a lone run failed"; exit 1; }
    seconds=$(awk -v n=$(($(date +%s%N) - began)) 'BEGIN { print n / 1e9 }')
    whole=$(digest "$verb" "$out") refused=0 after=0 both=0 lost=0
    for ((start = 0; start < STARTS; start++)); do
        clear
        run "$verb" "$out" >/dev/null 2>"$work/first" &
        first=$!
        sleep "$(awk -v s="$seconds" -v r=$RANDOM 'BEGIN { printf "%.3f", 1.1 * s * r / 32768 }')"
        two=0; run "$verb" "$out" >/dev/null 2>"$work/second" || two=$?
        one=0; wait "$first" || one=$?
        said=$(cat "$work/first" "$work/second")
        case "$one $two" in
            "0 2" | "2 0") if grep -q 'is being written by' <<<"$said"; then refused=$((refused + 1)); else after=$((after + 1)); fi ;;
            "0 0") both=$((both + 1)) ;;
            *) lost=$((lost + 1)); echo "$verb: exit codes $one and $two: $said" >&2 ;;
        esac
        if [ "$(digest "$verb" "$out")" != "$whole" ] && [ "$verb" != report ] && [ "$verb" != export ]; then lost=$((lost + 1)); echo "$verb: the output is not a lone run's" >&2; fi
        [ "$(digest "$verb" "$out")" != missing ] || { lost=$((lost + 1)); echo "$verb: there is no output" >&2; }
    done
    echo "| $verb | $STARTS | $refused | $after | $both | $lost |"
    [ "$lost" -eq 0 ] || failed=1
done
exit $failed
