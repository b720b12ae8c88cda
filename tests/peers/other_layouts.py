"""Counterparts of timm's Vision Transformers in other libraries' layouts, at depth 2 with random weights; the reader is held against timm.

TIMM_PATH=... [PHOTOS=DIR] python3 tests/peers/other_layouts.py OUT [PART/PARTS] [GLOB...]   writes models and expected.tsv
ExportLogits checkpoints OUT/expected.tsv                                                   reads each: right, refused by name, or wrong

3/8 is the third of eight parts, each name in one of them. transformers' layouts state their width and heads, so that the networks are narrowed to 16 numbers a head;
Lightning's files have the name alone to tell heads, and keep timm's width: those of more than 40 million parameters at depth 2 are left out unless FULL is set.

For each name of vision_transformer.py, deit.py, beit.py and DINOv3's of eva.py that transformers has a class for: config.json and
preprocessor_config.json as its save_pretrained writes them, and the tensors under its names, as model.safetensors, pytorch_model.bin or shards
with an index, in turn. torchvision's own class computes the answers to its files. Lightning's are .ckpt files of every name, with a trainer's company.
transformers is not asked: names and what its classes compute are from its modeling files (vit, deit, dinov2, dinov2_with_registers, clip, siglip, beit,
data2vec, dinov3_vit, ijepa, vit_mae, vit_msn), and the answers are computed by timm's parts in that order.
"""
import argparse
import fnmatch
import json
import os
import sys
import zlib

import torch

from checkpoints import disturb, images, timm, without_starts, write

LABELS = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay"]
ACTIVATIONS = {"GELU": "gelu", "GELUTanh": "gelu_pytorch_tanh", "QuickGELU": "quick_gelu"}


def is_there(module):
    return module is not None and not isinstance(module, torch.nn.Identity)


def parts(model):
    """What a network has, by which its counterparts are chosen."""
    block = model.blocks[0]
    act = getattr(block.mlp, "act", None)
    return argparse.Namespace(
        width=model.embed_dim, heads=block.attn.num_heads, patch=model.patch_embed.patch_size[0], side=model.patch_embed.img_size[0],
        act=ACTIVATIONS.get(type(act).__name__) or ("gelu_pytorch_tanh" if getattr(act, "approximate", "none") == "tanh" else None),
        scale=is_there(getattr(block, "ls1", None)), pre_norm=is_there(getattr(model, "norm_pre", None)), swiglu=type(block.mlp).__name__ == "GluMlp",
        q_norm=is_there(getattr(block.attn, "q_norm", None)), token=model.cls_token is not None, registers=getattr(model, "num_reg_tokens", 0),
        distilled=getattr(model, "dist_token", None) is not None, bare=getattr(model, "no_embed_class", False), pool=model.global_pool,
        final=is_there(model.norm), fc_norm=is_there(getattr(model, "fc_norm", None)), bias=block.attn.qkv is not None and block.attn.qkv.bias is not None,
        hidden=block.mlp.fc2.in_features, epsilon=block.norm1.eps, usual=type(block).__name__ == "Block" and type(block.attn).__name__ == "Attention")


def renamed(state, around, inside, block="blocks."):
    """Tensors under other names: `around` outside the blocks, `inside` within them; separate queries, keys and values where `inside` names three."""
    out = {}
    for name, tensor in state.items():
        if name.startswith(block):
            _, number, rest = name.split(".", 2)
            part, _, kind = rest.rpartition(".")
            to = inside.get(rest) or inside.get(part)
            if to is None:
                raise KeyError(name)
            if isinstance(to, tuple):
                for key, rows in zip(to, tensor.chunk(3)):
                    out[key.format(number) + "." + kind] = rows.clone()
            else:
                out[to.format(number) + ("" if rest in inside else "." + kind)] = tensor
            continue
        for ours, theirs in around.items():
            if name == ours or name.startswith(ours + "."):
                if theirs is not None:
                    out[theirs + name[len(ours):]] = tensor
                break
        else:
            raise KeyError(name)
    return out


