"""Every name of timm's Vision Transformers at depth 2 with random weights, as people bring them; the reader is held against timm.

TIMM_PATH=... [PHOTOS=DIR] python3 tests/peers/checkpoints.py make OUT [MODULE|GLOB...]   writes models and expected.tsv
ExportLogits checkpoints OUT/expected.tsv                               reads each: right, refused by name, or wrong

A GLOB is of names (eva02_*). PHOTOS holds pictures, of which four are the inputs; without it they are drawn. Each name comes as a directory (config.json as timm writes it for the hub), as NAME.pth, and as a bare state dict whose file name tells nothing.
Expected are logits, and the probe row of each block: of the class token; of a network that averages its patches the mean attention that a patch receives; of one with
attention pooling the pooling's own row in place of the last block's.
"""
import json
import os
import sys
import zlib

import torch

from timm_here import find

timm = find()
MODULES = ["vision_transformer", "deit", "eva", "beit", "vision_transformer_relpos"]


def write(path, tensors):
    """A safetensors file."""
    header, offset, parts = {}, 0, []
    for name in sorted(tensors):
        data = tensors[name].detach().to(torch.float32).contiguous().numpy()
        header[name] = {"dtype": "F32", "shape": list(data.shape), "data_offsets": [offset, offset + data.nbytes]}
        offset += data.nbytes
        parts.append(data.tobytes())
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(parts))


def without_starts():
    """Weights are drawn below: what constructors would draw first is time lost."""
    from timm.layers import weight_init
    for name in dir(torch.nn.init):
        if name.endswith("_") and not name.startswith("_"):
            setattr(torch.nn.init, name, lambda tensor, *_, **__: tensor)
    weight_init._trunc_normal_ = lambda tensor, *_, **__: tensor


