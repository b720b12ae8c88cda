#!/usr/bin/env bash
# How well every score and every selection method finds what was planted in a pool: AUROC against everything, the natural part,
# outliers and each kind of them, precision of the best rows, and precision of what dfkd select takes by each quota, with the
# pool's confident core and without.
#   POOL=cifar|drawn|DIR (cifar: of DATA; drawn: the demo's world, drawn and its teacher trained here; DIR holds pool.tar.gz,
#   truth.csv and teacher/)   DATA=folder with wild/ and teacher/   OUT=bench/results/selection-auroc   BUDGET=4000,5000,10000
#   TOP=0.075,0.15 (further budgets, as shares of the scored rows)   BLOCKS= (the tool's own)
#   SCORES=all (none: those of every table)   VIEWS= (how many, asked for even where SCORES does not)
# Resumable: an interrupted scoring goes on. Ends with OUT/auroc.txt, OUT/auroc.json and OUT/quotas.txt.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
OUT=${OUT:-$root/bench/results/selection-auroc}
POOL=${POOL:-cifar} BUDGET=${BUDGET:-4000,5000,10000} TOP=${TOP:-0.075,0.15} SCORES=${SCORES:-all} VIEWS=${VIEWS:-} BLOCKS=${BLOCKS:-}
[ "$SCORES" != none ] || SCORES=
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)

same_settings "pool=$POOL scores=$SCORES views=$VIEWS blocks=$BLOCKS"

build_dfkd
KINDS=${KINDS-noise_uniform,noise_gauss,solid,gradient,checker,text,blur,shuffled}
case $POOL in
cifar)
    unpack "$DATA/wild/pool.tar.gz" "$OUT/pool"
    images=$OUT/pool teacher=$DATA/teacher/cifar10_vit truth=$DATA/wild/truth.csv
    ;;
drawn)
    KINDS=
    dotnet build "$root/samples/ProceduralWorld" -c Release -v q --nologo >"$OUT/build.log" 2>&1 || { cat "$OUT/build.log"; exit 1; }
    [ -d "$OUT/world" ] || { "$root/samples/ProceduralWorld/bin/Release/net10.0/DataFreeKD.ProceduralWorld" "$OUT/world.part" --train 6000 --test 1000 --familiar 2000 --other 8000 --outliers 1500 --duplicates 200 --broken 20; mv "$OUT/world.part" "$OUT/world"; }
    [ -f "$OUT/teacher/config.json" ] || "$DFKD" train "$OUT/world/original/train" --model vit:img=32,patch=8,dim=96,depth=6,heads=3,classes=10 --steps 1000 --seed 1 -o "$OUT/teacher"
    images=$OUT/world/wild teacher=$OUT/teacher truth=$OUT/world/truth.csv
    ;;
*)
    unpack "$POOL/pool.tar.gz" "$OUT/pool"
    images=$OUT/pool teacher=$POOL/teacher truth=$POOL/truth.csv
    ;;
esac
if [ ! -f "$OUT/scores.parquet" ]; then
    "$DFKD" score "$images" --teacher "$teacher" ${SCORES:+--scores "$SCORES"} ${VIEWS:+--views "$VIEWS"} ${BLOCKS:+--blocks "$BLOCKS"} -o "$OUT/scores.parquet" --resume
fi

# usable: rows that could be scored.
usable=$("$DFKD" select "$OUT/scores.parquet" --method random --fraction 1 --quota none --keep-duplicates --embeddings none --overwrite --json -o "$OUT/all.csv" | grep -oE '"usable": ?[0-9]+' | grep -oE '[0-9]+$')
rm -f "$OUT/all.csv" "$OUT/all.json"
for share in ${TOP//,/ }; do BUDGET=$BUDGET,$(awk -v n="$usable" -v x="$share" 'BEGIN { printf "%d", n * x + 0.5 }'); done

measure() { "$DFKD" auroc "$OUT/scores.parquet" --truth "$truth" ${KINDS:+--kinds "$KINDS"} --budget "$BUDGET" "$@"; }
measure --json >"$OUT/auroc.json"
measure | tee "$OUT/auroc.txt"
measure --embeddings none >"$OUT/auroc-without-core.txt"

# precision SELECTION: its part that is in distribution, and the rows of its smallest and its largest class.
precision() {
    awk -F, '{ sub(/\r$/, "") } NR == FNR { if (FNR == 1) for (i = 1; i <= NF; i++) at[$i] = i; else good[$at["key"]] = $at["in_distribution"]; next }
        FNR == 1 { for (i = 1; i <= NF; i++) col[$i] = i; next }
        { name = $col["path"]; sub(/.*[\/:]/, "", name); hits += good[name]; rows++; of[$col["prediction"]]++ }
        END { least = rows; for (c in of) { if (of[c] < least) least = of[c]; if (of[c] > most) most = of[c] } printf "%.3f  %d rows of %d classes, %d to %d of each\n", hits / rows, rows, length(of), least, most }' "$truth" "$1"
}
{
    for core in with none; do
        for quota in floor equal teacher none; do
            for budget in ${BUDGET//,/ }; do
                [ "$budget" -lt "$usable" ] || continue
                "$DFKD" select "$OUT/scores.parquet" --budget "$budget" --quota "$quota" $([ "$core" = with ] || echo --embeddings none) --overwrite --quiet -o "$OUT/selected.csv" >/dev/null
                printf '%-12s %-8s %6d  %s\n' "$([ "$core" = with ] && echo core || echo without)" "$quota" "$budget" "$(precision "$OUT/selected.csv")"
            done
        done
    done
} | tee "$OUT/quotas.txt"
rm -f "$OUT/selected.csv" "$OUT/selected.json"