def hf_names(prefix):
    """Names of ViT's classes in transformers."""
    layer = prefix + "encoder.layer.{}."
    return ({"cls_token": prefix + "embeddings.cls_token", "dist_token": prefix + "embeddings.distillation_token", "pos_embed": prefix + "embeddings.position_embeddings",
             "patch_embed.proj": prefix + "embeddings.patch_embeddings.projection", "norm": prefix + "layernorm", "reg_token": prefix + "embeddings.register_tokens"},
            {"norm1": layer + "layernorm_before", "norm2": layer + "layernorm_after", "attn.qkv": tuple(layer + f"attention.attention.{key}" for key in ("query", "key", "value")),
             "attn.proj": layer + "attention.output.dense", "mlp.fc1": layer + "intermediate.dense", "mlp.fc2": layer + "output.dense"})


def clip_names(prefix):
    """Names of the vision towers of CLIP and SigLIP."""
    layer = prefix + "encoder.layers.{}."
    return ({"cls_token": prefix + "embeddings.class_embedding", "pos_embed": prefix + "embeddings.position_embedding.weight", "patch_embed.proj": prefix + "embeddings.patch_embedding",
             "norm_pre": prefix + "pre_layrnorm", "norm": prefix + "post_layernorm"},
            {"norm1": layer + "layer_norm1", "norm2": layer + "layer_norm2", "attn.qkv": tuple(layer + f"self_attn.{key}_proj" for key in "qkv"),
             "attn.proj": layer + "self_attn.out_proj", "mlp.fc1": layer + "mlp.fc1", "mlp.fc2": layer + "mlp.fc2"})


