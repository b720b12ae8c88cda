"""Gathers the runs of bench/distill_table.sh: one CSV row a run, and a Markdown table of mean ± sample sd.

usage: distill_results.py FOLDER SELECTION...
"""
import csv
import glob
import json
import os
import statistics
import sys


def main(folder, selections):
    rows = []
    for selection in selections:
        for path in sorted(glob.glob(os.path.join(folder, selection + "-[0-9]*.report.json"))):
            seed = os.path.basename(path)[len(selection) + 1:-len(".report.json")]
            with open(path, encoding="utf-8") as file:
                report = json.load(file)
            rows.append({"selection": selection, "seed": seed, "top1": report["top1"], "agreement": report.get("agreement"), "parameters": report.get("parameters")})
    with open(os.path.join(folder, "results.csv"), "w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["selection", "seed", "top1", "agreement", "parameters"])
        table.writeheader()
        table.writerows(rows)
    with open(os.path.join(folder, "settings.txt"), encoding="utf-8") as file:
        settings = file.read().strip()
    lines = ["| selection | seeds | test top-1, % |", "|---|---|---|"]
    for selection in selections:
        top1 = [100 * row["top1"] for row in rows if row["selection"] == selection]
        if top1:
            spread = f" ± {statistics.stdev(top1):.2f}" if len(top1) > 1 else ""
            lines.append(f"| {selection} | {len(top1)} | {statistics.mean(top1):.2f}{spread} |")
    text = "\n".join([*lines, "", settings, ""])
    with open(os.path.join(folder, "results.md"), "w", encoding="utf-8") as file:
        file.write(text)
    print(text)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
