#!/usr/bin/env bash
# SIGKILL at random moments: a killed and resumed run must end with the files of an uninterrupted one.
#   DATA=folder with wild/ and teacher/   IMAGES=3000  SCORE_KILLS=10  DISTILL_KILLS=3  COMPRESS_KILLS=5  STEPS=200  COMPRESS_STEPS=60  SEED=0
# Each trial starts afresh, is killed once (one that ends first is drawn again) at a moment drawn from the length of an uninterrupted run, and resumes.
# Compared byte for byte; only wall-clock figures are left out (see peers/same_files.py).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
IMAGES=${IMAGES:-3000} SCORE_KILLS=${SCORE_KILLS:-10} DISTILL_KILLS=${DISTILL_KILLS:-3} COMPRESS_KILLS=${COMPRESS_KILLS:-5} STEPS=${STEPS:-200} COMPRESS_STEPS=${COMPRESS_STEPS:-60}
RANDOM=${SEED:-0}
PYTHON=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build_dfkd
wild_images "$IMAGES"
teacher=$DATA/teacher/cifar10_vit

# The same output path in every trial, since provenance records it; finished outputs are moved aside.
score() { "$DFKD" score "$work/images" --teacher "$teacher" -o "$work/out/scores.csv" --batch-size 32 --embeddings "$work/out/cls.npy" --quiet "$@"; }
distill() { "$DFKD" distill "$work/in/selected.csv" --teacher "$teacher" --student vit:img=32,patch=4,dim=48,depth=2,heads=3 --steps "$STEPS" --checkpoint-every 20 --batch-size 32 --seed 1 -o "$work/out/student" --quiet "$@"; }
# It goes on by itself where it stopped. Its training is given in steps: how many fill some minutes is measured on the machine, so two runs need not take as many.
# The files run.*, which hold times of the clock, are not compared.
compress() {
    "$DFKD" compress "$work/images" --teacher "$teacher" --student vit:img=32,patch=4,dim=45,depth=6,heads=3 --steps "$COMPRESS_STEPS" -o "$work/out" --quiet && rm -f "$work"/out/run.*
}

trials() { # verb, number of kills
    local verb=$1 kills=$2 start seconds trial=0 delay killed=0 code
    rm -rf "$work/out" "$work/$verb.whole"; mkdir "$work/out"
    start=$(date +%s%N); "$verb"; seconds=$(awk -v ns=$(($(date +%s%N) - start)) 'BEGIN { print ns / 1e9 }')
    mv "$work/out" "$work/$verb.whole"
    while [ "$killed" -lt "$kills" ]; do
        trial=$((trial + 1))
        [ "$trial" -le $((10 * kills)) ] || { echo "$verb: only $killed of $trial trials were killed before their end"; exit 1; }
        delay=$(awk -v s="$seconds" -v r=$RANDOM 'BEGIN { printf "%.3f", s * (r + 1) / 32769 }')
        mkdir "$work/out"
        # `timeout` sends the SIGKILL to the one process it started; 137 says that it was alive then.
        code=0; ( DFKD_BARE=$DFKD; DFKD=kill_after; kill_after() { timeout -s KILL "$delay" "$DFKD_BARE" "$@"; }; "$verb" ) >"$work/log" 2>&1 || code=$?
        case $code in
            137) killed=$((killed + 1)) ;;
            0) echo "$verb trial $trial: it ended before $delay s; drawn again" ;;
            *) cat "$work/log"; echo "$verb trial $trial: exit code $code"; exit 1 ;;
        esac
        [ "$code" -eq 0 ] || "$verb" --resume
        "$PYTHON" "$root/bench/peers/same_files.py" "$work/$verb.whole" "$work/out" || { echo "$verb trial $trial, killed after $delay s: not the same"; exit 1; }
        rm -rf "$work/out"
    done
    echo "$verb: $killed kills at random moments of a run of $seconds s, each resumed run equal to the uninterrupted one"
}

[ "$COMPRESS_KILLS" -eq 0 ] || trials compress "$COMPRESS_KILLS"
trials score "$SCORE_KILLS"
# As deep as the run's own folder, since its paths are relative.
mkdir "$work/in"; cp "$work/score.whole/scores.csv" "$work/in/selected.csv"
trials distill "$DISTILL_KILLS"