def base_config(p, kind, architecture, **more):
    """config.json of a class whose fields have ViT's names."""
    config = {"_name_or_path": "", "architectures": [architecture], "model_type": kind, "hidden_size": p.width, "num_hidden_layers": 2, "num_attention_heads": p.heads,
              "intermediate_size": p.hidden, "hidden_act": p.act, "layer_norm_eps": p.epsilon, "image_size": p.side, "patch_size": p.patch, "num_channels": 3, "qkv_bias": p.bias,
              "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.02, "encoder_stride": 16, "torch_dtype": "float32", "transformers_version": "4.56.1"}
    config.update(more)
    return config


def labelled(config):
    return dict(config, id2label={str(i): name for i, name in enumerate(LABELS)}, label2id={name: i for i, name in enumerate(LABELS)}, problem_type="single_label_classification")


def processor(p, kind="ViTImageProcessor", **more):
    return dict({"do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "image_processor_type": kind, "resample": 2,
                 "rescale_factor": 1 / 255, "size": {"height": p.side, "width": p.side}}, **more)


def head(width, seed):
    generator = torch.Generator().manual_seed(seed)
    return {"weight": torch.randn((10, width), generator=generator) / width ** 0.5, "bias": torch.randn(10, generator=generator) * .1}


def apply(classifier, features):
    return features @ classifier["weight"].T + classifier["bias"]


def under(prefix, tensors):
    return {prefix + key: tensor for key, tensor in tensors.items()}


def blocks(model, pixels):
    """Tokens behind the last block, before the final norm."""
    x = model.patch_embed(pixels)
    x = model._pos_embed(x)
    if hasattr(model, "norm_pre"):
        x = model.norm_pre(x)
    for block in model.blocks:
        x = block(x)
    return x


def vit_kin(model, p, pixels):
    """ViT, ViT-MSN, ViT-MAE and DeiT."""
    state = model.state_dict()
    body = {key: tensor for key, tensor in state.items() if not key.startswith(("head.", "head_dist."))}
    tokens = model.norm(blocks(model, pixels))
    if p.distilled:
        around, inside = hf_names("deit.")
        named = renamed(body, around, inside)
        first, second = ({key: state[f"{name}.{key}"] for key in ("weight", "bias")} for name in ("head", "head_dist"))
        yield ("DeiTForImageClassificationWithTeacher", {**named, **under("cls_classifier.", first), **under("distillation_classifier.", second)},
               labelled(base_config(p, "deit", "DeiTForImageClassificationWithTeacher")), processor(p, "DeiTImageProcessor"), (apply(first, tokens[:, 0]) + apply(second, tokens[:, 1])) / 2)
        yield ("DeiTForImageClassification", {**named, **under("classifier.", first)}, labelled(base_config(p, "deit", "DeiTForImageClassification")), processor(p, "DeiTImageProcessor"), apply(first, tokens[:, 0]))
        yield ("DeiTModel", {**renamed(body, *hf_names("")), **under("pooler.dense.", {"weight": torch.eye(p.width), "bias": torch.zeros(p.width)})}, base_config(p, "deit", "DeiTModel"), processor(p), tokens[:, 0])
        return
    classifier = {key: state[f"head.{key}"] for key in ("weight", "bias")}
    named = renamed(body, *hf_names("vit."))
    yield "ViTForImageClassification", {**named, **under("classifier.", classifier)}, labelled(base_config(p, "vit", "ViTForImageClassification")), processor(p), apply(classifier, tokens[:, 0])
    yield "ViTModel", {**renamed(body, *hf_names("")), **under("pooler.dense.", {"weight": torch.eye(p.width), "bias": torch.zeros(p.width)})}, base_config(p, "vit", "ViTModel"), processor(p), tokens[:, 0]
    yield "ViTMSNForImageClassification", {**named, **under("classifier.", classifier)}, labelled(base_config(p, "vit_msn", "ViTMSNForImageClassification")), processor(p), apply(classifier, tokens[:, 0])
    decoder = {"decoder.mask_token": torch.zeros(1, 1, 64), "decoder.decoder_embed.weight": torch.zeros(64, p.width), "decoder.decoder_pred.weight": torch.zeros(8, 64)}
    yield "ViTMAEForPreTraining", {**named, **decoder}, base_config(p, "vit_mae", "ViTMAEForPreTraining", decoder_hidden_size=64, decoder_num_hidden_layers=1, decoder_num_attention_heads=2, decoder_intermediate_size=64, mask_ratio=0.75, norm_pix_loss=False), processor(p), tokens[:, 0]


def dinov2(model, p, pixels):
    """Dinov2 and Dinov2WithRegisters: the classifier reads the class token beside the mean of the patches."""
    body = {key: tensor for key, tensor in model.state_dict().items() if not key.startswith("head.")}
    kind, name = ("dinov2_with_registers", "Dinov2WithRegisters") if p.registers else ("dinov2", "Dinov2")
    tokens = model.norm(blocks(model, pixels))
    if p.registers:
        # There the class token has a position of its own; timm's files hold the sum.
        position = torch.full((1, 1, p.width), 0.25)
        body["pos_embed"] = torch.cat((position, body["pos_embed"]), 1)
        body["cls_token"] = body["cls_token"] - position

    def named(prefix):
        around, inside = hf_names(prefix)
        layer = prefix + "encoder.layer.{}."
        inside = dict(inside, norm1=layer + "norm1", norm2=layer + "norm2", **{"ls1.gamma": layer + "layer_scale1.lambda1", "ls2.gamma": layer + "layer_scale2.lambda1",
                      "mlp.fc1": layer + ("mlp.weights_in" if p.swiglu else "mlp.fc1"), "mlp.fc2": layer + ("mlp.weights_out" if p.swiglu else "mlp.fc2")})
        return {**renamed(body, around, inside), prefix + "embeddings.mask_token": torch.zeros(1, p.width)}

    config = {key: value for key, value in base_config(p, kind, name + "Model", mlp_ratio=4 if p.swiglu else p.hidden / p.width, layerscale_value=1.0, drop_path_rate=0.0, use_swiglu_ffn=p.swiglu, apply_layernorm=True, reshape_hidden_states=True,
              out_features=["stage2"], out_indices=[2], stage_names=["stem", "stage1", "stage2"], **({"num_register_tokens": p.registers} if p.registers else {"use_mask_token": True})).items() if key not in ("intermediate_size", "encoder_stride")}
    bit = processor(p, "BitImageProcessor", crop_size={"height": p.side, "width": p.side}, do_center_crop=True, do_convert_rgb=True, resample=3, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225], size={"shortest_edge": p.side})
    yield name + "Model", named(""), config, bit, tokens[:, 0]
    classifier = head(2 * p.width, 5)
    features = torch.cat((tokens[:, 0], tokens[:, 1 + p.registers:].mean(1)), 1)
    yield name + "ForImageClassification", {**named(kind + "."), **under("classifier.", classifier)}, labelled(dict(config, architectures=[name + "ForImageClassification"])), bit, apply(classifier, features)


