"""Writes src/Models/Timm/architectures.csv: what timm's names mean where tensors cannot tell (heads, activation, epsilon, pooling, preprocessing).

TIMM_PATH=... python3 tests/peers/timm_facts.py [OUT.csv]
Facts are read off built models of one block and off the default configs; names whose forward pass is another are listed with what they have.
"""
import os
import sys

import torch
from torch import nn

from timm_here import find

timm = find()
from timm.models import _registry, get_pretrained_cfg, list_models, list_pretrained  # noqa: E402

MODULES = ["vision_transformer", "deit", "eva", "beit", "vision_transformer_relpos", "vision_transformer_hybrid", "vision_transformer_sam", "resnet", "tiny_vit"]
ACTIVATIONS = {"GELU": "gelu", "GELUTanh": "gelu_tanh", "GELUQuick": "quick_gelu", "QuickGELU": "quick_gelu", "quick_gelu": "quick_gelu", "ReLU": "relu", "SiLU": "silu"}


class Captured(Exception):
    pass


def arguments(name, cls):
    """The constructor's arguments for a name, without building it."""
    seen = {}
    original = cls.__init__

    def capture(self, *args, **kwargs):
        seen.update(kwargs)
        raise Captured

    cls.__init__ = capture
    try:
        timm.create_model(name)
    except Captured:
        return seen
    finally:
        cls.__init__ = original
    return seen


def pooling(model):
    """Its word, then heads of an attention pooling that are not the blocks', whether it reads all tokens, and whether there is no norm before the head."""
    words = [model.global_pool]
    pool = getattr(model, "attn_pool", None)
    if pool is not None:
        if pool.num_heads != getattr(model.blocks[0], "num_heads", None) and pool.num_heads != getattr(getattr(model.blocks[0], "attn", None), "num_heads", None):
            words.append(str(pool.num_heads))
        if getattr(model, "pool_include_prefix", type(model).__name__ == "Eva"):
            words.append("prefix")
    if isinstance(model.norm, nn.Identity) and isinstance(model.fc_norm, nn.Identity):
        words.append("nonorm")
    return " ".join(words)


def activation(mlp):
    return activation_of(mlp.act)


def activation_of(kind):
    text = type(kind).__name__
    if text == "GELU":
        return "gelu_tanh" if getattr(kind, "approximate", "none") == "tanh" else "gelu"
    return ACTIVATIONS.get(text)


def vit(name):
    """Facts of a VisionTransformer, or a reason why it is another network."""
    from timm.models.vision_transformer import VisionTransformer, Block, ResPostBlock, ParallelScalingBlock
    from timm.layers import Mlp
    kwargs = arguments(name, VisionTransformer)
    model = timm.create_model(name, depth=1, num_classes=7)
    block = model.blocks[0]
    side = kwargs.get("img_size", 224)
    fields = dict(img=side[0] if isinstance(side, tuple) else side, patch=kwargs.get("patch_size", 16), width=kwargs.get("embed_dim", 768), depth=kwargs.get("depth", 12), heads=kwargs.get("num_heads", 12))
    reason = None
    if type(block) not in (Block, ResPostBlock, ParallelScalingBlock):
        return fields, f"blocks of the kind {type(block).__name__}"
    parallel = type(block) is ParallelScalingBlock
    norm = block.in_norm if parallel else block.norm1
    if not isinstance(norm, nn.LayerNorm) and type(norm).__name__ not in ("RmsNorm", "RmsNormFp32"):
        return fields, f"{type(norm).__name__} in place of LayerNorm"
    if parallel:
        fields.update(mlp=block.in_split[0], act=activation_of(block.mlp_act), eps=norm.eps, pool=pooling(model), post=0)
        return fields, None if fields["act"] else "another activation"
    mlp = type(block.mlp).__name__
    swiglu = mlp in ("GluMlp", "SwiGLU", "SwiGLUPacked") and kwargs.get("mlp_layer") is not None
    if mlp != "Mlp" and not swiglu:
        reason = f"an MLP of the kind {mlp}"
    if type(block.attn).__name__ != "Attention":
        reason = f"attention of the kind {type(block.attn).__name__}"
    if type(model.patch_embed).__name__ != "PatchEmbed":
        reason = f"a patch embedding of the kind {type(model.patch_embed).__name__}"
    if model.global_pool not in ("token", "avg", "map") or (getattr(model, "pool_include_prefix", False) and model.global_pool != "map"):
        reason = f"pooling '{model.global_pool}'{' over prefix tokens too' if getattr(model, 'pool_include_prefix', False) else ''}"
    if model.pos_embed is None:
        reason = "no position embedding"
    if swiglu:
        act = "silu"
    else:
        act = activation(block.mlp)
    if act is None:
        reason = f"the activation {type(block.mlp.act).__name__}"
    fields.update(mlp=block.mlp.fc2.in_features, act=act, eps=norm.eps, pool=pooling(model), post=int(type(block) is ResPostBlock))
    return fields, reason


def rotary(kwargs):
    """RotaryPositions.Text of the constructor's arguments; empty without."""
    if not kwargs.get("use_rot_pos_emb", False):
        return ""
    reference = kwargs.get("ref_feat_shape")
    kind = kwargs.get("rope_type", "cat")
    side = 0 if reference is None or kind != "cat" else reference[0] if isinstance(reference, tuple) else reference
    halves = "halves" if kwargs.get("rope_rotate_half", False) else "neighbours"
    return f"{kwargs.get('rope_temperature', 10. if kind == 'mixed' else 10000.):g}/{side}/{kwargs.get('rope_grid_offset', 0.):g}/{kwargs.get('rope_grid_indexing', 'ij')}/{halves}{ {'dinov3': '/centred', 'mixed': '/mixed'}.get(kind, '') }"


