"""Networks under the names that files have them, with weights by formula, for tests/Models.Tests: names and shapes of the tensors, the config, and timm's logits.

TIMM_PATH=... python3 tests/peers/brought_names.py tests/Models.Tests/Golden/brought_names.json

timm's own names (relative positions, BEiT, parallel branches, learned rotations, no final norm, an attention pooling of its own heads), and Hugging Face's of BEiT and DINOv3,
whose tensors are put where timm's network has the same part: transformers computes with them what timm does (its modeling_beit.py and modeling_dinov3_vit.py, read for that).
"""
import json
import sys
from functools import partial

import torch

from family_models import picture, value
from timm_here import find

SMALL = dict(img_size=32, patch_size=8, embed_dim=24, depth=2, num_heads=3, num_classes=5)
RELPOS = dict(SMALL, init_values=1e-5)


def by_formula(name, shape):
    return torch.from_numpy(value(name, tuple(shape)))


def timms(model):
    """Each tensor under timm's own name."""
    return {name: (name, None) for name in model.state_dict()}


def beit(model):
    """Hugging Face's BEiT: its names, and for each the tensor of timm's that it is, or the rows of one."""
    names = {}
    for name, tensor in model.state_dict().items():
        if name.startswith("blocks."):
            _, number, rest = name.split(".", 2)
            at = f"beit.encoder.layer.{number}."
            rows = 24
            if rest == "attn.qkv.weight":
                for part, key in enumerate(("query", "key", "value")):
                    names[f"{at}attention.attention.{key}.weight"] = (name, (part * rows, rows))
                continue
            table = {"norm1": "layernorm_before", "norm2": "layernorm_after", "attn.proj": "attention.output.dense", "mlp.fc1": "intermediate.dense", "mlp.fc2": "output.dense"}
            exact = {"attn.q_bias": "attention.attention.query.bias", "attn.v_bias": "attention.attention.value.bias", "gamma_1": "lambda_1", "gamma_2": "lambda_2",
                     "attn.relative_position_bias_table": "attention.attention.relative_position_bias.relative_position_bias_table"}
            if rest in exact:
                names[at + exact[rest]] = (name, None)
            else:
                part = next(key for key in table if rest.startswith(key + "."))
                names[at + table[part] + rest[len(part):]] = (name, None)
            continue
        for ours, theirs in (("cls_token", "beit.embeddings.cls_token"), ("pos_embed", "beit.embeddings.position_embeddings"), ("patch_embed.proj", "beit.embeddings.patch_embeddings.projection"), ("rel_pos_bias", "beit.encoder.relative_position_bias"),
                             ("fc_norm", "beit.pooler.layernorm"), ("norm", "beit.layernorm"), ("head", "classifier")):
            if name == ours or name.startswith(ours + "."):
                names[theirs + name[len(ours):]] = (name, None)
                break
    return names


def dinov3(model):
    """Hugging Face's DINOv3ViTModel."""
    names = {}
    gated = any(".fc1_g." in name for name in model.state_dict())
    for name in model.state_dict():
        if name.startswith("head."):
            continue
        if name.startswith("blocks."):
            _, number, rest = name.split(".", 2)
            at = f"layer.{number}."
            kind = rest.rsplit(".", 1)[-1]
            if rest == "attn.qkv.weight":
                for part, key in enumerate("qkv"):
                    names[f"{at}attention.{key}_proj.weight"] = (name, (part * 24, 24))
                continue
            exact = {"attn.q_bias": "attention.q_proj.bias", "attn.v_bias": "attention.v_proj.bias", "gamma_1": "layer_scale1.lambda1", "gamma_2": "layer_scale2.lambda1"}
            part = rest.rsplit(".", 1)[0]
            table = {"norm1": "norm1", "norm2": "norm2", "attn.proj": "attention.o_proj", "mlp.fc1_g": "mlp.gate_proj", "mlp.fc1_x": "mlp.up_proj", "mlp.fc1": "mlp.up_proj", "mlp.fc2": "mlp.down_proj"}
            names[at + (exact[rest] if rest in exact else f"{table[part]}.{kind}")] = (name, None)
            continue
        for ours, theirs in (("cls_token", "embeddings.cls_token"), ("reg_token", "embeddings.register_tokens"), ("patch_embed.proj", "embeddings.patch_embeddings"), ("norm", "norm")):
            if name == ours or name.startswith(ours + "."):
                names[theirs + name[len(ours):]] = (name, None)
                break
    return names