def clip(model, p, pixels):
    """CLIP's vision tower: alone, with its projection, in the pair, and under a classifier."""
    body = {key: tensor for key, tensor in model.state_dict().items() if not key.startswith("head.")}

    def named(prefix):
        tensors = renamed(body, *clip_names(prefix))
        for key, squeeze in (("embeddings.class_embedding", 2), ("embeddings.position_embedding.weight", 1)):
            for _ in range(squeeze):
                tensors[prefix + key] = tensors[prefix + key][0]
        tensors[prefix + "embeddings.position_ids"] = torch.arange(tensors[prefix + "embeddings.position_embedding.weight"].shape[0]).float()[None]
        return tensors

    vision = {"attention_dropout": 0.0, "dropout": 0.0, "hidden_act": p.act, "hidden_size": p.width, "image_size": p.side, "initializer_factor": 1.0, "initializer_range": 0.02, "intermediate_size": p.hidden,
              "layer_norm_eps": p.epsilon, "model_type": "clip_vision_model", "num_attention_heads": p.heads, "num_channels": 3, "num_hidden_layers": 2, "patch_size": p.patch, "projection_dim": 10}
    usual = {"hidden_act": "quick_gelu", "hidden_size": 768, "image_size": 224, "intermediate_size": 3072, "layer_norm_eps": 1e-5, "num_attention_heads": 12, "patch_size": 32, "num_channels": 3}
    lean = {key: value for key, value in vision.items() if usual.get(key) != value and key not in ("attention_dropout", "dropout", "initializer_factor", "initializer_range")}
    processing = processor(p, "CLIPImageProcessor", crop_size={"height": p.side, "width": p.side}, do_center_crop=True, do_convert_rgb=True, resample=3, size={"shortest_edge": p.side}, image_mean=[0.48145466, 0.4578275, 0.40821073], image_std=[0.26862954, 0.26130258, 0.27577711])
    x = blocks(model, pixels)
    pooled = model.norm(x[:, 0])
    projection = head(p.width, 3)["weight"]
    yield "CLIPVisionModel", named("vision_model."), dict(vision, architectures=["CLIPVisionModel"]), processing, pooled
    yield "CLIPVisionModelWithProjection", {**named("vision_model."), "visual_projection.weight": projection}, dict(vision, architectures=["CLIPVisionModelWithProjection"]), processing, pooled @ projection.T
    text = {"text_model.embeddings.token_embedding.weight": torch.zeros(8, 32), "text_model.encoder.layers.0.self_attn.q_proj.weight": torch.zeros(32, 32), "text_model.final_layer_norm.weight": torch.ones(32),
            "text_projection.weight": torch.zeros(10, 32), "logit_scale": torch.tensor(2.6)}
    pair = {"architectures": ["CLIPModel"], "model_type": "clip", "logit_scale_init_value": 2.6592, "projection_dim": 10, "text_config": {"hidden_size": 32, "num_attention_heads": 2, "num_hidden_layers": 1, "model_type": "clip_text_model"}}
    yield "CLIPModel", {**named("vision_model."), "visual_projection.weight": projection, **text}, dict(pair, vision_config=lean), processing, pooled @ projection.T
    classifier = head(p.width, 4)
    yield "CLIPForImageClassification", {**named("vision_model."), **under("classifier.", classifier)}, labelled(dict(pair, architectures=["CLIPForImageClassification"], vision_config=vision)), processing, apply(classifier, x[:, 1:].mean(1))


