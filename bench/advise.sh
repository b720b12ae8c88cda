#!/usr/bin/env bash
# How far `dfkd select --advise` is from the truth: five pools of known mixture cut from the planted one, audits of SIZE images answered by the truth.
#   SCORES=scores.csv of the pool (dfkd score --scores intact; made where it is not there)   OUT=bench/results/advise   SHARES="0.05 0.15 0.30 0.45 0.60"  AUDITS=20  SIZE=200
# Ends with OUT/advise.csv (a line an audit) and OUT/advise.txt: mean absolute error, coverage of the interval, and the error of the precision told for the size advised.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
OUT=${OUT:-$root/bench/results/advise}
SHARES=${SHARES:-0.05 0.15 0.30 0.45 0.60} AUDITS=${AUDITS:-20} SIZE=${SIZE:-200} PYTHON=${PYTHON:-python3}
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
SCORES=${SCORES:-$OUT/scores.csv}
build_dfkd
[ -f "$SCORES" ] || "$DFKD" score "$DATA/wild/pool.tar.gz" --teacher "$DATA/teacher/cifar10_vit" --scores intact -o "$SCORES" --resume
"$PYTHON" - "$DFKD" "$SCORES" "$DATA/wild/truth.csv" "$OUT" "$AUDITS" "$SIZE" $SHARES <<'PY'
import csv, json, os, random, subprocess, sys

dfkd, scores, truth, out, audits, size, *shares = sys.argv[1:]
wanted = {row["key"]: row["in_distribution"] == "1" for row in csv.DictReader(open(truth, newline=""))}
inside = lambda row: wanted[row["path"].replace("::", "/").rsplit("/", 1)[-1]]
with open(scores, newline="") as file:
    reader = csv.DictReader(file)
    header, rows = reader.fieldnames, [row for row in reader if row["status"] == "ok"]

def write(path, header, rows):
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)

def run(*arguments):
    return json.loads(subprocess.run([dfkd, *arguments, "--json", "--quiet"], check=True, capture_output=True, text=True).stdout)

lines = []
for share in map(float, shares):
    # As large as both kinds allow.
    draw = random.Random(0)
    yes, no = [row for row in rows if inside(row)], [row for row in rows if not inside(row)]
    draw.shuffle(yes), draw.shuffle(no)
    total = int(min(len(yes) / share, len(no) / (1 - share)))
    pool = yes[:round(total * share)] + no[:total - round(total * share)]
    draw.shuffle(pool)
    true = sum(map(inside, pool)) / len(pool)
    table = os.path.join(out, f"pool-{share}.csv")
    write(table, header, pool)
    ranked = os.path.join(out, "ranked.csv")
    run("select", table, "--fraction", "1", "--quota", "none", "--keep-duplicates", "-o", ranked, "--overwrite")
    order = [inside(row) for row in csv.DictReader(open(ranked, newline=""))]
    for seed in range(int(audits)):
        audit = os.path.join(out, "audit.csv")
        if os.path.exists(audit): os.remove(audit)
        run("select", table, "--advise", audit, "--audit-size", size, "--seed", str(seed))
        with open(audit, newline="") as file:
            reader = csv.DictReader(file)
            names, asked = reader.fieldnames, list(reader)
        for row in asked: row["answer"] = "yes" if inside(row) else "no"
        write(audit, names, asked)
        told = run("select", table, "--advise", audit, "--seed", str(seed))
        take = told["advised"]
        best = order[:take["rows"]]
        lines.append(dict(share=share, true=true, seed=seed, estimate=told["share"]["estimate"], low=told["share"]["low"], high=told["share"]["high"],
                          rows=len(pool), take=take["rows"], precision_told=take["precision"], precision_true=sum(best) / len(best), recall_told=take["recall"], recall_true=sum(best) / sum(order)))
write(os.path.join(out, "advise.csv"), list(lines[0]), lines)

mean = lambda values: sum(values) / len(values)
def line(name, of):
    errors = [abs(row["estimate"] - row["true"]) for row in of]
    held = mean([row["low"] <= row["true"] <= row["high"] for row in of])
    return f'| {name} | {mean(errors):.4f} | {max(errors):.4f} | {held:.2f} | {mean([row["high"] - row["low"] for row in of]):.3f} | {round(mean([row["take"] for row in of])):,} of {of[0]["rows"]:,} | {mean([row["precision_told"] for row in of]):.3f} / {mean([row["precision_true"] for row in of]):.3f} | {mean([abs(row["precision_told"] - row["precision_true"]) for row in of]):.3f} | {mean([row["recall_true"] for row in of]):.2f} |'
text = ["| truly useful | mean absolute error | largest | interval held | its width | advised size, mean | precision told / true | mean absolute error | useful images held |", "|---|---|---|---|---|---|---|---|---|"]
for share in map(float, shares):
    of = [row for row in lines if row["share"] == share]
    text.append(line(f'{100 * of[0]["true"]:.1f} %', of))
text.append(f'\n{audits} audits of {size} images a pool: mean absolute error of the share {mean([abs(row["estimate"] - row["true"]) for row in lines]):.4f}, interval held {mean([row["low"] <= row["true"] <= row["high"] for row in lines]):.3f}.')
open(os.path.join(out, "advise.txt"), "w").write("\n".join(text) + "\n")
print("\n".join(text))
PY