def main(out):
    find()
    from timm.models.beit import Beit
    from timm.models.eva import Eva
    from timm.models.vision_transformer import ParallelScalingBlock, VisionTransformer
    from timm.models.vision_transformer_relpos import ResPostRelPosBlock, VisionTransformerRelPos
    own = {"img_size": 32, "num_heads": 3}
    hf = {"image_size": 32, "num_attention_heads": 3, "patch_size": 8, "hidden_size": 24, "num_hidden_layers": 2}
    dino = dict(SMALL, global_pool="token", use_fc_norm=False, num_reg_tokens=2, init_values=1e-5, use_rot_pos_emb=True, use_abs_pos_emb=False, rope_type="dinov3", rope_temperature=100, rope_rotate_half=True, norm_layer=partial(torch.nn.LayerNorm, eps=1e-5))
    mixed = dict(SMALL, init_values=1e-5, use_rot_pos_emb=True, rope_type="mixed", rope_grid_indexing="xy", rope_temperature=10., attn_type="rope")
    told = {"use_rot_pos_emb": True, "rope_type": "mixed", "rope_grid_indexing": "xy", "global_pool": "avg"}
    # name -> (network, names, config)
    cases = {
        "relpos_mlp": (VisionTransformerRelPos(**RELPOS), timms, {"model_args": own}),
        "relpos_mlp_class_token": (VisionTransformerRelPos(**RELPOS, class_token=True, global_pool="token"), timms, {"model_args": {**own, "global_pool": "token"}}),
        "relpos_mlp_swin": (VisionTransformerRelPos(**RELPOS, rel_pos_type="mlp-swin", fc_norm=True), timms, {"model_args": own}),
        "relpos_shared": (VisionTransformerRelPos(**RELPOS, rel_pos_dim=16, shared_rel_pos=True), timms, {"model_args": own}),
        "relpos_bias": (VisionTransformerRelPos(**RELPOS, rel_pos_type="bias"), timms, {"model_args": own}),
        "relpos_norms_after": (VisionTransformerRelPos(**dict(RELPOS, init_values=None), block_fn=ResPostRelPosBlock), timms, {"model_args": {**own, "block_fn": "ResPostRelPosBlock"}}),
        "beit": (Beit(**SMALL, init_values=.1, use_abs_pos_emb=False, use_rel_pos_bias=True), timms, {"model_args": own}),
        "beit_shared_and_own": (Beit(**SMALL, global_pool="token", use_abs_pos_emb=True, use_rel_pos_bias=True, use_shared_rel_pos_bias=True), timms, {"model_args": {**own, "global_pool": "token"}}),
        "parallel": (VisionTransformer(**SMALL, block_fn=ParallelScalingBlock, pre_norm=True, no_embed_class=True, qk_norm=True, norm_layer="rmsnorm"), timms, {"model_args": {**own, "norm_layer": "rmsnorm", "global_pool": "token"}}),
        "parallel_without_qkv_bias": (VisionTransformer(**SMALL, block_fn=ParallelScalingBlock, qkv_bias=False, init_values=1e-5, global_pool="avg"), timms, {"model_args": {**own, "global_pool": "avg"}}),
        "rope_mixed": (Eva(**mixed, use_abs_pos_emb=False), timms, {"model_args": {**own, **told}}),
        "rope_mixed_beside_positions": (Eva(**mixed), timms, {"model_args": {**own, **told}}),
        "no_final_norm": (VisionTransformer(**SMALL, final_norm=False, init_values=1e-5), timms, {"model_args": {**own, "final_norm": False, "global_pool": "token"}}),
        "pooling_of_two_heads": (Eva(**SMALL, global_pool="map", attn_pool_num_heads=2, attn_type="rope", use_pre_transformer_norm=True, use_rot_pos_emb=True, rope_grid_indexing="xy", ref_feat_shape=(4, 4), norm_layer=partial(torch.nn.LayerNorm, eps=1e-5)), timms,
                                 {"model_args": {**own, "attn_pool_num_heads": 2, "use_rot_pos_emb": True, "rope_grid_indexing": "xy", "ref_feat_shape": [4, 4], "norm_eps": 1e-5}}),
        "pooling_of_all_tokens": (VisionTransformer(**SMALL, class_token=False, reg_tokens=1, global_pool="map", pool_include_prefix=True, init_values=1e-5), timms, {"model_args": {**own, "pool_include_prefix": True}}),
        "hf_beit": (Beit(**SMALL, init_values=.1, use_abs_pos_emb=False, use_rel_pos_bias=True, norm_layer=partial(torch.nn.LayerNorm, eps=1e-12)), beit, {**hf, "model_type": "beit", "architectures": ["BeitForImageClassification"], "use_relative_position_bias": True, "layer_norm_eps": 1e-12, "use_mean_pooling": True, "layer_scale_init_value": 0.1}),
        "hf_beit_shared": (Beit(**SMALL, init_values=.1, global_pool="token", use_abs_pos_emb=False, use_shared_rel_pos_bias=True, norm_layer=partial(torch.nn.LayerNorm, eps=1e-12)), beit, {**hf, "model_type": "beit", "use_shared_relative_position_bias": True, "use_mean_pooling": False}),
        "hf_dinov3": (Eva(**dino), dinov3, {**hf, "model_type": "dinov3_vit", "architectures": ["DINOv3ViTModel"], "rope_theta": 100.0, "num_register_tokens": 2, "key_bias": False, "layer_norm_eps": 1e-5}),
        "hf_dinov3_gated": (Eva(**dino, swiglu_mlp=True), dinov3, {**hf, "model_type": "dinov3_vit", "rope_theta": 100.0, "num_register_tokens": 2, "use_gated_mlp": True, "hidden_act": "silu"}),
    }
    answers = []
    for name, (model, naming, config) in cases.items():
        model.eval()
        names = naming(model)
        state = model.state_dict()
        shapes = {}
        with torch.no_grad():
            if naming is dinov3:
                model.head = torch.nn.Identity()
            for theirs, (ours, rows) in names.items():
                place = state[ours] if rows is None else state[ours][rows[0]:rows[0] + rows[1]]
                place.copy_(by_formula(theirs, place.shape))
                shapes[theirs] = list(place.shape)
            missing = set(state) - {ours for ours, _ in names.values()} - {"head.weight", "head.bias"}
            assert not missing, (name, missing)
            answers.append({"name": name, "config": config, "tensors": shapes, "answer": model(torch.from_numpy(picture(32))).tolist()})
    with open(out, "w") as file:
        json.dump(answers, file)
        file.write("\n")
    print(f"{len(answers)} networks")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1])
