#!/usr/bin/env bash
# Installs what the peers run on (Debian's PyTorch with a fast BLAS). Does nothing where all of it is there.
set -euo pipefail
packages=(python3-torch python3-torchvision python3-pil python3-numpy python3-yaml libopenblas0-openmp)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    sudo=(); [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get update -q
    "${sudo[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}"
fi
PYTHON=${PYTHON:-/usr/bin/python3}
here=$(cd "$(dirname "$0")" && pwd)
"$PYTHON" "$here/timm_here.py"
