#!/usr/bin/env bash
# Peak resident memory of one training step, by the images of its batch: plain, with --checkpoint-activations, with --accumulate, with both.
# Weights are random. A column ends where the next size would take more than SHARE of the memory that is free.
#   MODEL=vit_base_patch16_224  SIZES="1 2 4 8 16 32 64 128 256"  WAYS="plain checkpoint accumulate both"  PARTS=8 (of --accumulate)  SHARE=0.6
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
MODEL=${MODEL:-vit_base_patch16_224} SIZES=${SIZES:-1 2 4 8 16 32 64 128 256} WAYS=${WAYS:-plain checkpoint accumulate both} PARTS=${PARTS:-8} SHARE=${SHARE:-0.6}
dotnet build "$root/bench/StepMemory" -c Release -v quiet -clp:NoSummary --nologo
step=$root/bench/StepMemory/bin/Release/net10.0/DataFreeKD.StepMemory
declare -A arguments=([plain]=1 [checkpoint]="1 checkpoint" [accumulate]=$PARTS [both]="$PARTS checkpoint") last growth

# fits WAY: whether twice the images would; memory is a constant and a part that grows with them.
fits() {
    [ -n "${growth[$1]:-}" ] || return 0
    awk -v mib=$((last[$1] + 2 * growth[$1])) -v share="$SHARE" '/^MemAvailable/ { exit !(mib < $2 / 1024 * share) }' /proc/meminfo
}

row="| images |" rule="|---|"
for way in $WAYS; do row+=" $way: MiB | seconds |" rule+="---|---|"; done
echo "$row"
echo "$rule"
declare -A ended
for size in $SIZES; do
    row="| $size |"
    for way in $WAYS; do
        # A part has two images or more.
        if [ "${arguments[$way]%% *}" -gt 1 ] && [ "$size" -lt $((2 * PARTS)) ]; then
            row+=" | |"
        elif [ -n "${ended[$way]:-}" ] || ! fits "$way"; then
            ended[$way]=1
            row+=" too much | |"
        else
            # shellcheck disable=SC2086
            read -r mib seconds _ <<<"$("$step" "$MODEL" "$size" ${arguments[$way]})"
            [ -z "${last[$way]:-}" ] || growth[$way]=$((mib > last[$way] ? mib - last[$way] : 0))
            last[$way]=$mib
            row+=" $mib | $seconds |"
        fi
    done
    echo "$row"
done
