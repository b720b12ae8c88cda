#!/usr/bin/env bash
# Writes each library's public API anew into src/NAME/PublicAPI.Unshipped.txt, from any state of the files. Read the difference before committing it.
# PublicAPI.Shipped.txt holds what a release has promised; before the first release it is empty.
# Usage: build/public-api.sh
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
projects=$(sed -nE 's|.*"src\\\\[^\\]+\\\\([A-Za-z]+)\.csproj".*|\1|p' build/libraries.slnf)
for name in $projects; do
    echo '#nullable enable' >"src/$name/PublicAPI.Unshipped.txt"
    [ -e "src/$name/PublicAPI.Shipped.txt" ] || echo '#nullable enable' >"src/$name/PublicAPI.Shipped.txt"
done
dotnet restore build/libraries.slnf -v quiet
# What an API promised and no longer has stays for a person to resolve: the build names it (RS0017).
for name in $projects; do
    dotnet format analyzers "src/$name/$name.csproj" --diagnostics RS0016 --severity warn --no-restore --verbosity minimal
    file=src/$name/PublicAPI.Unshipped.txt
    { echo '#nullable enable'; sed -e 's/\r$//' -e '1s/^\xEF\xBB\xBF//' "$file" | grep -v -e '^#nullable enable$' -e '^$' | sort -u || true; } >"$file.new"
    mv "$file.new" "$file"
    echo "$(($(wc -l <"$file") - 1)) $file"
done