def siglip(model, p, pixels):
    """SigLIP's vision tower: alone with its pooling head, in the pair, and under a classifier that reads the mean of the patches."""
    state = model.state_dict()
    body = {key: tensor for key, tensor in state.items() if not key.startswith(("head.", "attn_pool.", "fc_norm."))}

    def named(prefix, pooling):
        tensors = renamed(body, *clip_names(prefix))
        tensors[prefix + "embeddings.position_embedding.weight"] = tensors[prefix + "embeddings.position_embedding.weight"][0]
        if pooling:
            tensors[prefix + "head.probe"] = state["attn_pool.latent"]
            for kind in ("weight", "bias"):
                tensors[prefix + f"head.attention.in_proj_{kind}"] = torch.cat((state[f"attn_pool.q.{kind}"], state[f"attn_pool.kv.{kind}"]))
                tensors[prefix + f"head.attention.out_proj.{kind}"] = state[f"attn_pool.proj.{kind}"]
                tensors[prefix + f"head.layernorm.{kind}"] = state[f"attn_pool.norm.{kind}"]
                tensors[prefix + f"head.mlp.fc1.{kind}"] = state[f"attn_pool.mlp.fc1.{kind}"]
                tensors[prefix + f"head.mlp.fc2.{kind}"] = state[f"attn_pool.mlp.fc2.{kind}"]
        return tensors

    vision = {"attention_dropout": 0.0, "hidden_act": p.act, "hidden_size": p.width, "image_size": p.side, "intermediate_size": p.hidden, "layer_norm_eps": 1e-6, "model_type": "siglip_vision_model", "num_attention_heads": p.heads,
              "num_channels": 3, "num_hidden_layers": 2, "patch_size": p.patch}
    usual = {"hidden_act": "gelu_pytorch_tanh", "hidden_size": 768, "image_size": 224, "intermediate_size": 3072, "layer_norm_eps": 1e-6, "num_attention_heads": 12, "patch_size": 16, "num_channels": 3, "attention_dropout": 0.0}
    lean = {key: value for key, value in vision.items() if usual.get(key) != value}
    tokens = model.norm(blocks(model, pixels))
    pooled = model.attn_pool(tokens)
    processing = processor(p, "SiglipImageProcessor", do_convert_rgb=None, processor_class="SiglipProcessor", resample=3)
    yield "SiglipVisionModel", named("vision_model.", True), dict(vision, architectures=["SiglipVisionModel"]), processing, pooled
    text = {"text_model.embeddings.token_embedding.weight": torch.zeros(8, 32), "text_model.head.weight": torch.zeros(32, 32), "text_model.head.bias": torch.zeros(32), "logit_scale": torch.tensor([2.6]), "logit_bias": torch.tensor([-10.])}
    pair = {"architectures": ["SiglipModel"], "model_type": "siglip", "initializer_factor": 1.0, "text_config": {"hidden_size": 32, "num_attention_heads": 2, "num_hidden_layers": 1, "model_type": "siglip_text_model"}}
    yield "SiglipModel", {**named("vision_model.", True), **text}, dict(pair, vision_config=lean), processing, pooled
    classifier = head(p.width, 4)
    yield "SiglipForImageClassification", {**named("vision_model.", True), **under("classifier.", classifier)}, labelled(dict(pair, architectures=["SiglipForImageClassification"], vision_config=dict(vision, vision_use_head=False))), processing, apply(classifier, tokens.mean(1))
    yield "SiglipForImageClassification without head", {**named("vision_model.", False), **under("classifier.", classifier)}, labelled(dict(pair, architectures=["SiglipForImageClassification"], vision_config=dict(vision, vision_use_head=False))), processing, apply(classifier, tokens.mean(1))


