#!/usr/bin/env bash
# ONNX Runtime beside libtorch: difference and accuracy of exports (CIFAR-10 teacher), and images/s of the forward pass
# of deit_tiny, deit_small, resnet18 and tiny_vit_5m at 224 (random weights), in alternation batch by batch.
#   DATA=folder with cifar10/, teacher/cifar10_vit/, wild/ and imagenette224/   THREADS=2  IMAGES=192  LIMIT=0 (test images, 0 for all)  OUT=bench/results/onnx
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
THREADS=${THREADS:-2} IMAGES=${IMAGES:-192} LIMIT=${LIMIT:-0} MODELS=${MODELS:-deit_tiny_patch16_224 deit_small_patch16_224 resnet18 tiny_vit_5m_224}
OUT=${OUT:-$root/bench/results/onnx}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$(dirname "$OUT")"

build_dfkd
peer=$root/tests/peers/ExportLogits/bin/Release/net10.0/DataFreeKD.ExportLogits.dll
[ -f "$peer" ] || dotnet build "$root/tests/peers/ExportLogits" -c Release -v q --nologo >"$work/build.log" || { cat "$work/build.log"; exit 1; }

# The first N images of a class-folder archive, as a folder.
first() { mkdir -p "$work/$3" && tar xzf "$1" -C "$work/$3" && { [ "$2" -eq 0 ] || find "$work/$3" -type f | sort -R --random-source=<(yes) | tail -n "+$(($2 + 1))" | tr '\n' '\0' | xargs -0 -r rm; }; }

# figures MODEL LABELLED NAME EXPORT-OPTIONS...: one row of the table.
figures() {
    local model=$1 labelled=$2 name=$3
    shift 3
    taskset -c "0-$((THREADS - 1))" "$DFKD" export "$model" --onnx "$work/$name.onnx" --overwrite --threads "$THREADS" --labelled "$labelled" "$@" --quiet --json >"$work/$name.json"
    python3 - "$work/$name.json" "$name" <<'PY'
import json, sys
got = json.load(open(sys.argv[1])); a = got["accuracy"]
print(f"| {sys.argv[2]} | {got['bytes'] / 1e6:.1f} | {got['largest_difference']:.1e} | {100 * a['before']:.2f} | {100 * a['after']:.2f} | {100 * a['agreement']:.2f} | {a['images_per_second_before']:.1f} | {a['images_per_second_after']:.1f} | {a['images_per_second_after'] / a['images_per_second_before']:.2f} |")
PY
}

{
    echo "$("$DFKD" --version), $THREADS threads on $THREADS cores; libtorch and ONNX Runtime take turns, batch by batch of 128."
    echo
    echo "| export | MB | largest difference of a logit | top-1 before, % | after, % | decisions alike, % | libtorch, images/s | ONNX Runtime, images/s | ratio |"
    echo "|---|---|---|---|---|---|---|---|---|"
    first "$DATA/cifar10/test.tar.gz" "$LIMIT" test
    figures "$DATA/teacher/cifar10_vit" "$work/test" "cifar10_vit float"
    figures "$DATA/teacher/cifar10_vit" "$work/test" "cifar10_vit float16" --fp16
    figures "$DATA/teacher/cifar10_vit" "$work/test" "cifar10_vit int8 dynamic" --int8 dynamic
    for rule in least-error min-max percentile; do figures "$DATA/teacher/cifar10_vit" "$work/test" "cifar10_vit int8 static $rule" --int8 static --calibrate "$DATA/wild/pool.tar.gz" --calibrate-by "$rule"; done
    figures "$DATA/teacher/cifar10_vit" "$work/test" "cifar10_vit int8 static qint8" --int8 static --activation-type qint8 --calibrate "$DATA/wild/pool.tar.gz"
    first "$DATA/imagenette224/val1000.tar.gz" "$IMAGES" photos
    # Random weights have no accuracy: any label does.
    { echo path,label; find "$work/photos" -type f | sort | sed 's/$/,0/'; } >"$work/photos.csv"
    for name in $MODELS; do
        dotnet "$peer" make "$name" "$work/$name" 1
        figures "$work/$name" "$work/photos.csv" "$name float"
        figures "$work/$name" "$work/photos.csv" "$name float16" --fp16
        figures "$work/$name" "$work/photos.csv" "$name int8 dynamic" --int8 dynamic
        figures "$work/$name" "$work/photos.csv" "$name int8 static" --int8 static --calibrate "$work/photos" --calibrate-images 32
        figures "$work/$name" "$work/photos.csv" "$name int8 static qint8" --int8 static --activation-type qint8 --calibrate "$work/photos" --calibrate-images 32
    done
} | tee "$OUT.md"
