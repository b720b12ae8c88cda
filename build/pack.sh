#!/usr/bin/env bash
# Packs the nine libraries into artifacts/packages.
# Usage: build/pack.sh
set -euo pipefail
cd "$(dirname "$0")/.."
command -v dotnet >/dev/null || { echo "pack.sh: the .NET 10 SDK is not on PATH; install it from https://dotnet.microsoft.com/download" >&2; exit 2; }
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
packages=$PWD/artifacts/packages
# A scratch folder of its own: what a build made in bin/ and obj/ stays as it is.
scratch=$PWD/artifacts/pack-libraries
mkdir -p "$packages" "$scratch"

# An older package of the same version must not pass for a new one.
rm -f "$packages"/DataFreeKD.*.nupkg "$packages"/DataFreeKD.*.snupkg
dotnet pack build/libraries.slnf -c Release -v quiet --nologo -m:1 --artifacts-path "$scratch" -o "$packages" \
    -p:PackScratch="$scratch" -p:ContinuousIntegrationBuild=true -p:TorchBackend=none
du -h "$packages"/*.nupkg
