#!/usr/bin/env bash
# Formats all C#: CSharpier breaks lines at the width of .csharpierrc.yaml, then dotnet format applies .editorconfig where the two differ.
#   build/format.sh          formats
#   build/format.sh --check  changes nothing; fails where dotnet format would change a file
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
if [ "${1:-}" = --check ]; then exec dotnet format whitespace DataFreeKD.sln --verify-no-changes; fi
dotnet tool restore >/dev/null
dotnet csharpier format src tests samples bench
dotnet format whitespace DataFreeKD.sln
