#!/usr/bin/env bash
# Every peer check: model directories of this tool must load in timm with strict=True and give the same logits.
# Further model directories may be given as arguments, e.g. a student that `dfkd distill` wrote.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
PYTHON=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet build "$here/ExportLogits" -c Release -v q --nologo >"$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
export_logits() { dotnet "$here/ExportLogits/bin/Release/net10.0/DataFreeKD.ExportLogits.dll" "$@"; }
check() {
    export_logits logits "$1" "$work/logits.safetensors"
    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$PYTHON" "$here/check_student.py" "$1" "$work/logits.safetensors"
}
for kind in deit_tiny deit_tiny_distilled vit_32; do
    export_logits make "$kind" "$work/$kind"
    check "$work/$kind"
done
for model in "$@"; do check "$model"; done
