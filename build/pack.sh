#!/usr/bin/env bash
# Packs the libraries, and the dfkd tool for this machine's platform, into artifacts/packages.
# Usage: build/pack.sh [all|libraries|tool|tool-cuda]
#   tool-cuda   the tool with the CUDA libtorch, as dfkd-cuda; ONNX_CUDA=1 takes ONNX Runtime with CUDA instead
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-all}
case $what in all | libraries | tool | tool-cuda) ;; *) echo "pack.sh: '$what' is none of all, libraries, tool, tool-cuda" >&2; exit 2 ;; esac
command -v dotnet >/dev/null || { echo "pack.sh: the .NET 10 SDK is not on PATH; install it from https://dotnet.microsoft.com/download" >&2; exit 2; }
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
packages=$PWD/artifacts/packages
mkdir -p "$packages"

pack() { # project or solution, scratch folder, further arguments; what a build made in bin/ and obj/ stays as it is
    local project=$1 scratch=$PWD/artifacts/$2
    shift 2
    mkdir -p "$scratch"
    dotnet pack "$project" -c Release -v quiet --nologo -m:1 --artifacts-path "$scratch" -o "$packages" \
        -p:PackScratch="$scratch" -p:ContinuousIntegrationBuild=true "$@"
}

# An older package of the same version must not pass for a new one.
if [ "$what" = all ] || [ "$what" = libraries ]; then
    rm -f "$packages"/DataFreeKD.*.nupkg "$packages"/DataFreeKD.*.snupkg
    pack build/libraries.slnf pack-libraries -p:TorchBackend=none
fi
# Two packages: dfkd names the platforms, dfkd.PLATFORM has the program and that platform's native parts.
platform=$(dotnet --info | sed -nE 's/^ *RID: *([^ ]+)$/\1/p' | head -n 1)
if [ "$what" = all ] || [ "$what" = tool ]; then
    rm -f "$packages"/dfkd.*.nupkg "$packages"/dfkd.*.snupkg
    pack src/Cli/Cli.csproj pack-tool -p:ToolPlatform="$platform"
fi
if [ "$what" = tool-cuda ]; then
    rm -f "$packages"/dfkd-cuda.*.nupkg
    backend=TorchBackend
    [ "${ONNX_CUDA:-0}" = 0 ] || backend=OnnxBackend
    pack src/Cli/Cli.csproj pack-tool-cuda -p:ToolPlatform="$platform" "-p:$backend=cuda"
fi
du -h "$packages"/*.nupkg