def disturb(model, seed):
    """Random weights that leave no part without effect."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if not tensor.is_floating_point():
                continue
            noise = 3.46 * (torch.rand(tensor.shape, generator=generator) - 0.5)
            if tensor.dim() == 1 and name.endswith("weight"):
                tensor.copy_(1 + 0.1 * noise)
            elif tensor.dim() <= 1 or "gamma" in name:
                tensor.copy_(0.3 + 0.1 * noise if "gamma" in name else 0.1 * noise)
            elif tensor.dim() == 2 or tensor.dim() == 4:
                tensor.copy_(1.5 * noise / max(1, tensor[0].numel()) ** 0.5)
            else:
                tensor.copy_(0.5 * noise)


def relative(module, model):
    """Relative position biases of an attention: its own, and those that all share."""
    if getattr(module, "rel_pos", None) is not None:
        yield module.rel_pos.get_bias()
    if getattr(module, "relative_position_bias_table", None) is not None:
        yield module._get_rel_pos_bias()
    if getattr(model, "shared_rel_pos", None) is not None:
        yield model.shared_rel_pos.get_bias()
    if getattr(model, "rel_pos_bias", None) is not None:
        yield model.rel_pos_bias()


def probes(model, pixels):
    """The probe row of each block [L, B, N], heads averaged and made to sum 1; None where the blocks are of another kind."""
    rows, pooled = [], []

    def attention(module, inputs):
        x = inputs[0]
        batch, tokens, _ = x.shape
        if getattr(module, "qkv", None) is None:
            q, k = (part(x).reshape(batch, tokens, module.num_heads, -1).transpose(1, 2) for part in (module.q_proj, module.k_proj))
        else:
            both = module.qkv(x)
            if getattr(module, "q_bias", None) is not None:
                both = both + torch.cat((module.q_bias, module.k_bias, module.v_bias))
            q, k, _ = both.reshape(batch, tokens, 3, module.num_heads, -1).permute(2, 0, 3, 1, 4)
        if hasattr(module, "q_norm"):
            q, k = module.q_norm(q), module.k_norm(k)
        if getattr(model, "rope", None) is not None:
            from timm.layers.pos_embed_sincos import apply_rot_embed_cat
            table = model.rope.get_embed(shape=(model.patch_embed.grid_size if getattr(model, "dynamic_img_size", False) else None))
            before, half = model.num_prefix_tokens, getattr(module, "rotate_half", False)
            q, k = (torch.cat([part[:, :, :before], apply_rot_embed_cat(part[:, :, before:], table, half=half)], 2) for part in (q, k))
        products = q @ k.transpose(-2, -1) * module.scale
        for bias in relative(module, model):
            products = products + bias
        full = products.softmax(-1)
        prefix = model.num_prefix_tokens
        rows.append((full[:, :, 0] if model.global_pool == "token" else full[:, :, prefix:].mean(2))[:, :, prefix:])

    def pooling(module, inputs):
        x = inputs[0]
        batch, tokens, width = x.shape
        q = module.q(module.latent.expand(batch, -1, -1)).reshape(batch, 1, module.num_heads, -1).transpose(1, 2)
        k = module.kv(x).reshape(batch, tokens, 2, module.num_heads, -1).permute(2, 0, 3, 1, 4)[0]
        row = (module.q_norm(q) @ module.k_norm(k).transpose(-2, -1) * module.scale).softmax(-1)[:, :, 0]
        # Where it reads the tokens before the patches too, their part is left out.
        pooled.append(row[:, :, -model.patch_embed.num_patches:])

    hooks = []
    try:
        for block in model.blocks:
            parts = getattr(getattr(block, "attn", None), "qkv", None) or getattr(getattr(block, "attn", None), "q_proj", None)
            if not isinstance(parts, torch.nn.Linear) or not (hasattr(block.attn, "q_norm") or hasattr(block.attn, "relative_position_bias_table")) or getattr(model, "rope_mixed", False):
                return None
            hooks.append(block.attn.register_forward_pre_hook(attention))
        if getattr(model, "attn_pool", None) is not None:
            hooks.append(model.attn_pool.register_forward_pre_hook(pooling))
        with torch.no_grad():
            model(pixels)
    except (AttributeError, RuntimeError):
        return None
    finally:
        for hook in hooks:
            hook.remove()
    if pooled:
        rows[-1] = pooled[0]
    stacked = torch.stack([row.mean(1) for row in rows]).double()
    return stacked / stacked.sum(-1, keepdim=True)


def config(model, name, arguments):
    """config.json as timm writes it beside weights for the hub."""
    preset = {key: value for key, value in model.pretrained_cfg.items() if value not in (None, "") or key == "pool_size"}
    for key in ("architecture", "num_classes", "tag", "url", "file", "hf_hub_id", "hf_hub_filename", "custom_load", "state_dict", "label_names", "label_descriptions"):
        preset.pop(key, None)
    return {"architecture": name, "num_classes": model.num_classes, "num_features": model.num_features, "global_pool": getattr(model, "global_pool", "avg"), "model_args": arguments, "pretrained_cfg": preset}


def photographs(side):
    """Four photographs, cut square, at the side of a network."""
    import numpy
    from PIL import Image
    folder = os.environ["PHOTOS"]
    pictures = []
    for name in sorted(os.listdir(folder))[:4]:
        picture = Image.open(os.path.join(folder, name)).convert("RGB")
        short = min(picture.size)
        left, top = (picture.width - short) // 2, (picture.height - short) // 2
        picture = picture.crop((left, top, left + short, top + short)).resize((side, side), Image.BICUBIC)
        pictures.append(torch.from_numpy(numpy.asarray(picture).copy()).permute(2, 0, 1).float() / 127.5 - 1)
    return torch.stack(pictures)


def images(side, seed=0):
    if os.environ.get("PHOTOS"):
        return photographs(side)
    generator = torch.Generator().manual_seed(seed)
    tiles = 2 * torch.randn((2, 3, 8, 8), generator=generator)
    return torch.nn.functional.interpolate(tiles, size=(side, side), mode="bilinear", align_corners=False) + 0.2 * torch.randn((2, 3, side, side), generator=generator)


def bring(folder, key, model, pixels, lines, name, arguments):
    """One network in its three forms."""
    directory = os.path.join(folder, key)
    os.makedirs(directory)
    with torch.no_grad():
        expected = {"input": pixels, "logits": model(pixels)}
    rows = probes(model, pixels) if hasattr(model, "blocks") and hasattr(model, "global_pool") else None
    if rows is not None:
        expected["probes"] = rows.float()
    answer = os.path.join(folder, key + ".expected.safetensors")
    write(answer, expected)
    state = model.state_dict()
    weights = os.path.join(directory, "pytorch_model.bin")
    torch.save(state, weights)
    with open(os.path.join(directory, "config.json"), "w") as file:
        json.dump(config(model, name, arguments) if arguments is not None else {}, file)
    named = os.path.join(folder, name + ".pth")
    if not os.path.exists(named):
        os.link(weights, named)
        lines.append(f"named\t{key}\t{named}\t{answer}")
    bare = os.path.join(folder, f"w{len(lines)}.pth")
    os.link(weights, bare)
    if arguments is not None:
        lines.append(f"directory\t{key}\t{directory}\t{answer}")
    lines.append(f"bare\t{key}\t{bare}\t{answer}")


def make(folder, modules):
    os.makedirs(folder, exist_ok=True)
    without_starts()
    lines, skipped = [], []
    for module in modules:
        for name in timm.list_models(module) if "*" in module else timm.list_models(module=module):
            seed = zlib.crc32(name.encode())
            arguments = {"depth": 2}
            try:
                preset = timm.models.get_pretrained_cfg(name).input_size[1]
                # Four patches a side: sizes of positions come from model_args, and the pass is short.
                for patch in (14, 16, 32, 8, 10):
                    if f"patch{patch}_" in name or name.endswith(f"patch{patch}"):
                        arguments["img_size"] = 4 * patch
                if "img_size" not in arguments and preset > 128:
                    arguments["img_size"] = 64
                model = timm.create_model(name, num_classes=10, **arguments)
                side = model.patch_embed.img_size[0]
                disturb(model.eval(), seed)
                bring(folder, name, model, images(side), lines, name, arguments)
            except (RuntimeError, TypeError, AssertionError, AttributeError, ValueError) as problem:
                skipped.append(f"{name}: {type(problem).__name__} {problem}")
    try:
        from torchvision.models.vision_transformer import VisionTransformer
        for key, width, heads, patch in (("torchvision_b16", 768, 12, 16), ("torchvision_l16", 1024, 16, 16), ("torchvision_h14", 1280, 16, 14)):
            model = VisionTransformer(image_size=4 * patch, patch_size=patch, num_layers=2, num_heads=heads, hidden_dim=width, mlp_dim=4 * width, num_classes=10).eval()
            disturb(model, 1)
            bring(folder, key, model, images(4 * patch), lines, key, None)
    except ImportError:
        skipped.append("torchvision: not here")
    with open(os.path.join(folder, "expected.tsv"), "w") as file:
        file.write("\n".join(lines) + "\n")
    print(f"{len(lines)} inputs of {len(set(line.split(chr(9))[1] for line in lines))} networks; {len(skipped)} that timm did not build at this depth")
    for line in skipped:
        print("  " + line)


if __name__ == "__main__":
    torch.set_num_threads(1)
    if len(sys.argv) < 3 or sys.argv[1] != "make":
        sys.exit(__doc__)
    make(sys.argv[2], sys.argv[3:] or MODULES)
