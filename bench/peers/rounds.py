"""Runs commands that do the same in turn, over several rounds, and tabulates them: see bench/speed.sh, which calls it.

usage: rounds.py SPEC.json OUT_BASE   (writes OUT_BASE.json and OUT_BASE.md)
SPEC: {"rounds": n, "notes": [...], "peak": [argv], "cases": [{"name", "unit", "count", "work", "base", "contenders": {NAME: {WAY: [argv], ...}}}]}
`peak` gives the machine's GFLOP/s; where a case says how many GFLOP its unit takes (`work`), the table has what that comes to beside each row.
A contender with several ways (numbers of workers, batch sizes) is tried once in each and keeps its fastest; the others are
warmed up by one run. Every argv prints one JSON object: `seconds`, and where it knows better `count` (units done),
`versions`; or `step_seconds`; or, of a training by dfkd, `images_per_second` and the case's `batch`.
"""
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time

# Set where another tool asked for them; they would slow a BLAS down.
DROPPED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def run(argv, case):
    """One run: units a second by the command's own clock and by the whole process's, CPU seconds a unit."""
    environment = {name: value for name, value in os.environ.items() if name not in DROPPED}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"exit code {done.returncode} from {' '.join(argv)}\n{done.stderr[-2000:]}")
    printed = json.loads(done.stdout[done.stdout.index("{"):])
    count = printed.get("count", case.get("count"))
    if "batch" in case:
        seconds = printed.get("step_seconds") or count * case["batch"] / printed["images_per_second"]
    else:
        seconds = printed["seconds"]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"rate": count / seconds, "whole": count / wall, "cpu": cpu / count, "versions": printed.get("versions")}


def measure(case, rounds, peak):
    """By contender: the way it kept, what it tried, and its runs; and the machine's peak in each round, where the case has a ceiling."""
    results, peaks = {}, []
    for name, ways in case["contenders"].items():
        tried = {way: run(argv, case)["rate"] for way, argv in ways.items()}
        best = max(tried, key=tried.get)
        print(f"{case['name']}: {name}: " + ", ".join(f"{way or 'warm-up'} {rate:.3g}" for way, rate in tried.items()), file=sys.stderr, flush=True)
        results[name] = {"way": best, "tried": tried, "runs": []}
    for index in range(rounds):
        if peak and case.get("work"):
            peaks.append(run(peak, {})["rate"])
        for name, result in results.items():
            result["runs"].append(run(case["contenders"][name][result["way"]], case))
        print(f"{case['name']} round {index + 1}: " + ", ".join(f"{name} {result['runs'][-1]['rate']:.3g}" for name, result in results.items()), file=sys.stderr, flush=True)
    return {"name": case["name"], "unit": case["unit"], "count": case.get("count"), "base": case["base"], "results": results, "peaks": peaks, "ceilings": [peak / case["work"] for peak in peaks]}


def figure(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.3g}"


def spread(values):
    return f"{figure(statistics.median(values))} ({figure(min(values))}–{figure(max(values))})"


def table(case):
    """A row for each contender; ratios are of medians, above 1 where it is faster, or cheaper, than the base."""
    middle = {name: {key: statistics.median(run[key] for run in result["runs"]) for key in ("rate", "whole", "cpu")} for name, result in case["results"].items()}
    base = middle[case["base"]]
    of = f", {case['count']:,}" if case["count"] else ""
    ceiling = statistics.median(case["ceilings"]) if case.get("ceilings") else None
    yield f"| {case['name']}{of} | {case['unit']}: median (range) | ratio | whole process | ratio | CPU s, ratio |{f" of the ceiling, {figure(ceiling)} |" if ceiling else ""}"
    yield "|---|---|---|---|---|---|" + ("---|" if ceiling else "")
    for name, result in case["results"].items():
        way = f" ({result['way']})" if result["way"] else ""
        rates, wholes = ([run[key] for run in result["runs"]] for key in ("rate", "whole"))
        mine = middle[name]
        yield f"| {name}{way} | {spread(rates)} | {mine['rate'] / base['rate']:.2f} | {spread(wholes)} | {mine['whole'] / base['whole']:.2f} | {base['cpu'] / mine['cpu']:.2f} |{f" {100 * mine['rate'] / ceiling:.0f} % |" if ceiling else ""}"


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release().split('-')[0]}"


def main(spec_file, out):
    with open(spec_file, encoding="utf-8") as file:
        spec = json.load(file)
    load = os.getloadavg()[0]
    cases = [measure(case, spec["rounds"], spec.get("peak")) for case in spec["cases"]]
    versions = sorted({run["versions"] for case in cases for result in case["results"].values() for run in result["runs"] if run["versions"]})
    notes = [*spec["notes"], *(f"Peer: {version}." for version in versions), f"Machine: {machine()}; load before the first run {load:.1f}."]
    text = "\n\n".join("\n".join(table(case)) for case in cases) + "\n\n" + "\n".join(f"- {note}" for note in notes) + "\n"
    with open(out + ".json", "w", encoding="utf-8") as file:
        json.dump({"rounds": spec["rounds"], "notes": notes, "cases": cases}, file, indent=2)
    with open(out + ".md", "w", encoding="utf-8") as file:
        file.write(text)
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
