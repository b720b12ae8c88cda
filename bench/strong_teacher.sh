#!/usr/bin/env bash
# A CIFAR-10 ViT above the one of the test material, trained by dfkd alone: a ResNet learns the labels of original-train, then the ViT learns the ResNet's answers on the same images.
#   DATA=folder with cifar10/ and teacher/   OUT=bench/results/strong_teacher   THREADS=2   SEED=0   CHECKPOINT=100 (steps)
#   RESNET=resnet:depth=18,img=32,stem=3,width=24,classes=10   RESNET_EPOCHS=20
#   VIT=vit:img=32,patch=4,dim=256,depth=8,heads=4 (or a model to go on from)   VIT_EPOCHS="10 20 40" (legs: each ends with a usable model, and the next goes on from it)
#   FIRST=a ViT of the same patch grid whose relations the first leg learns beside ("" for none)   STEPS= (so many steps of each stage instead of its epochs: a short trial)
# Resumable: what is finished under OUT is not done again, an interrupted stage goes on; longer VIT_EPOCHS add legs to a finished run.
# Ends with OUT/results.md: test top-1 of every stage. Take the last leg: the test images choose nothing.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
for archive in original-train test; do
    [ -f "$DATA/cifar10/$archive.tar.gz" ] || { echo "$DATA/cifar10/$archive.tar.gz is not there; this needs the test material, whose folder DATA names" >&2; exit 2; }
done
OUT=${OUT:-$root/bench/results/strong_teacher}
THREADS=${THREADS:-2} SEED=${SEED:-0} CHECKPOINT=${CHECKPOINT:-100} STEPS=${STEPS:-}
RESNET=${RESNET:-resnet:depth=18,img=32,stem=3,width=24,classes=10} RESNET_EPOCHS=${RESNET_EPOCHS:-20}
VIT=${VIT:-vit:img=32,patch=4,dim=256,depth=8,heads=4} VIT_EPOCHS=${VIT_EPOCHS:-10 20 40}
FIRST=${FIRST-$DATA/teacher/cifar10_vit}
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)

# The ViT's epochs are in the names of its legs.
same_settings "seed=$SEED steps=$STEPS resnet=$RESNET epochs=$RESNET_EPOCHS vit=$VIT first=$FIRST"

build_dfkd
unpack "$DATA/cifar10/original-train.tar.gz" "$OUT/original"
unpack "$DATA/cifar10/test.tar.gz" "$OUT/test"
original=$(classes "$OUT/original") test=$(classes "$OUT/test")
if [ ! -f "$OUT/original.csv" ]; then
    { echo path; find "$original" -type f | sort; } >"$OUT/original.csv.tmp"
    mv "$OUT/original.csv.tmp" "$OUT/original.csv"
fi

# length EPOCHS: the options for so many epochs, or for STEPS.
length() { if [ -n "$STEPS" ]; then echo "--steps $STEPS"; else echo "--epochs $1"; fi; }

# stage NAME VERB ARGUMENTS...: a model in OUT/NAME and its test report beside it, which says that the stage is done.
stage() {
    local name=$1; shift
    [ ! -f "$OUT/$name.report.json" ] || return 0
    echo "== $(date +%T) $name" >&2
    "$DFKD" "$@" --seed "$SEED" --threads "$THREADS" --hold-out 0.02 --checkpoint-every "$CHECKPOINT" --resume -o "$OUT/$name"
    "$DFKD" evaluate "$OUT/$name" --data "$test" --threads "$THREADS" --json >"$OUT/$name.report.json.tmp"
    mv "$OUT/$name.report.json.tmp" "$OUT/$name.report.json"
    echo "== $(date +%T) $name: test top-1 $(top1 "$name")" >&2
}

# top1 NAME: of the stage's test report, 0-1.
top1() { grep -oE '"top1": ?[0-9.eE+-]+' "$OUT/$1.report.json" | head -n 1 | sed -E 's/.*: ?//'; }

# No smoothed labels: they blur what the ResNet could say of the other classes (Müller et al., NeurIPS 2019).
stage resnet train "$original" --model "$RESNET" $(length "$RESNET_EPOCHS") --batch-size 128 --lr 3e-3 --weight-decay 0.15 --label-smoothing 0 --cutmix 0.5 --mixup 0.2

names=(resnet) name=vit start=$VIT
for epochs in $VIT_EPOCHS; do
    name=$name-$epochs
    if [ "$start" = "$VIT" ] && [ -n "$FIRST" ]; then
        # Relations among tokens show a young ViT where to look; of a teacher as weak as this one, no later leg should learn.
        taught=(--teacher "$OUT/resnet" --teacher "$FIRST" --loss kd:T=2,teacher=1+minilm:teacher=2)
    else
        taught=(--teacher "$OUT/resnet" --loss kd:T=2)
    fi
    # --crop-pct 1 makes the teachers' preprocessing one: the images are as large as the input.
    stage "$name" distill "$OUT/original.csv" "${taught[@]}" --crop-pct 1 --student "$start" $(length "$epochs") --batch-size 64 --lr 8e-4 --weight-decay 0.05 --ema 0.995 --cutmix 1 --mixup 0.5 --patch-dropout 0.5
    names+=("$name") start=$OUT/$name
done

{
    echo "| stage | test top-1, % |"
    echo "|---|---|"
    for name in "${names[@]}"; do echo "| $name | $(awk -v x="$(top1 "$name")" 'BEGIN { printf "%.2f", 100 * x }') |"; done
} >"$OUT/results.md.tmp"
mv "$OUT/results.md.tmp" "$OUT/results.md"
cat "$OUT/results.md"
