"""Expected logits and probe rows of timm's less usual Vision Transformers with weights by formula, for tests/Models.Tests.

TIMM_PATH=... python3 tests/peers/vit_shapes.py tests/Models.Tests/Golden/vit_shapes.json
"""
import json
import sys

import torch

from checkpoints import probes
from family_models import picture, value
from timm_here import find

SMALL = dict(img_size=32, patch_size=8, embed_dim=24, depth=2, num_heads=3, num_classes=5)
SPEC = "vit:img=32,patch=8,dim=24,depth=2,heads=3,classes=5"

# name -> (our spec, timm's arguments)
SHAPES = {
    "plain": ("", {}),
    "quick_gelu": (",act=quick_gelu", dict(act_layer="quick_gelu")),
    "gelu_tanh": (",act=gelu_tanh", dict(act_layer="gelu_tanh")),
    "relu": (",act=relu", dict(act_layer="relu")),
    "silu": (",act=silu", dict(act_layer="silu")),
    "average": (",pool=avg,fcnorm", dict(global_pool="avg")),
    "average_normed_before": (",pool=avg", dict(global_pool="avg", fc_norm=False)),
    "average_no_class_token": (",pool=avg,fcnorm,nocls", dict(global_pool="avg", class_token=False)),
    "average_registers": (",pool=avg,fcnorm,nocls,registers=3,noembedclass,layerscale", dict(global_pool="avg", class_token=False, reg_tokens=3, no_embed_class=True, init_values=1e-5)),
    "map": (",pool=map,nocls", dict(global_pool="map", class_token=False, fc_norm=False)),
    "map_tanh": (",pool=map,nocls,act=gelu_tanh", dict(global_pool="map", class_token=False, fc_norm=False, act_layer="gelu_tanh")),
    "token_fc_norm": (",fcnorm", dict(global_pool="token", fc_norm=True)),
    "qk_norm": (",qknorm", dict(qk_norm=True)),
    "post_norm": (",pool=avg,fcnorm,nocls,postnorm", dict(global_pool="avg", class_token=False, block_fn="post")),
}

# eva.py: rotary positions, norms inside, SwiGLU in parts, biases of q and v alone
EVA = {
    "eva": (",pool=avg,fcnorm", dict()),
    "eva02_packed": (",mlp=2,swiglu,pool=avg,fcnorm,rope=10000/7/0/ij/neighbours", dict(swiglu_mlp=True, mlp_ratio=2, use_rot_pos_emb=True, ref_feat_shape=(7, 7))),
    "eva02_normed": (",mlp=2,swiglu,fcnorm,attnnorm,mlpnorm,rope=10000/7/0/ij/neighbours", dict(global_pool="token", use_fc_norm=True, qkv_fused=False, swiglu_mlp=True, mlp_ratio=2, scale_mlp=True, scale_attn_inner=True, use_rot_pos_emb=True, ref_feat_shape=(7, 7))),
    "dinov3": (",registers=2,layerscale,noqkvbias,nopos,rope=100/0/0/ij/halves/centred", dict(global_pool="token", use_fc_norm=False, qkv_bias=False, num_reg_tokens=2, init_values=1e-5, use_rot_pos_emb=True, use_abs_pos_emb=False, rope_type="dinov3", rope_temperature=100, rope_rotate_half=True)),
    "rope_columns_first": (",prenorm,pool=avg,rope=10000/5/1/xy/neighbours", dict(use_fc_norm=False, use_pre_transformer_norm=True, use_rot_pos_emb=True, rope_grid_offset=1., rope_grid_indexing="xy", ref_feat_shape=(5, 5))),
}


def fill(model):
    """Weights by formula, under this toolkit's names: one map of q, k and v, one of a SwiGLU's halves."""
    state = model.state_dict()
    width = 24
    for key, tensor in state.items():
        name = key.replace("gamma_1", "ls1.gamma").replace("gamma_2", "ls2.gamma")
        parts = {"q_proj": 0, "k_proj": 1, "v_proj": 2, "q_bias": 0, "v_bias": 2, "fc1_g": 0, "fc1_x": 1}
        part = next((each for each in parts if f".{each}" in name), None)
        if part is None:
            whole = value(name, tuple(tensor.shape))
        elif part.endswith("_bias"):
            whole = value(name.replace(part, "qkv.bias"), (3 * width,))
        else:
            count = 2 if part.startswith("fc1") else 3
            whole = value(name.replace(part, "fc1" if count == 2 else "qkv"), (count * tensor.shape[0], *tensor.shape[1:]))
        whole = torch.from_numpy(whole)
        if part is not None:
            rows = tensor.shape[0]
            whole = whole[parts[part] * rows:(parts[part] + 1) * rows]
        tensor.copy_(whole)
    # EVA's keys have no bias; ours is of the formula, and rotated keys feel it.
    for number, block in enumerate(model.blocks):
        attention = block.attn
        if getattr(attention, "q_bias", None) is None and getattr(attention, "q_proj", None) is None:
            continue
        keys = torch.from_numpy(value(f"blocks.{number}.attn.qkv.bias", (3 * width,)))[width:2 * width]
        if attention.qkv is None:
            attention.k_proj.bias = torch.nn.Parameter(keys)
        else:
            attention.k_bias.copy_(keys)


def main(out):
    find()
    from timm.models.eva import Eva
    from timm.models.vision_transformer import ResPostBlock, VisionTransformer
    answers = []
    for name, (keys, arguments) in SHAPES.items():
        if arguments.get("block_fn") == "post":
            arguments = {**arguments, "block_fn": ResPostBlock}
        model = VisionTransformer(**{**SMALL, **arguments}).eval()
        with torch.no_grad():
            for key, tensor in model.state_dict().items():
                tensor.copy_(torch.from_numpy(value(key, tuple(tensor.shape))))
            pixels = torch.from_numpy(picture(32))
            answers.append({"name": name, "spec": SPEC + keys, "logits": model(pixels).tolist(), "probes": probes(model, pixels).tolist()})
    for name, (keys, arguments) in EVA.items():
        model = Eva(**{**SMALL, **arguments}).eval()
        with torch.no_grad():
            fill(model)
            pixels = torch.from_numpy(picture(32))
            answers.append({"name": name, "spec": SPEC + keys, "logits": model(pixels).tolist(), "probes": probes(model, pixels).tolist()})
    with open(out, "w") as file:
        json.dump(answers, file)
        file.write("\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1])
