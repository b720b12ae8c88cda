"""Runs the command on every input of shared/cases and holds each to its right answer (shared/cases/README.md).

    python3 tests/peers/cases.py [--dfkd PATH] [--only 22,23]

Prints one row a command: the case, what was run, what came out, its exit code, peak memory in MiB and seconds. Exits 1 where an answer is wrong.
"""
import argparse
import csv
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

root = Path(__file__).resolve().parents[2]
parser = argparse.ArgumentParser()
parser.add_argument("--dfkd", default=str(root / "src/Cli/bin/Release/net10.0/dfkd"))
parser.add_argument("--shared", default=os.environ.get("DFKD_SHARED", str(root.parent / "shared")))
parser.add_argument("--only", default="")
options = parser.parse_args()
cases = Path(options.shared) / "cases"
golden = Path(options.shared) / "data/golden/vit_timm.safetensors"
work = Path(tempfile.mkdtemp())
wrong = 0


class Run:
    """One command, its output, exit code, peak memory and seconds."""

    def __init__(self, *arguments, stop_after=None, cwd=None):
        self.arguments = [str(a) for a in arguments]
        before = time.monotonic()
        log = work / "log"
        with open(log, "wb") as out:
            child = subprocess.Popen([options.dfkd, *self.arguments], stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=cwd)
            if stop_after:
                time.sleep(stop_after)
                child.send_signal(signal.SIGTERM)
            _, status, usage = os.wait4(child.pid, 0)
        self.code = os.waitstatus_to_exitcode(status)
        self.seconds = time.monotonic() - before
        self.memory = usage.ru_maxrss // 1024
        self.text = log.read_text(errors="replace")


