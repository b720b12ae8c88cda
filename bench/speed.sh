#!/usr/bin/env bash
# Every comparison of speed side by side: dfkd and its peers in turn, several rounds, one table with medians, ranges, versions and threads.
#   bench/speed.sh [CASE...]   score-tiny score-small score-base score-photos train-32 train-224 gemm; all without a name
#   DATA=folder with imagenette224/, imagenet-sample/, cifar10/ and teacher/   ROUNDS=3  THREADS=2  OUT=bench/results/speed
#   BEFORE=an earlier dfkd, to stand beside this one in every round
#   IMAGES_TINY=600 IMAGES_SMALL=240 IMAGES_BASE=96 IMAGES_PHOTOS=200  STEPS32=40 STEPS224=8
# Needs tests/peers/setup.sh, and timm (TIMM_PATH or pip).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
ROUNDS=${ROUNDS:-3} THREADS=${THREADS:-2} OUT=${OUT:-$root/bench/results/speed}
[ -z "${BEFORE:-}" ] || export BEFORE
export DFKD PYTHON=${PYTHON:-/usr/bin/python3} ROOT=$root
[ $# -gt 0 ] || set -- gemm score-tiny score-small score-base score-photos train-32 train-224
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$(dirname "$OUT")"

build_dfkd
make_model=$root/tests/peers/ExportLogits
for project in "$make_model" "$root/bench/Forward"; do
    dotnet build "$project" -c Release -v q --nologo >"$work/build.log" || { cat "$work/build.log"; exit 1; }
done

# model NAME TIMM-NAME: a model directory with random weights, and the same traced.
model() {
    [ -d "$work/$1" ] && return
    dotnet "$make_model/bin/Release/net10.0/DataFreeKD.ExportLogits.dll" make "$2" "$work/$1"
    "$PYTHON" "$root/bench/peers/trace_model.py" "$work/$1" "$work/$1.pt"
}
# some ARCHIVE COUNT FOLDER: about so many of its images, evenly over the sorted archive.
some() {
    tar tzf "$1" | grep -v '/$' | sort >"$work/all.txt"
    awk -v n="$(($(wc -l <"$work/all.txt") / $2))" -v most="$2" '(n < 2 || NR % n == 0) && taken++ < most' "$work/all.txt" >"$work/some.txt"
    mkdir "$work/$3"
    tar xzf "$1" -C "$work/$3" -T "$work/some.txt"
}
# listed FOLDER: as a selection.
listed() { { echo path; find "$work/$1" -type f | sort; } >"$work/$1.csv"; }

photographs=$DATA/imagenette224/val1000.tar.gz
for case in "$@"; do
    case $case in
        score-tiny) model tiny deit_tiny_patch16_224; some "$photographs" "${IMAGES_TINY:-600}" images-tiny ;;
        score-small) model small deit_small_patch16_224; some "$photographs" "${IMAGES_SMALL:-240}" images-small ;;
        score-base) model base vit_base_patch16_224; some "$photographs" "${IMAGES_BASE:-96}" images-base ;;
        score-photos) model tiny deit_tiny_patch16_224; some "$DATA/imagenet-sample/photos200.tar.gz" "${IMAGES_PHOTOS:-200}" photos ;;
        gemm) model tiny deit_tiny_patch16_224; model small deit_small_patch16_224; model base vit_base_patch16_224 ;;
        train-32)
            some "$DATA/cifar10/original-train.tar.gz" $((${STEPS32:-40} * 128)) images32 && listed images32
            ln -s "$(realpath "$DATA/teacher/cifar10_vit")" "$work/teacher32"
            echo '{"img_size": 32, "patch_size": 4, "embed_dim": 96, "depth": 5, "num_heads": 3}' >"$work/student32.json" ;;
        train-224)
            some "$photographs" $((${STEPS224:-8} * 32)) images224 && listed images224
            # timm makes it, so that neither side needs a download.
            "$PYTHON" "$root/bench/peers/random_model.py" "$work/teacher224" '{"img_size": 224, "patch_size": 16, "embed_dim": 384, "depth": 12, "num_heads": 6}' 1000
            echo '{"img_size": 224, "patch_size": 16, "embed_dim": 192, "depth": 12, "num_heads": 3}' >"$work/student224.json" ;;
        *) echo "$case: no such case; the head of bench/speed.sh lists them" >&2; exit 2 ;;
    esac
done
"$PYTHON" "$root/bench/peers/speed_cases.py" "$work" "$ROUNDS" "$THREADS" "$@" >"$work/spec.json"
"$PYTHON" "$root/bench/peers/rounds.py" "$work/spec.json" "$OUT"
# A fast answer that is another answer is no speed.
for table in traced timm onnx; do
    [ ! -f "$work/$table.csv" ] || "$PYTHON" "$root/bench/peers/agree.py" "$work/dfkd.csv" "$work/$table.csv"
done