def ijepa(model, p, pixels):
    """I-JEPA: no class token, the final norm before the mean."""
    state = model.state_dict()
    body = {key: tensor for key, tensor in state.items() if not key.startswith("head.")}
    classifier = head(p.width, 6)
    tokens = model.norm(blocks(model, pixels))
    yield "IJepaForImageClassification", {**renamed(body, *hf_names("ijepa.")), **under("classifier.", classifier)}, labelled(base_config(p, "ijepa", "IJepaForImageClassification", pooler_act="tanh", pooler_output_size=p.width)), processor(p), apply(classifier, tokens.mean(1))


def beit(model, p, pixels):
    """BEiT and Data2VecVision: the same names under two prefixes."""
    state = model.state_dict()
    state = {key: tensor for key, tensor in state.items() if "relative_position_index" not in key and not key.endswith("k_bias")}
    classifier = {key: state[f"head.{key}"] for key in ("weight", "bias")}
    with torch.no_grad():
        answer = model(pixels)
    own = model.blocks[0].attn.relative_position_bias_table is not None
    for prefix, kind, name in (("beit.", "beit", "BeitForImageClassification"), ("data2vec_vision.", "data2vec-vision", "Data2VecVisionForImageClassification")):
        around, inside = hf_names(prefix)
        layer = prefix + "encoder.layer.{}."
        inside = dict(inside, **{"gamma_1": layer + "lambda_1", "gamma_2": layer + "lambda_2", "attn.q_bias": layer + "attention.attention.query.bias", "attn.v_bias": layer + "attention.attention.value.bias",
                      "attn.relative_position_bias_table": layer + "attention.attention.relative_position_bias.relative_position_bias_table"})
        around = dict(around, fc_norm=prefix + "pooler.layernorm", head=None, rel_pos_bias=prefix + "encoder.relative_position_bias")
        config = base_config(p, kind, name, use_relative_position_bias=own, use_shared_relative_position_bias=not own, use_absolute_position_embeddings="pos_embed" in state, use_mask_token=False, use_mean_pooling=True,
                             layer_scale_init_value=0.1, drop_path_rate=0.1, out_indices=[3, 5, 7, 11], pool_scales=[1, 2, 3, 6], use_auxiliary_head=True, auxiliary_loss_weight=0.4, auxiliary_channels=256,
                             auxiliary_num_convs=1, auxiliary_concat_input=False, semantic_loss_ignore_index=255, vocab_size=8192)
        del config["qkv_bias"]
        yield name, {**renamed(state, around, inside), **under("classifier.", classifier)}, labelled(config), processor(p, "BeitImageProcessor", do_center_crop=False, do_reduce_labels=False, crop_size={"height": p.side, "width": p.side}), answer


def dinov3(model, p, pixels):
    """DINOv3ViT, a backbone."""
    state = {key: tensor for key, tensor in model.state_dict().items() if not key.startswith("head.") and not key.endswith("k_bias")}
    gated = any(".fc1_g." in key for key in state)
    layer = "layer.{}."
    inside = {"norm1": layer + "norm1", "norm2": layer + "norm2", "attn.qkv": tuple(layer + f"attention.{key}_proj" for key in "qkv"), "attn.q_bias": layer + "attention.q_proj.bias", "attn.v_bias": layer + "attention.v_proj.bias",
              "attn.proj": layer + "attention.o_proj", "gamma_1": layer + "layer_scale1.lambda1", "gamma_2": layer + "layer_scale2.lambda1", "mlp.fc1": layer + "mlp.up_proj", "mlp.fc2": layer + "mlp.down_proj",
              "mlp.fc1_g": layer + "mlp.gate_proj", "mlp.fc1_x": layer + "mlp.up_proj"}
    around = {"cls_token": "embeddings.cls_token", "reg_token": "embeddings.register_tokens", "patch_embed.proj": "embeddings.patch_embeddings", "norm": "norm"}
    config = base_config(p, "dinov3_vit", "DINOv3ViTModel", rope_theta=100.0, num_register_tokens=model.num_prefix_tokens - 1, key_bias=False, query_bias="blocks.0.attn.q_bias" in state or p.bias, value_bias="blocks.0.attn.q_bias" in state or p.bias,
                         proj_bias=True, mlp_bias=True, use_gated_mlp=gated, layerscale_value=1.0, hidden_act="silu" if gated else "gelu", layer_norm_eps=1e-5, pos_embed_shift=None, pos_embed_jitter=None, pos_embed_rescale=2.0, attention_dropout=0.0, drop_path_rate=0.0)
    del config["qkv_bias"]
    with torch.no_grad():
        tokens = model.forward_features(pixels)
    yield "DINOv3ViTModel", {**renamed(state, around, inside), "embeddings.mask_token": torch.zeros(1, 1, p.width)}, config, processor(p, "DINOv3ViTImageProcessorFast", image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225]), tokens[:, 0]


