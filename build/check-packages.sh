#!/usr/bin/env bash
# Uses the packages of artifacts/packages as a stranger does: a clean HOME, an empty package cache, no word of this repository.
#   the tool: installed, then --version, inspect and score
#   the libraries: a new console project that references DataFreeKD.Toolkit runs the program of docs/library.md
# Other packages (libtorch, 600 MB) come from the feeds of the machine's own NuGet configuration.
# Usage: build/check-packages.sh [all|libraries|tool] [MODEL IMAGES]
#   MODEL and IMAGES of your own; else a small teacher and images are made, with the dfkd that was installed or built.
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-all} model=${2:-} images=${3:-}
case $what in all | libraries | tool) ;; *) echo "check-packages.sh: '$what' is none of all, libraries, tool" >&2; exit 2 ;; esac
packages=$PWD/artifacts/packages root=$PWD
ls "$packages"/*.nupkg >/dev/null 2>&1 || { echo "check-packages.sh: no packages in $packages; run build/pack.sh first" >&2; exit 2; }
configuration=$(ls "$HOME"/.nuget/NuGet/NuGet.Config 2>/dev/null || true)
[ -z "$model" ] || model=$(realpath "$model")
[ -z "$images" ] || images=$(realpath "$images")

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
step() { # says what is done and how long it took; fails with all that was said
    local name=$1 start=$EPOCHREALTIME
    shift
    "$@" >"$place/log" 2>&1 || { echo "FAILED: $name" >&2; cat "$place/log" >&2; exit 1; }
    awk -v name="$name" -v from="$start" -v to="$EPOCHREALTIME" 'BEGIN { printf "%-44s %6.1f s\n", name, to - from }'
}

# The samples' own world: images, and a teacher of two blocks trained for a moment.
if [ -z "$model" ]; then
    world=$root/samples/ProceduralWorld/bin/Release/net10.0/DataFreeKD.ProceduralWorld dfkd=$root/src/Cli/bin/Release/net10.0/dfkd
    [ -x "$world" ] && [ -x "$dfkd" ] || { echo "check-packages.sh: build the solution first (dotnet build -c Release), or name MODEL and IMAGES" >&2; exit 2; }
    step "drawing images" "$world" "$place/world" --train 100 --test 10 --familiar 20 --other 20 --outliers 5 --duplicates 2 --broken 2
    step "training a teacher" "$dfkd" train "$place/world/original/train" --model vit:img=32,patch=8,dim=32,depth=4,heads=2 -o "$place/teacher" --steps 5 --batch-size 16
    model=$place/teacher images=$place/world/wild
fi

export HOME=$place/home NUGET_PACKAGES=$place/cache DOTNET_CLI_HOME=$place/home DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
mkdir -p "$HOME/.nuget/NuGet"
[ -z "$configuration" ] || cp "$configuration" "$HOME/.nuget/NuGet/NuGet.Config"
cd "$place"

if [ "$what" != libraries ]; then
    step "dotnet tool install dfkd" dotnet tool install dfkd --tool-path "$place/tools" --add-source "$packages"
    step "dfkd --version" "$place/tools/dfkd" --version
    echo "  $(cat log)"
    step "dfkd inspect" "$place/tools/dfkd" inspect "$model"
    step "dfkd score" "$place/tools/dfkd" score "$images" --teacher "$model" -o tool.csv --quiet
    [ "$(wc -l <tool.csv)" -gt 1 ] || { echo "FAILED: dfkd score wrote no rows" >&2; exit 1; }
    echo "  $(($(wc -l <tool.csv) - 1)) rows; the tool is $(du -sh "$place/tools" | cut -f1) on disk"
fi

if [ "$what" != tool ]; then
    mkdir use && cd use
    version=$(basename "$packages"/DataFreeKD.Toolkit.*.nupkg .nupkg) version=${version#DataFreeKD.Toolkit.}
    libtorch=$(sed -nE 's/.*"libtorch-cpu-linux-x64" Version="([^"]+)".*/\1/p' "$root/Directory.Packages.props")
    case $(uname -s)-$(uname -m) in
        Linux-x86_64) platform=linux-x64 ;;
        Darwin-arm64) platform=osx-arm64 ;;
        *) echo "check-packages.sh: there is no libtorch package for $(uname -s) $(uname -m)" >&2; exit 2 ;;
    esac
    cat >Use.csproj <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <Nullable>enable</Nullable>
    <ImplicitUsings>enable</ImplicitUsings>
    <RestoreAdditionalProjectSources>$packages</RestoreAdditionalProjectSources>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="DataFreeKD.Toolkit" Version="$version" />
    <PackageReference Include="libtorch-cpu-$platform" Version="$libtorch" />
  </ItemGroup>
</Project>
PROJECT
    cp "$root/samples/InMemory/Program.cs" .
    step "building a project on the libraries" dotnet build -c Release -v quiet --nologo -m:1
    step "score, select, prune and evaluate in it" bin/Release/net10.0/Use "$model" "$images" student
    echo "  $(tail -n 1 "$place/log")"
    [ -s student/model.safetensors ] || { echo "FAILED: there is no student" >&2; exit 1; }
fi
echo "all packages work"
