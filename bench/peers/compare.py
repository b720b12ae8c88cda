"""Runs two commands in turn over several rounds and tabulates both: see bench/score_vs_pytorch.sh, which calls it.

usage: compare.py SPEC.json OUT_BASE   (writes OUT_BASE.json and OUT_BASE.md)
SPEC: {"rounds": n, "cases": [{"name", "images", "tool": [argv], "peers": {"0 workers": [argv], ...}}], "notes": [...]}
Every argv prints a JSON object with seconds on its last stdout line; the last element of the tool's argv may hold {n}.
"""
import json
import os
import statistics
import subprocess
import sys
import time

# Set where another tool asked for them; they would slow the peer's BLAS down.
PEER_DROPS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def run(argv, drop=()):
    """(in-process seconds, wall seconds, the printed object) of one run."""
    environment = {name: value for name, value in os.environ.items() if name not in drop}
    start = time.perf_counter()
    done = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wall = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"exit code {done.returncode} from {' '.join(argv)}\n{done.stderr[-2000:]}")
    printed = json.loads(done.stdout.strip().splitlines()[-1])
    return printed["seconds"], wall, printed


def spread(values):
    return f"{statistics.median(values):.1f} ({min(values):.1f}–{max(values):.1f})"


def measure(case, rounds):
    """Warms the caches, lets the peer choose its best number of workers, then alternates."""
    run(case["tool"])
    tried = {name: run(argv, PEER_DROPS) for name, argv in case["peers"].items()}
    best = min(tried, key=lambda name: tried[name][1])
    tool, peer = [], []
    for index in range(rounds):
        tool.append(run(case["tool"]))
        peer.append(run(case["peers"][best], PEER_DROPS))
        print(f"{case['name']} round {index + 1}: tool {case['images'] / tool[-1][0]:.1f}, peer ({best}) {case['images'] / peer[-1][0]:.1f} images/s", file=sys.stderr, flush=True)
    return {
        "name": case["name"],
        "images": case["images"],
        "peer_workers": best,
        "peer_tried_wall_seconds": {name: result[1] for name, result in tried.items()},
        "tool_seconds": [result[0] for result in tool],
        "tool_wall_seconds": [result[1] for result in tool],
        "peer_seconds": [result[0] for result in peer],
        "peer_wall_seconds": [result[1] for result in peer],
        "peer_versions": peer[-1][2]["versions"],
    }


def main(spec_file, out):
    with open(spec_file, encoding="utf-8") as file:
        spec = json.load(file)
    results = [measure(case, spec["rounds"]) for case in spec["cases"]]
    lines = ["| images | clock | dfkd, images/s: median (range) | PyTorch, images/s: median (range) | ratio of medians |", "|---|---|---|---|---|"]
    for result in results:
        for clock, key in (("in process", "seconds"), ("whole process", "wall_seconds")):
            tool = [result["images"] / seconds for seconds in result["tool_" + key]]
            peer = [result["images"] / seconds for seconds in result["peer_" + key]]
            lines.append(f"| {result['name']} ({result['images']}) | {clock} | {spread(tool)} | {spread(peer)}, {result['peer_workers']} | {statistics.median(tool) / statistics.median(peer):.2f} |")
    lines += [""] + [f"- {note}" for note in spec["notes"]] + [f"- Peer: {results[-1]['peer_versions']}."]
    table = "\n".join(lines) + "\n"
    with open(out + ".md", "w", encoding="utf-8") as file:
        file.write(table)
    with open(out + ".json", "w", encoding="utf-8") as file:
        json.dump({"rounds": spec["rounds"], "notes": spec["notes"], "cases": results}, file, indent=2)
    print(table)


if __name__ == "__main__":
    main(*sys.argv[1:])
