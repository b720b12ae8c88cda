#!/usr/bin/env bash
# Changed checkpoints, tables, images, archives, pages and pipelines through their readers, for SECONDS in all: each is read, or refused by an exception of
# the library; nothing crashes, hangs or throws anything else. Inputs that failed are kept in OUT; each follows from its target, its number and SEED.
#   SECONDS=600  SEED=1  OUT=bench/results/fuzz  PATIENCE=30 (seconds for one input)  ONLY=pickle,csv (names; all without)
set -euo pipefail
# The variable counts from here on: what the caller set is what it holds now.
time=$SECONDS
[ "$time" -gt 0 ] || time=600
root=$(cd "$(dirname "$0")/.." && pwd)
SEED=${SEED:-1} OUT=${OUT:-$root/bench/results/fuzz} PATIENCE=${PATIENCE:-30} ONLY=${ONLY:-}
log=$(mktemp)
dotnet build "$root/bench/Fuzz" -c Release -v q --nologo >"$log" 2>&1 || { cat "$log"; rm -f "$log"; exit 1; }
rm -f "$log"
exec "$root/bench/Fuzz/bin/Release/net10.0/DataFreeKD.Fuzz" "$time" --seed "$SEED" --out "$OUT" --patience "$PATIENCE" ${ONLY:+--only "$ONLY"}