def eva(name):
    """Facts of eva.py's networks, or a reason why one is not read."""
    from timm.models.eva import Eva
    kwargs = arguments(name, Eva)
    model = timm.create_model(name, depth=1, num_classes=7)
    block = model.blocks[0]
    side = kwargs.get("img_size", timm.models.get_pretrained_cfg(name).input_size[1])
    reason = None
    if kwargs.get("rope_type", "cat") not in ("cat", "dinov3", "mixed"):
        reason = f"rotary positions of the kind '{kwargs['rope_type']}'"
    if model.global_pool not in ("token", "avg", "map"):
        reason = f"pooling '{model.global_pool}'"
    if not isinstance(model.norm, nn.Identity) and not isinstance(model.fc_norm, nn.Identity):
        reason = "a norm before and after pooling"
    if getattr(block.attn, "gate", None) is not None:
        reason = "gated attention"
    if kwargs.get("attn_head_dim"):
        reason = "heads of another width"
    last = getattr(block.mlp, "fc2", None)
    hidden = last.in_features if last is not None else 0
    norm = model.fc_norm if isinstance(model.norm, nn.Identity) else model.norm
    fields = dict(img=side[0] if isinstance(side, tuple) else side, patch=kwargs.get("patch_size", 16), width=kwargs.get("embed_dim", 768), depth=kwargs.get("depth", 12), heads=kwargs.get("num_heads", 12), mlp=hidden,
                  act="silu" if kwargs.get("swiglu_mlp") else "gelu", eps=getattr(norm, "eps", block.norm1.eps), pool=pooling(model), post=int(type(block).__name__ == "EvaBlockPostNorm"), rotary=rotary(kwargs))
    return fields, reason


def relative(name):
    """Facts of beit.py's and vision_transformer_relpos.py's networks."""
    model = timm.create_model(name, depth=1, num_classes=7)
    block = model.blocks[0]
    norm = model.fc_norm if isinstance(model.norm, nn.Identity) else model.norm
    kwargs = arguments(name, type(model))
    act = "silu" if type(block.mlp).__name__ == "SwiGLU" else activation(block.mlp)
    return dict(img=model.patch_embed.img_size[0], patch=model.patch_embed.patch_size[0], width=model.embed_dim, depth=kwargs.get("depth", 12), heads=block.attn.num_heads, mlp=block.mlp.fc2.in_features,
                act=act, eps=norm.eps, pool=pooling(model), post=int(type(block).__name__ == "ResPostRelPosBlock")), None


def shape_cells(fields):
    return [str(fields[k]) if k in fields and k != "eps" else (f"{fields[k]:g}" if k in fields and fields[k] != "" else "") for k in ("img", "patch", "width", "depth", "heads", "mlp", "act", "eps", "pool", "post")]


def residual(name):
    """A reason why a resnet's name is no plain ResNet; None where it is one."""
    model = timm.create_model(name, num_classes=7)
    from timm.models.resnet import BasicBlock, Bottleneck
    for module in model.modules():
        if isinstance(module, (BasicBlock, Bottleneck)):
            if module.se is not None:
                return "channel attention"
            aa = getattr(module, "aa", None)
            if aa is not None and not isinstance(aa, nn.Identity):
                return f"antialiasing by {type(aa).__name__}"
        elif isinstance(module, nn.Conv2d) and module.groups != 1:
            return "grouped convolutions"
        elif isinstance(module, nn.Conv2d) and module.dilation != (1, 1):
            return "dilated convolutions"
    plain = type(model.maxpool) is nn.MaxPool2d and isinstance(model.conv1, nn.Conv2d) and type(model.act1) is nn.ReLU
    downsample = model.layer2[0].downsample
    if not plain:
        return "another stem"
    if not isinstance(downsample[0], nn.Conv2d):
        return "average pooling in its shortcuts"
    if type(model.bn1).__name__ not in ("BatchNorm2d",):
        return f"{type(model.bn1).__name__} in place of BatchNorm"
    return None


def number(value):
    return repr(round(float(value), 8)).rstrip("0").rstrip(".") if float(value) != int(value) else str(int(value))


def preprocessing(cfg):
    size = cfg.input_size
    return [str(size[1]), number(cfg.crop_pct), cfg.interpolation, " ".join(number(v) for v in cfg.mean), " ".join(number(v) for v in cfg.std), cfg.crop_mode]


def main(out):
    rows = ["name,other,img,patch,width,depth,heads,mlp,act,eps,pool,post,size,crop,interpolation,mean,std,mode,rotary"]
    for module in MODULES:
        for name in list_models(module=module):
            fields, reason = {}, None
            if module in ("vision_transformer", "deit"):
                fields, reason = vit(name)
            elif module == "resnet":
                reason = residual(name)
            elif module == "eva":
                fields, reason = eva(name)
            elif module in ("beit", "vision_transformer_relpos"):
                fields, reason = relative(name)
            elif module != "tiny_vit":
                reason = f"timm's {module}.py"
            default = get_pretrained_cfg(name)
            shape = shape_cells(fields)
            usual = preprocessing(default)
            rows.append(",".join([name, reason or "", *shape, *usual] + ([fields["rotary"]] if fields.get("rotary") else [])))
            for tagged in sorted(list_pretrained(name)):
                if "." not in tagged:
                    continue
                own = preprocessing(get_pretrained_cfg(tagged))
                if own != usual:
                    rows.append(",".join([tagged, "", *[""] * 10, *own]))
            print(rows[-1], file=sys.stderr)
    with open(out, "w", newline="\n") as file:
        file.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    torch.set_num_threads(1)
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "../../src/Models/Timm/architectures.csv"))
