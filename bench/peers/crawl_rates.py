"""Medians of the rounds of crawl_throughput.sh as a table, with the ratio of rates and whether the server held them up.

usage: crawl_rates.py FIGURES.csv
"""
import csv
import os
import statistics
import sys


def main(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    cores, rates = os.cpu_count(), {}
    print("| task | who | images/s (least to most) | client CPU s | client peak MiB | server CPU s | server's share of the machine |")
    print("|---|---|---|---|---|---|---|")
    for task, who in dict.fromkeys((row["task"], row["who"]) for row in rows):
        runs = [{name: float(value) for name, value in row.items() if name not in ("task", "who")} for row in rows if (row["task"], row["who"]) == (task, who)]
        each = sorted(run["images"] / run["seconds"] for run in runs)
        middle = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
        rates[task, who] = statistics.median(each)
        share = statistics.median(run["server_cpu_seconds"] / (cores * run["seconds"]) for run in runs)
        note = ": the server is the bottleneck" if share > 0.5 else ""
        print(f"| {task} | {who} | {rates[task, who]:.0f} ({each[0]:.0f} to {each[-1]:.0f}) | {middle['client_cpu_seconds']:.1f} | {max(run['client_peak_mib'] for run in runs):.0f} | {middle['server_cpu_seconds']:.1f} | {share:.0%}{note} |")
    print(f"\n{len(runs)} rounds, medians. raw: dfkd at {rates['raw', 'dfkd'] / rates['raw', 'aria2c']:.2f} times aria2c's rate; resized: dfkd at {rates['resized', 'dfkd'] / rates['resized', 'python']:.2f} times the Python peer's.")


if __name__ == "__main__":
    main(*sys.argv[1:])
