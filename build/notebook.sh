#!/usr/bin/env bash
# Runs samples/notebooks/score-look-prune.ipynb on the libraries of artifacts/packages and keeps the outputs in the file.
# Needs python3, the packages of `build/pack.sh libraries`, and the teacher and the pool that ./demo.sh leaves in demo-output/.
# Usage: build/notebook.sh
set -euo pipefail
cd "$(dirname "$0")/.."
command -v python3 >/dev/null || { echo "notebook.sh: python3 is not on PATH" >&2; exit 2; }
ls artifacts/packages/DataFreeKD.Toolkit.*.nupkg >/dev/null 2>&1 || { echo "notebook.sh: no packages in artifacts/packages; run build/pack.sh libraries first" >&2; exit 2; }
[ -d demo-output/teacher ] && [ -d demo-output/world/wild ] || { echo "notebook.sh: demo-output/ has no teacher and pool; run ./demo.sh first" >&2; exit 2; }
export DOTNET_INTERACTIVE_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 OMP_WAIT_POLICY=passive
# A cache of its own: packages of one version that were built anew must not be mistaken for the old ones.
export NUGET_PACKAGES=$PWD/artifacts/notebook-cache
rm -rf "$NUGET_PACKAGES"/datafreekd.*
dotnet tool restore >/dev/null
# A notebook has no build, so the cure for libstdc++ older than GCC 13's (docs/adr/0002) is taken from a program that was built.
native=$PWD/src/Cli/bin/Release/net10.0/runtimes/linux-x64/native
[ ! -f "$native/libLibTorchSharp.so" ] || export LD_LIBRARY_PATH=$native${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
cd samples/notebooks
python3 ../../build/notebook.py score-look-prune.ipynb
