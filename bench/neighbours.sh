#!/usr/bin/env bash
# What libtorch processes that share cores cost one another: the rate of one small distillation alone and the total rate of several at once,
# with threads that wait passively (the default) and as libgomp waits by itself. In alternation; medians and ranges of the rounds.
# Usage: bench/neighbours.sh [FOLDER]
#   PROCESSES=4 CORES=0,1 ROUNDS=3 STEPS=60
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
. bench/common.sh
folder=${1:-$(mktemp -d)} processes=${PROCESSES:-4} cores=${CORES:-0,1} rounds=${ROUNDS:-3} steps=${STEPS:-60}
dfkd=$DFKD world=samples/ProceduralWorld/bin/Release/net10.0/DataFreeKD.ProceduralWorld
[ -x "$dfkd" ] && [ -x "$world" ] || { echo "neighbours.sh: build the solution first (dotnet build -c Release)" >&2; exit 2; }
mkdir -p "$folder"
unset OMP_WAIT_POLICY GOMP_SPINCOUNT KMP_BLOCKTIME KMP_LIBRARY OMP_NUM_THREADS MKL_NUM_THREADS

[ -d "$folder/world" ] || "$world" "$folder/world" --train 400 --test 10 --familiar 400 --other 100 --outliers 10 --duplicates 2 --broken 0 >/dev/null
[ -d "$folder/teacher" ] || taskset -c "$cores" "$dfkd" train "$folder/world/original/train" --model vit:img=32,patch=4,dim=96,depth=6,heads=3 -o "$folder/teacher" --steps 20 --batch-size 32 --quiet >/dev/null
[ -e "$folder/scores.csv" ] || taskset -c "$cores" "$dfkd" score "$folder/world/wild" --teacher "$folder/teacher" -o "$folder/scores.csv" --quiet >/dev/null
[ -e "$folder/selected.csv" ] || "$dfkd" select "$folder/scores.csv" --budget 256 --quota none -o "$folder/selected.csv" --quiet >/dev/null

distil() { # its number; what a run says of its seconds is of its steps and its images, without the start of a program
    taskset -c "$cores" "$dfkd" distill "$folder/selected.csv" --teacher "$folder/teacher" --student vit:img=32,patch=4,dim=48,depth=4,heads=3 --init random --loss kd \
        -o "$folder/student-$1" --steps "$steps" --batch-size 64 --overwrite --quiet >/dev/null
}

rate() { # processes: steps a second of all together, and steps a second of processor time, which other work on the machine moves less
    local TIMEFORMAT='%R %U %S' took
    took=$({ time { for ((i = 0; i < $1; i++)); do distil "$i" & done; wait; } 2>&3; } 3>&2 2>&1)
    awk -v n="$1" -v steps="$steps" -v took="$took" 'BEGIN { split(took, t, " "); printf "%.3f %.3f", n * steps / t[1], n * steps / (t[2] + t[3]) }'
}

echo "$processes processes on cores $cores, $steps steps each; $(uptime | sed 's/.*load/load/')"
: >"$folder/rates"
for ((round = 0; round < rounds; round++)); do
    for policy in passive libgomp; do
        # A word to another OpenMP, which libgomp passes over: the command takes it for the user's own and sets nothing.
        if [ "$policy" = passive ]; then unset KMP_BLOCKTIME; else export KMP_BLOCKTIME=200; fi
        echo "$policy 1 $(rate 1)" | tee -a "$folder/rates"
        echo "$policy $processes $(rate "$processes")" | tee -a "$folder/rates"
    done
done
uptime | sed 's/.*load/load/'
awk '{ key = $1 " " $2; wall[key] = wall[key] " " $3; cpu[key] = cpu[key] " " $4 }
    function shown(list,   v, m, i, j, t) {
        m = split(list, v, " ")
        for (i = 1; i <= m; i++) for (j = i + 1; j <= m; j++) if (v[j] + 0 < v[i] + 0) { t = v[i]; v[i] = v[j]; v[j] = t }
        return sprintf("%s (%s to %s)", v[int((m + 1) / 2)], v[1], v[m])
    }
    END { for (key in wall) { split(key, k, " "); printf "%-8s %s at once: %s steps/s, %s steps per CPU second\n", k[1], k[2], shown(wall[key]), shown(cpu[key]) } }' "$folder/rates" | sort