def counterparts(module, model, p, pixels):
    if module == "beit":
        yield from beit(model, p, pixels)
    elif module == "eva":
        yield from dinov3(model, p, pixels)
    elif not p.usual or p.q_norm or p.act is None and not p.swiglu:
        return
    elif p.pool == "map" and not p.token and not p.scale and not p.registers:
        yield from siglip(model, p, pixels)
    elif not p.token and p.pool == "avg" and p.final and not p.scale and not p.registers and not p.pre_norm:
        yield from ijepa(model, p, pixels)
    elif p.token and p.pre_norm and p.pool == "token" and not p.scale and not p.registers:
        yield from clip(model, p, pixels)
    elif p.token and p.scale and p.pool == "token" and not p.pre_norm and p.final and (p.bare == (p.registers > 0)):
        yield from dinov2(model, p, pixels)
    elif p.token and p.final and p.pool == "token" and not p.scale and not p.pre_norm and not p.registers and not p.bare and not p.swiglu:
        yield from vit_kin(model, p, pixels)


def save(directory, number, tensors, config, processing):
    """The three ways of save_pretrained, in turn."""
    os.makedirs(directory)
    if number % 3 == 0:
        write(os.path.join(directory, "model.safetensors"), tensors)
    elif number % 3 == 1:
        torch.save(tensors, os.path.join(directory, "pytorch_model.bin"))
    else:
        names = sorted(tensors)
        halves = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
        for file, held in halves.items():
            write(os.path.join(directory, file), {name: tensors[name] for name in held})
        with open(os.path.join(directory, "model.safetensors.index.json"), "w") as file:
            json.dump({"metadata": {"total_size": 0}, "weight_map": {name: shard for shard, held in halves.items() for name in held}}, file)
    for name, content in (("config.json", config), ("preprocessor_config.json", processing)):
        with open(os.path.join(directory, name), "w") as file:
            json.dump(content, file, indent=2)


