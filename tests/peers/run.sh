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
for kind in deit_tiny deit_tiny_distilled vit_32 resnet18 resnet50 rednet26 tiny_vit_5m_224 tinyvit:img=64,dims=32/64/96/128,depths=1/1/2/1,heads=1/2/3/4; do
    export_logits make "$kind" "$work/model"
    echo "$kind"
    check "$work/model"
    rm -r "$work/model"
done
# The other way: checkpoints of torch.save, with random running statistics, read by the tool.
env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$PYTHON" "$here/family_models.py" make "$work/families"
for checkpoint in "$work"/families/*.pth; do export_logits compare "$checkpoint" "${checkpoint%.pth}.expected.safetensors"; done
for model in "$@"; do check "$model"; done
