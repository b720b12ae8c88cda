"""Runs both trainings in turn over several rounds and tabulates steps a second: see bench/train_vs_pytorch.sh, which calls it.

usage: compare_training.py SPEC.json OUT_BASE   (writes OUT_BASE.json and OUT_BASE.md)
SPEC: {"rounds": n, "lock": path or "", "cases": [{"name", "steps", "batch", "tool": [argv], "peers": {"0 workers": [argv], ...}}], "notes": [...]}
CPU seconds are those of the whole process and its children: they are little moved by what else the machine does.
"""
import fcntl
import json
import os
import resource
import statistics
import subprocess
import sys
import time

# Set where another tool asked for them; they would slow the peer's BLAS down.
PEER_DROPS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def run(argv, steps, batch, drop=()):
    """Seconds of the steps alone, of the whole process, and CPU seconds of the whole process."""
    environment = {name: value for name, value in os.environ.items() if name not in drop}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"exit code {done.returncode} from {' '.join(argv)}\n{done.stderr[-2000:]}")
    printed = json.loads(done.stdout[done.stdout.index("{"):])
    # dfkd counts images a second over its steps, without decoding.
    of_steps = printed["step_seconds"] if "step_seconds" in printed else steps * batch / printed["images_per_second"]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"steps": of_steps, "wall": wall, "cpu": cpu, "printed": printed}


def measure(case, rounds):
    """The peer chooses its best number of workers by CPU seconds and wall, the tool warms the caches; then both alternate."""
    steps, batch = case["steps"], case["batch"]
    run(case["tool"], steps, batch)
    peers = case["peers"]
    tried = {name: run(argv, steps, batch, PEER_DROPS) for name, argv in peers.items()} if len(peers) > 1 else {}
    best = min(tried, key=lambda name: tried[name]["steps"]) if tried else next(iter(peers))
    tool, peer = [], []
    for index in range(rounds):
        tool.append(run(case["tool"], steps, batch))
        peer.append(run(peers[best], steps, batch, PEER_DROPS))
        print(f"{case['name']} round {index + 1}: tool {steps / tool[-1]['steps']:.3f}, peer ({best}) {steps / peer[-1]['steps']:.3f} steps/s; CPU s {tool[-1]['cpu']:.1f}, {peer[-1]['cpu']:.1f}", file=sys.stderr, flush=True)
    return {"name": case["name"], "step_count": steps, "batch": batch, "peer_workers": best, "peer_tried": tried, "tool": tool, "peer": peer}


def spread(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def rows(result):
    count, workers = result["step_count"], result["peer_workers"]
    for label, key in (("steps alone, steps/s", "steps"), ("whole process, steps/s", "wall")):
        tool, peer = ([count / run[key] for run in result[side]] for side in ("tool", "peer"))
        yield f"| {result['name']} | {label} | {spread(tool, 3)} | {spread(peer, 3)}, {workers} | {statistics.median(tool) / statistics.median(peer):.2f} |"
    tool, peer = ([run["cpu"] / count for run in result[side]] for side in ("tool", "peer"))
    yield f"| {result['name']} | whole process, CPU s a step | {spread(tool, 3)} | {spread(peer, 3)}, {workers} | {statistics.median(peer) / statistics.median(tool):.2f} |"


def main(spec_file, out):
    with open(spec_file, encoding="utf-8") as file:
        spec = json.load(file)
    # Other measurements of the machine wait, where they use the same lock.
    lock = open(spec["lock"], "w", encoding="utf-8") if spec["lock"] else None
    if lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    results = [measure(case, spec["rounds"]) for case in spec["cases"]]
    lines = ["| training | figure | dfkd: median (range) | PyTorch: median (range) | ratio of medians, above 1: dfkd is faster |", "|---|---|---|---|---|"]
    lines += [row for result in results for row in rows(result)]
    lines += [""] + [f"- {note}" for note in spec["notes"]] + [f"- Peer: {results[-1]['peer'][-1]['printed']['versions']}."]
    table = "\n".join(lines) + "\n"
    with open(out + ".md", "w", encoding="utf-8") as file:
        file.write(table)
    with open(out + ".json", "w", encoding="utf-8") as file:
        json.dump({"rounds": spec["rounds"], "notes": spec["notes"], "cases": results}, file, indent=2)
    print(table)


if __name__ == "__main__":
    main(*sys.argv[1:])
