#!/usr/bin/env bash
# Makes the pictures of docs/pictures from what ./demo.sh left in demo-output/: the best and the worst ranked images, and the
# report page as a browser shows it. The pipeline's diagram (docs/pictures/pipeline.svg) is drawn by hand.
# Usage: build/pictures.sh [COMPRESSED]
#   COMPRESSED  folder of a dfkd compress (default demo-output/compressed)
# Variables: DFKD, the command (default: the Release build); CHROMIUM, the browser (default: chromium on PATH)
set -euo pipefail
cd "$(dirname "$0")/.."
run=${1:-demo-output/compressed} dfkd=${DFKD:-$PWD/src/Cli/bin/Release/net10.0/dfkd} browser=${CHROMIUM:-chromium}
[ -f "$run/scores.csv" ] && [ -f "$run/report.html" ] || { echo "pictures.sh: $run has no scores.csv and report.html; run ./demo.sh first, or name the folder of a dfkd compress" >&2; exit 2; }
[ -x "$dfkd" ] || { echo "pictures.sh: there is no $dfkd; build it (dotnet build src/Cli -c Release) or name it by DFKD" >&2; exit 2; }
command -v "$browser" >/dev/null || { echo "pictures.sh: $browser is not on PATH; install chromium or name a browser by CHROMIUM" >&2; exit 2; }
pictures=$PWD/docs/pictures scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$dfkd" contact-sheet "$run/scores.csv" --count 24 --columns 12 --tile 40 -o "$pictures/best-and-worst.png" --overwrite --quiet
"$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$scratch/profile" --window-size=1180,860 \
    --screenshot="$scratch/report.png" "file://$(realpath "$run/report.html")" 2>"$scratch/log" || { cat "$scratch/log" >&2; exit 1; }
mv "$scratch/report.png" "$pictures/report.png"

# The repository keeps pictures small.
for picture in "$pictures"/*; do
    size=$(stat -c %s "$picture")
    echo "$(basename "$picture") $((size / 1024)) KiB"
    [ "$size" -lt 200000 ] || { echo "pictures.sh: $picture has $size bytes, 200,000 are the most" >&2; exit 1; }
done
