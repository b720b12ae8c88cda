#!/usr/bin/env bash
# Speed of `dfkd score` beside timm + PIL DataLoader in PyTorch: same images, same model, same cores, alternating rounds.
#   DATA=folder with imagenette224/ and imagenet-sample/   ROUNDS=3  THREADS=2  LIMIT=0 (images a set, 0 for all)  OUT=bench/results/score_vs_pytorch
# Needs tests/peers/setup.sh, and timm (TIMM_PATH or pip).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/bench/common.sh"
ROUNDS=${ROUNDS:-3} THREADS=${THREADS:-2} LIMIT=${LIMIT:-0} BATCH=${BATCH:-64}
OUT=${OUT:-$root/bench/results/score_vs_pytorch}
PYTHON=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$(dirname "$OUT")"

build_dfkd
dotnet build "$root/tests/peers/ExportLogits" -c Release -v q --nologo >"$work/build.log" || { cat "$work/build.log"; exit 1; }
dotnet "$root/tests/peers/ExportLogits/bin/Release/net10.0/DataFreeKD.ExportLogits.dll" make deit_tiny "$work/model"

unpack() { # archive, name: extracts it and keeps LIMIT images
    mkdir -p "$work/$2" && tar xzf "$1" -C "$work/$2"
    [ "$LIMIT" -eq 0 ] || find "$work/$2" -type f | sort | tail -n "+$((LIMIT + 1))" | tr '\n' '\0' | xargs -0 -r rm
}
unpack "$DATA/imagenette224/val1000.tar.gz" imagenette224
unpack "$DATA/imagenet-sample/photos200.tar.gz" photos200

# Both are held to the same cores, whatever helper threads or worker processes they start.
pin=(taskset -c "0-$((THREADS - 1))")
"$PYTHON" - "$work" "$DFKD" "$PYTHON" "$root" "$ROUNDS" "$THREADS" "$BATCH" "${pin[*]}" "$("$DFKD" --version)" <<'PY' >"$work/spec.json"
import json, os, sys
work, dfkd, python, root, rounds, threads, batch, pin, version = sys.argv[1:]
def case(name, label):
    folder = os.path.join(work, name)
    count = sum(len(files) for _, _, files in os.walk(folder))
    tool = [*pin.split(), dfkd, "score", folder, "--teacher", f"{work}/model", "-o", f"{work}/{name}.csv", "--threads", threads, "--batch-size", batch, "--overwrite", "--json"]
    def peer(workers):
        return [*pin.split(), python, f"{root}/bench/peers/score_pytorch.py", f"{work}/model", folder, f"{work}/{name}.peer.csv", "--threads", threads, "--workers", str(workers), "--batch-size", batch]
    return {"name": label, "images": count, "tool": tool, "peers": {f"{n} workers": peer(n) for n in (0, 1, 2)}}
print(json.dumps({"rounds": int(rounds), "cases": [case("imagenette224", "224×224 photographs"), case("photos200", "full-size photographs")], "notes": [
    f"deit_tiny_patch16_224 with random weights, batch {batch}, {threads} threads, both held to {threads} cores by taskset, {rounds} alternating rounds after a warm-up run of each.",
    "dfkd also computes the attention probe of three blocks and the SHA-256 of every file; the peer does not.",
    f"Tool: dfkd {version}."]}))
PY
"$PYTHON" "$root/bench/peers/compare.py" "$work/spec.json" "$OUT"
"$PYTHON" "$root/bench/peers/agree.py" "$work/imagenette224.csv" "$work/imagenette224.peer.csv"