def lightning(path, name, model, number):
    """A .ckpt as Lightning writes it: the module's prefix, hyper-parameters, and what a trainer keeps."""
    prefix = ("model.", "net.", "backbone.model.", "model._orig_mod.")[number % 4]
    hyper = [{"model_name": name, "lr": 1e-3, "class_to_idx": {label: i for i, label in enumerate(LABELS)}}, {"model": {"name": name, "num_classes": 10}, "class_names": LABELS},
             argparse.Namespace(arch=name, classes=LABELS, weight_decay=0.05)][number % 3]
    torch.save({"epoch": 3, "global_step": 12, "pytorch-lightning_version": "2.4.0", "state_dict": {**under(prefix, model.state_dict()), "criterion.weight": torch.ones(10), "train_acc.tp": torch.zeros(10)},
                "loops": {"fit_loop": {"state_dict": {}}}, "callbacks": {"ModelCheckpoint{'monitor': 'val_acc'}": {"best_model_score": torch.tensor(0.9)}}, "optimizer_states": [{"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 1e-3}]}],
                "lr_schedulers": [], "hparams_name": "kwargs", "hyper_parameters": hyper}, path)


def torchvisions(folder, lines):
    """Files of torchvision's own class, alone and in a training script's company."""
    from torchvision.models.vision_transformer import VisionTransformer
    for key, width, heads, mlp, patch in (("vit_b_16", 768, 12, 3072, 16), ("vit_b_32", 768, 12, 3072, 32), ("vit_l_16", 1024, 16, 4096, 16), ("vit_l_32", 1024, 16, 4096, 32), ("vit_h_14", 1280, 16, 5120, 14)):
        model = VisionTransformer(image_size=4 * patch, patch_size=patch, num_layers=2, num_heads=heads, hidden_dim=width, mlp_dim=mlp, num_classes=10).eval()
        disturb(model, 1)
        pixels = images(4 * patch)
        answer = os.path.join(folder, key + ".expected.safetensors")
        with torch.no_grad():
            write(answer, {"input": pixels, "logits": model(pixels)})
        for kind, content in (("state dict", model.state_dict()), ("in training", {"model": under("module.", model.state_dict()), "args": argparse.Namespace(model=key, num_classes=10), "epoch": 4})):
            file = os.path.join(folder, f"{key} {kind}.pth")
            torch.save(content, file)
            lines.append(f"torchvision, {kind}\t{key}\t{file}\t{answer}")


def make(folder, globs):
    part, parts_in_all = (int(number) for number in (globs.pop(0) if globs and "/" in globs[0] else "1/1").split("/"))
    os.makedirs(folder)
    without_starts()
    lines, left, seen = [], [], 0
    for module in ("vision_transformer", "deit", "beit", "eva"):
        for number, name in enumerate(timm.list_models(module=module)):
            if (globs and not any(fnmatch.fnmatch(name, glob) for glob in globs)) or (module == "eva" and "dinov3" not in name):
                continue
            seen += 1
            if seen % parts_in_all != part % parts_in_all:
                continue
            arguments = {"depth": 2, "num_classes": 10}
            for patch in (14, 16, 32, 8, 10):
                if f"patch{patch}_" in name or name.endswith(f"patch{patch}"):
                    arguments["img_size"] = 4 * patch
            try:
                model = timm.create_model(name, **arguments).eval()
                if module in ("vision_transformer", "deit") and (sum(tensor.numel() for tensor in model.parameters()) < 40e6 or os.environ.get("FULL")):
                    disturb(model, zlib.crc32(name.encode()))
                    pixels = images(model.patch_embed.img_size[0])
                    answer = os.path.join(folder, name + ".expected.safetensors")
                    with torch.no_grad():
                        write(answer, {"input": pixels, "logits": model(pixels)})
                    file = os.path.join(folder, f"{name}.lightning{number % 4}.ckpt")
                    lightning(file, name, model, number)
                    lines.append(f"Lightning\t{name}\t{file}\t{answer}")
                attention = model.blocks[0].attn
                model = timm.create_model(name, embed_dim=16 * attention.num_heads, **arguments).eval()
                disturb(model, zlib.crc32(name.encode()))
                pixels = images(model.patch_embed.img_size[0])
                found = 0
                with torch.no_grad():
                    for kind, tensors, config, processing, expected in counterparts(module, model, parts(model), pixels):
                        directory = os.path.join(folder, f"{name}.{kind}")
                        save(directory, number + found, tensors, config, processing)
                        own = directory + ".expected.safetensors"
                        write(own, {"input": pixels, "logits": expected})
                        lines.append(f"Hugging Face {kind}\t{name}\t{directory}\t{own}")
                        found += 1
                if found == 0:
                    left.append(name)
            except (RuntimeError, TypeError, AssertionError, AttributeError, ValueError, KeyError) as problem:
                left.append(f"{name} ({type(problem).__name__} {problem})")
    if not globs and part == parts_in_all:
        torchvisions(folder, lines)
    with open(os.path.join(folder, "expected.tsv"), "w") as file:
        file.write("\n".join(lines) + "\n")
    print(f"{len(lines)} inputs of {len({line.split(chr(9))[1] for line in lines})} networks; {len(left)} names without a class in transformers: {', '.join(left)}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    make(sys.argv[1], sys.argv[2:])
