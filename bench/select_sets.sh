#!/usr/bin/env bash
# Sets on the planted pool: near duplicates found by hash and by embeddings; what spread costs in precision and gains in distance.
#   DATA=folder with wild/ and teacher/   OUT=bench/results/sets   BUDGET=10000   CANDIDATES="1.25 1.5 2 3"
# Resumable: the scores under OUT are not made again. Ends with OUT/near.txt and OUT/spread.csv.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
OUT=${OUT:-$root/bench/results/sets}
BUDGET=${BUDGET:-10000} CANDIDATES=${CANDIDATES:-1.25 1.5 2 3}
PYTHON=${PYTHON:-python3}
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
build_dfkd

[ -f "$OUT/scores.csv" ] || "$DFKD" score "$DATA/wild/pool.tar.gz" --teacher "$DATA/teacher/cifar10_vit" --embeddings "$OUT/embeddings.npy" -o "$OUT/scores.csv" --resume

dotnet run -c Release --project "$root/bench/NearDuplicates" -- select "$DATA/wild/pool.tar.gz" "$DATA/wild/truth.csv" "$OUT/scores.csv" "$OUT/embeddings.npy" | tee "$OUT/near.txt"

echo "set,candidates,precision,class_entropy,mean_distance,in_class,seconds" >"$OUT/spread.csv"
one() { # name, candidates, options of select
    local name=$1 candidates=$2
    shift 2
    "$DFKD" select "$OUT/scores.csv" --budget "$BUDGET" --embeddings "$OUT/embeddings.npy" "$@" -o "$OUT/$name-$candidates.csv" --overwrite --json --quiet >"$OUT/summary.json"
    "$PYTHON" - "$name" "$candidates" "$OUT/$name-$candidates.csv" "$DATA/wild/truth.csv" "$OUT/summary.json" <<'PY' | tee -a "$OUT/spread.csv"
import csv, json, sys
name, candidates, selected, truth, summary = sys.argv[1:]
wanted = {row["key"] for row in csv.DictReader(open(truth, newline="")) if row["in_distribution"] == "1"}
rows = [row["path"].replace("::", "/").rsplit("/", 1)[-1] for row in csv.DictReader(open(selected, newline=""))]
told = json.load(open(summary))
print(f'{name},{candidates},{sum(key in wanted for key in rows) / len(rows):.4f},{told["class_entropy"]:.4f},{told["mean_distance"]:.4f},{told["mean_distance_in_class"]:.4f},{told["seconds"]:.1f}')
PY
}
one score 1 --quota none
one floor 1
one equal 1 --quota equal
one teacher 1 --quota teacher
one distinct 1 --near-cosine 0.98
for candidates in $CANDIDATES; do
    for diversity in k-centre facility; do one "$diversity" "$candidates" --diversity "$diversity" --candidates "$candidates"; done
done
for mix in easy:1,medium:1,hard:1 easy:0.5,medium:0.3,hard:0.2 easy:0.2,medium:0.3,hard:0.5; do one "${mix//[,:]/_}" 2 --difficulty "$mix"; done