def rows(table):
    if not Path(table).exists():
        return []
    with open(table, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def case(number):
    return next(cases.glob(f"{number:02}-*"))


def wanted(number):
    return not options.only or f"{number:02}" in options.only.split(",") or str(number) in options.only.split(",")


def shown(right, run, what, answer):
    global wrong
    wrong += not right
    words = " ".join(a.replace(str(cases) + "/", "").replace(str(work) + "/", "").replace(str(golden), "TEACHER") for a in run.arguments)
    print(f"| {'right' if right else 'WRONG'} | `{words}` | {what if right else repr(answer[-300:])} | {run.code} | {run.memory} | {run.seconds:.1f} |", flush=True)


def inspect(path, *patterns, code=0):
    """What is inspected says each pattern; a refusal is one line without 'unexpected' and without control characters."""
    run = Run("inspect", path)
    right = run.code == code and all(re.search(p, run.text, re.S | re.I) for p in patterns) and "unexpected" not in run.text.lower()
    if code:
        right &= len(run.text.strip().splitlines()) <= 2 and not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", run.text)
    shown(right, run, "; ".join(patterns) or "the model", run.text)


def score(images, teacher, *more, code=0, out="scores.csv"):
    shutil.rmtree(work / "s", ignore_errors=True)
    (work / "s").mkdir()
    run = Run("score", images, "--teacher", teacher, "-o", work / "s" / out, "--quiet", *more)
    return run, rows(work / "s" / out), run.code == code


def crawl(*arguments, code=0, stop_after=None):
    shutil.rmtree(work / "store", ignore_errors=True)
    run = Run("crawl", *arguments, "-o", work / "store", stop_after=stop_after)
    return run, rows(work / "store/manifest.csv"), run.code == code


def addresses(source, count):
    """A dry run names every address, whatever it may say of each (there is no network where tests run)."""
    run = Run("crawl", source, "-o", work / "store", "--dry-run")
    shown(run.code == 0 and len(re.findall(r"\thttps?://", run.text)) == count, run, f"{count} addresses", run.text)


def statuses(table):
    return sorted(f"{row['status']}/{row['reason']}" if row.get("reason") else row["status"] for row in table)


def figures(table):
    return [row["entropy"] for row in table]


print("| | command | answer | exit code | MiB | s |\n|---|---|---|---|---|---|")
if wanted(1):
    # The links are laid as in Hugging Face's cache.
    inspect(case(1) / "snapshots/rev", "parameters")
if wanted(2):
    pool = work / "fifo/pool"
    pool.mkdir(parents=True)
    os.mkfifo(pool / "f.jpg")
    shutil.copy(case(3) / "img/0.png", pool)
    run, table, right = crawl(pool)
    shown(right and "failed/not_a_file" in statuses(table), run, "a row not_a_file", str(statuses(table)) + run.text)
    run, table, right = score(pool, golden)
    shown(right and "failed/not_a_file" in statuses(table), run, "a row not_a_file", str(statuses(table)) + run.text)
for number, first, second, equal in ((3, "gelu", "act_layer", False), (5, "token", "avg_no_fc_norm", False), (6, "both.pth", "plain.pth", True)):
    if wanted(number):
        one, a, right = score(case(number) / "img", case(number) / first)
        shown(right and len(a) == 3, one, "3 rows", one.text)
        two, b, right = score(case(number) / "img", case(number) / second)
        refused = two.code == 2
        shown((right and (figures(a) == figures(b)) == equal) or (refused and not equal), two, "the same figures" if equal else "other figures", two.text)
if wanted(6):
    inspect(case(6) / "both.pth", "ema")
if wanted(7):
    inspect(case(7) / "model_best.pth.tar", r"0\.5", r"arch", r"args")
if wanted(8):
    inspect(case(8) / "args_heads4.pth", r"heads.{0,40}4", r"args")
if wanted(9):
    for file in sorted(case(9).glob("*.pth")):
        inspect(file, "parameters")
if wanted(10):
    for file in sorted([*case(10).glob("*.pth"), *case(10).glob("*.ckpt")]):
        inspect(file, "parameters", "the weights are those under")
if wanted(11):
    inspect(case(11) / "deit_one_head", "deit")
    inspect(case(11) / "dinov2_cls", "dinov2")
if wanted(12):
    inspect(case(12) / "legacy.pth", "parameters|torch.load")
    inspect(case(12) / "sharded", "parameters")
if wanted(13):
    run, table, right = score(case(13) / "img", case(13) / "nan.pth", code=2)
    shown(right and "blocks.1.norm1.weight" in run.text, run, "blocks.1.norm1.weight is not finite", run.text)
if wanted(14):
    for file in sorted(case(14).glob("*.parquet")):
        addresses(file, {"02": 2}.get(file.name[:2], 1))
if wanted(15):
    for source in (case(15) / "meta", str(case(15) / "meta/*.parquet")):
        addresses(source, 2)
if wanted(16):
    for file in sorted([*case(16).glob("*.csv"), *case(16).glob("*.tsv")]):
        run, table, right = score(file, golden)
        shown(right and statuses(table) == ["ok"], run, "its image is scored", run.text)
if wanted(17):
    run, table, right = crawl(case(17) / "pool")
    found = {Path(row.get("source") or row.get("path") or "").name: f"{row['status']}/{row['reason']}" for row in table}
    text = str(statuses(table))
    shown(right and len(table) == 5 and statuses(table).count("ok") >= 2 and "heic" in text, run, text, text + run.text)
if wanted(18):
    for file, reason in (("wd_really_gz.tar", "ok"), ("enc.zip", "failed/encrypted")):
        run, table, right = crawl(case(18) / file, code=0 if reason == "ok" else 1)
        shown(right and reason in statuses(table), run, reason, str(statuses(table)) + run.text)
if wanted(19):
    run, table, right = crawl(case(19) / "wd.tar")
    filled = [name for name in ("caption", "label", "metadata") if any(row.get(name) for row in table)]
    shown(right and "caption" in filled and "label" in filled, run, f"filled: {filled}", str(table[:1]) + run.text)
if wanted(20):
    run = Run("crawl", case(20) / "wrong_key.jsonl", "-o", work / "store", "--dry-run")
    shown(run.code == 2 and "unexpected" not in run.text, run, "one error", run.text)
    addresses(case(20) / "columns.json", 1)
    addresses(case(20) / "repeated.csv", 2)
if wanted(21):
    run, table, right = score(case(21) / "snap", golden, "--follow-links")
    shown(right and "ok" in statuses(table), run, "scored", run.text)
    run, table, right = score(case(21) / "snap", golden, code=1)
    shown(right, run, "exit 1 where nothing else was there", run.text)
if wanted(22):
    inspect(case(22) / "shapebomb_100000_2000.pth", "dimensions|claims", code=2)
if wanted(23):
    run, table, right = crawl(case(23) / "ov40.zip", code=1)
    shown(right and "failed/overlapping_members" in statuses(table), run, str(set(statuses(table))), run.text)
if wanted(24):
    run, table, right = crawl(case(24) / "g10000.gif", code=1)
    shown(right and statuses(table) == ["failed/too_many_pixels"], run, str(statuses(table)), run.text)
if wanted(25):
    run, table, right = crawl(case(25) / "a.png", case(25) / "b.jpg")
    shown(right and len(table) == 2 and "ok" in statuses(table), run, str(statuses(table)), run.text)
if wanted(26):
    inspect(case(26) / "t", "num_hidden_layers", code=2)
if wanted(27):
    run, table, right = score(case(3) / "img", case(27) / "cfg_pc_std_tiny.safetensors", code=2)
    shown(right and "deviation" in run.text, run, "refused by name", run.text)
if wanted(28):
    run, table, right = crawl(case(28) / "s300.jpg", code=1)
    shown(right and statuses(table) == ["failed/too_many_scans"], run, str(statuses(table)), run.text)
    run, table, right = score(case(28) / "s300.jpg", golden, code=1)
    shown(right and statuses(table) == ["failed/too_many_scans"], run, str(statuses(table)), run.text)
if wanted(29):
    inspect(case(29) / "crc.pth", "checksum", code=2)
if wanted(30):
    inspect(case(30) / "control_chars_global.pth", r"u001b", code=2)
if wanted(31):
    run = Run("run", case(31) / "y.yaml")
    shown(run.code == 2 and len(run.text.strip().splitlines()) == 1, run, "one line", run.text)
if wanted(32):
    for file in sorted(case(32).glob("*.safetensors")):
        inspect(file, "no valid JSON|impossible shape", code=2)
shutil.rmtree(work)
print(f"{wrong} wrong")
sys.exit(wrong > 0)
