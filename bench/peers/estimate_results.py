"""Gathers the runs of bench/estimate.sh: estimate beside truth for every student, and the mean absolute error.

usage: estimate_results.py COMPARISON SEED FOLDER [TEST]

Students trained on the teacher's own data ("on-original-data" in the recipe's name) held out other images; they are set apart.
"""
import csv
import glob
import json
import os
import sys

MODES = ("given", "plain")


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def main(comparison, seed, folder, test=""):
    rows, without = [], []
    for truth in sorted(glob.glob(os.path.join(comparison, "*", f"seed-{seed}.json"))):
        recipe = os.path.basename(os.path.dirname(truth))
        tests = load(truth)["tests"]
        top1 = tests[test or next(iter(tests))]["top1"]
        for mode in MODES:
            path = os.path.join(folder, f"{recipe}.{mode}.json")
            if not os.path.exists(path):
                problem = os.path.join(folder, f"{recipe}.{mode}.error")
                if mode == MODES[0] and os.path.exists(problem):
                    with open(problem, encoding="utf-8") as file:
                        without.append((recipe, file.read().strip()))
                continue
            found = load(path)
            rows.append({
                "recipe": recipe, "mode": mode, "original": "on-original-data" in recipe, "images": found["images"], "truth": top1, "estimate": found["estimate"],
                "error": found["estimate"] - top1, "low": found["low"], "high": found["high"], "held": found["low"] <= top1 <= found["high"],
                "standard_error": found["all"]["standard_error"], "familiar": found["familiar"]["accuracy"], "temperature": found["all"]["temperature"],
                "agreement": found["agreement"], "agreement_times_accuracy": found["agreement_times_accuracy"],
            })
    with open(os.path.join(folder, "results.csv"), "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    lines = []
    for mode, title in zip(MODES, ("the teacher's accuracy given", "the teacher's probabilities as they are")):
        for original in (False, True):
            these = [row for row in rows if row["mode"] == mode and row["original"] == original]
            if not these:
                continue
            lines += [f"{title}{', students of the original data' if original else ''}:", "", "| student | images | top-1, % | estimate, % | error, points | interval, % | held |", "|---|---|---|---|---|---|---|"]
            lines += [f"| {row['recipe']} | {row['images']} | {100 * row['truth']:.2f} | {100 * row['estimate']:.2f} | {100 * row['error']:+.2f} | {100 * row['low']:.1f} to {100 * row['high']:.1f} | {'yes' if row['held'] else 'no'} |" for row in these]
            mean = sum(abs(row["error"]) for row in these) / len(these)
            bias = sum(row["error"] for row in these) / len(these)
            lines += ["", f"{len(these)} students: mean absolute error {100 * mean:.2f} points, mean error {100 * bias:+.2f}, interval holds {sum(row['held'] for row in these)}", ""]
    lines += [f"no estimate: {recipe}: {problem}" for recipe, problem in without]
    text = "\n".join(lines) + "\n"
    with open(os.path.join(folder, "results.md"), "w", encoding="utf-8") as file:
        file.write(text)
    print(text, end="")


main(*sys.argv[1:])
