#!/usr/bin/env bash
# Builds the documentation site into artifacts/site: the pages of docs/ and the API reference from the libraries' XML docs.
# Every warning is an error, so that a page with a broken link is not published. Look at it with: dotnet docfx serve artifacts/site
# Usage: build/site.sh [--no-build]
#   --no-build  takes the Release assemblies of src/Cli as they are, else they are built first
set -euo pipefail
cd "$(dirname "$0")/.."
case ${1:-} in '' | --no-build) ;; *) echo "site.sh: '$1' is not --no-build" >&2; exit 2 ;; esac
command -v dotnet >/dev/null || { echo "site.sh: the .NET 10 SDK is not on PATH; install it from https://dotnet.microsoft.com/download" >&2; exit 2; }
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
# The command's folder holds every library with its XML docs, and the packages that their signatures name.
assemblies=$PWD/src/Cli/bin/Release/net10.0 pages=$PWD/artifacts/site-pages site=$PWD/artifacts/site
[ "${1:-}" = --no-build ] || dotnet build src/Cli -c Release -v quiet -clp:NoSummary --nologo
[ -f "$assemblies/DataFreeKD.Toolkit.xml" ] || { echo "site.sh: $assemblies has no assemblies with XML docs; run build/site.sh without --no-build" >&2; exit 2; }
dotnet tool restore >/dev/null || { echo "site.sh: docfx of .config/dotnet-tools.json could not be restored; see 'dotnet tool restore'" >&2; exit 1; }

# The pages are laid out as in the repository, so that one relative link serves both; the README is the start page.
rm -rf "$pages" "$site"
mkdir -p "$pages" "$pages/tests/peers"
cp -r docs build/site/. "$pages/"
cp README.md "$pages/index.md"
cp SECURITY.md CONTRIBUTING.md CHANGELOG.md LICENSE "$pages/"
cp tests/peers/README.md tests/peers/losses.py "$pages/tests/peers/"
mkdir -p "$pages/samples" && cp -r samples/notebooks "$pages/samples/"
# The README is the start page there.
find "$pages" -name '*.md' -exec sed -i 's#\((\(\.\./\)*\)README\.md\([)\#]\)#\1index.md\3#g' {} +
# The page colours what it takes for a program; commands and their output are none.
find "$pages" -name '*.md' -exec sed -i '/^```/ { s/^```$/```text/; :inside; n; /^```/! b inside }' {} +
sed -i -e "s#ASSEMBLIES#$assemblies#" -e "s#OUTPUT#$site#" "$pages/docfx.json"
{
    printf '# Decisions\n\nEach page has the context of one decision, the decision, and what follows from it.\n\n| | decision |\n|---|---|\n'
    for page in docs/adr/0*.md; do
        sed -nE "1s|^# *([0-9]+)\. (.*)$|\| \1 \| [\2]($(basename "$page")) \||p" "$page"
    done
} >"$pages/docs/adr/index.md"

cd "$pages"
dotnet tool run docfx -- metadata docfx.json --warningsAsErrors --logLevel warning
dotnet tool run docfx -- build docfx.json --warningsAsErrors --logLevel warning
echo "site: $site/index.html ($(find "$site" -name '*.html' | wc -l) pages, $(du -sh "$site" | cut -f1))"
