#!/usr/bin/env bash
# The whole chain on a world drawn on the spot: a teacher is trained, its data is hidden, and one command makes a student
# of a tenth of its size out of nothing but a wild pool of images. Needs only the .NET 10 SDK; the first run fetches packages
# (about 600 MB of libtorch). Everything is written under demo-output/.
# Usage: ./demo.sh
set -euo pipefail
cd "$(dirname "$0")"
command -v dotnet >/dev/null || { echo "demo.sh: the .NET 10 SDK is not on PATH; install it from https://dotnet.microsoft.com/download" >&2; exit 2; }
[ "$(dotnet --version 2>/dev/null | cut -d. -f1)" -ge 10 ] 2>/dev/null || { echo "demo.sh: this needs the .NET SDK 10, found '$(dotnet --version 2>/dev/null || echo none)'; install it from https://dotnet.microsoft.com/download" >&2; exit 2; }
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1

out=demo-output
teacher_spec=vit:img=32,patch=8,dim=96,depth=6,heads=3,classes=10
budget=2000

say() { printf '\n== %s\n' "$*"; }
# The first figure of that name in a JSON summary: the model's own comes before what it is compared with.
field() { grep -oE "\"$1\": ?-?[0-9.eE+-]+" "$2" | head -n 1 | sed -E 's/.*: ?//'; }
percent() { awk -v x="$1" 'BEGIN { printf "%.1f %%", 100 * x }'; }

say "build"
dotnet build src/Cli -c Release -v quiet -clp:NoSummary --nologo
dotnet build samples/ProceduralWorld -c Release -v quiet -clp:NoSummary --nologo
dfkd=$PWD/src/Cli/bin/Release/net10.0/dfkd
draw=$PWD/samples/ProceduralWorld/bin/Release/net10.0/DataFreeKD.ProceduralWorld
started=$SECONDS
rm -rf "$out"
mkdir -p "$out"

say "draw the world: labelled images for the teacher, and a wild pool with few of its kind in it"
"$draw" "$out/world" --train 6000 --test 1000 --familiar 2000 --other 8000 --outliers 1500 --duplicates 200 --broken 20
echo "$(find "$out/world/wild" -type f | wc -l) wild files"

say "train the teacher on its own data"
"$dfkd" train "$out/world/original/train" --model $teacher_spec --steps 1000 --seed 1 -o "$out/teacher"

say "hide that data: from here on only the wild pool and the teacher are used"
mkdir -p "$out/hidden"
mv "$out/world/original" "$out/world/truth.csv" "$out/hidden/"

say "compress: score -> select -> prune -> train -> estimate -> report, all without labels"
"$dfkd" compress "$out/world/wild" --teacher "$out/teacher" --params 0.1 --budget $budget --minutes 0.7 --seed 1 -o "$out/compressed"

say "the same size pruned from random images, to compare"
"$dfkd" select "$out/compressed/scores.csv" --budget $budget --method random --quota none --seed 1 -o "$out/selected-random.csv" --quiet
# The shape that was taken stands before those that were tried.
shape=$(grep -oE '"student": ?"vit:[^"]*"' "$out/compressed/run.json" | head -n 1 | sed -E 's/.*: ?"(.*)"/\1/' || true)
"$dfkd" prune "$out/teacher" "$out/selected-random.csv" --student "$shape" --seed 1 -o "$out/pruned-random"

say "open the hidden data again, only to measure"
test=$out/hidden/original/test
"$dfkd" evaluate "$out/teacher" --data "$test" --json --quiet > "$out/teacher.json"
"$dfkd" evaluate "$out/compressed/pruned" --data "$test" --against "$out/teacher" --json --quiet > "$out/pruned.json"
"$dfkd" evaluate "$out/compressed/student" --data "$test" --against "$out/teacher" --json --quiet > "$out/student.json"
"$dfkd" evaluate "$out/pruned-random" --data "$test" --against "$out/teacher" --json --quiet > "$out/pruned-random.json"
"$dfkd" auroc "$out/compressed/scores.csv" --truth "$out/hidden/truth.csv" --budget $budget > "$out/auroc.txt"
"$dfkd" contact-sheet "$out/compressed/scores.csv" -o "$out/contact-sheet.png" --quiet

# Figures of the table, all read from what the commands above wrote.
row() { # name, evaluation JSON, agreement
    printf '%-38s %8s %12s %12s\n' "$1" "$(percent "$(field top1 "$2")")" "${3:--}" "$(field parameters "$2")"
}
agreement() { percent "$(field agreement "$1")"; }
auroc=$(awk '$1 == "combined" { print $2 }' "$out/auroc.txt")
say "result ($((SECONDS - started)) s)"
printf '%-38s %8s %12s %12s\n' model top-1 agreement parameters
row "teacher (its data is hidden)" "$out/teacher.json"
row "student, pruned, not trained" "$out/pruned.json" "$(agreement "$out/pruned.json")"
row "student, pruned, then trained" "$out/student.json" "$(agreement "$out/student.json")"
row "pruned from random images" "$out/pruned-random.json" "$(agreement "$out/pruned-random.json")"
echo
echo "AUROC of the selection (combined): ${auroc:-not measured}"
echo "best and worst ranked images: $out/contact-sheet.png"
echo "report: $out/compressed/report.html"
