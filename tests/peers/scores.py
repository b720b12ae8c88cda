"""Reference values of the scores that `dfkd score --scores` adds: NumPy from the papers' equations, and timm's models.

usage: scores.py FILE     writes FILE (committed as tests/Probe.Tests/References/scores.json)

"functions" holds small inputs, as whole hundredths, and what each equation makes of them in float64. "models" holds, for
three of timm's models with weights by formula (family_models.py), every column of both images of picture(32).
"""
import json
import sys
from decimal import Decimal, getcontext

import numpy as np
import torch

from family_models import picture, value
from timm_here import find

getcontext().prec = 60


# ---------------------------------------------------------------- the equations

def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def max_logit(z):
    return z.max(-1)


def margin(z):
    p = np.sort(softmax(z), -1)
    return p[:, -1] - p[:, -2]


def gen(z, gamma="0.1", most=100):
    """In sixty digits: near p = 1 the term (1 - p)^0.1 cannot be had from a rounded p."""
    out = []
    for row in z:
        e = [Decimal(float(v)).exp() for v in row]
        p = sorted((v / sum(e) for v in e), reverse=True)[:most]
        out.append(float(sum(v ** Decimal(gamma) * (1 - v) ** Decimal(gamma) for v in p)))
    return np.array(out)


def feature_norm(f):
    return np.mean([np.linalg.norm(f[:, k], axis=-1) for k in range(f.shape[1])], 0)


def weight_cosine(f, weights):
    out = []
    for image in f:
        cosines = [[float(x @ w) / (np.linalg.norm(x) * np.linalg.norm(w)) for w in W] for x, W in zip(image, weights)]
        out.append(np.mean(cosines, 0).max())
    return np.array(out)


def react_energy(f, weights, biases, clip):
    z = np.mean([np.minimum(f[:, k], clip) @ W.T + b for k, (W, b) in enumerate(zip(weights, biases))], 0)
    return -np.log(np.exp(z - z.max(-1, keepdims=True)).sum(-1)) - z.max(-1)


def row_entropy(rows):
    return np.array([-sum(a * np.log(a) for a in row if a > 0) / np.log(len(row)) for row in rows])


def row_variance(rows):
    return (rows * rows.shape[1]).var(1)


def rollout(maps, prefix):
    """maps: each block's [B, T, T], averaged over heads. The whole product, of which CLS's row is cut out."""
    product = np.eye(maps[0].shape[-1])[None]
    for a in maps:
        product = (0.5 * a + 0.5 * np.eye(a.shape[-1])) @ product
    row = product[:, 0, prefix:]
    return row / row.sum(-1, keepdims=True)


def view_agreement(z, views):
    return np.mean([[float(v[b].argmax() == z[b].argmax()) for b in range(len(z))] for v in views], 0)


def view_kl(z, views):
    p = softmax(z)
    return np.mean([(p * (np.log(p) - np.log(softmax(v)))).sum(-1) for v in views], 0)


def enlarged(image, side):
    """[C, s, s] to [C, side, side], bilinear, pixel centres at halves, edges repeated."""
    s = image.shape[-1]
    at = np.clip((np.arange(side) + 0.5) * s / side - 0.5, 0, s - 1)
    low = np.floor(at).astype(int)
    high, share = np.minimum(low + 1, s - 1), at - low
    rows = image[:, low] * (1 - share)[None, :, None] + image[:, high] * share[None, :, None]
    return rows[:, :, low] * (1 - share) + rows[:, :, high] * share


def image_views(pixels, count):
    """The mirror image, crops of 7/8 at the corners, their mirror images."""
    side = pixels.shape[-1]
    crop = int(round(0.875 * side))
    far = side - crop
    crops = [np.array([enlarged(image[:, y:y + crop, x:x + crop], side) for image in pixels]) for y, x in ((0, 0), (far, far), (0, far), (far, 0))]
    return ([pixels[..., ::-1]] + crops + [view[..., ::-1] for view in crops])[:count]


# ---------------------------------------------------------------- small inputs

def hundredths(rng, shape, scale=1.0):
    return np.round(rng.standard_normal(shape) * scale * 100) / 100


def functions():
    rng = np.random.default_rng(20240301)
    B, C, D, K, N, prefix, blocks = 4, 6, 5, 2, 9, 2, 3
    logits = hundredths(rng, (B, C), 3)
    logits[1] = [45, 0, 1, -2, 0.5, 3]  # surer than float64 can say as 1 - p
    logits[2] = 0.25
    features = hundredths(rng, (B, K, D))
    weights, biases = hundredths(rng, (K, C, D)), hundredths(rng, (K, C))
    rows = np.abs(hundredths(rng, (B, N)))
    rows[1] = 1
    rows[2] = np.eye(N)[3]
    maps = np.abs(hundredths(rng, (blocks, B, prefix + N, prefix + N))) + 0.01
    views = hundredths(rng, (3, B, C), 3)
    views[0] = logits + hundredths(rng, (B, C), 0.01)
    pixels = hundredths(rng, (1, 3, 8, 8))
    inputs = dict(logits=logits, features=features, weights=weights, biases=biases, rows=rows, maps=maps, views=views, pixels=pixels)
    shares = rows / rows.sum(-1, keepdims=True)
    attention = maps / maps.sum(-1, keepdims=True)
    clip = 0.75
    expected = {
        "max_logit": max_logit(logits), "margin": margin(logits), "gen": gen(logits), "gen_of_3": gen(logits, most=3),
        "feature_norm": feature_norm(features), "weight_cosine": weight_cosine(features, weights), "react_energy": react_energy(features, weights, biases, clip),
        "row_entropy": row_entropy(shares), "rollout": rollout(list(attention), prefix),
        "view_agreement": view_agreement(logits, views), "view_kl": view_kl(logits, views), "image_views": np.array(image_views(pixels, 9)),
    }
    return dict(prefix=prefix, clip=clip, inputs={name: packed(v) for name, v in inputs.items()}, expected={name: v.ravel().tolist() for name, v in expected.items()})


def packed(values):
    return dict(shape=list(values.shape), hundredths=[int(round(v * 100)) for v in values.ravel()])


# ---------------------------------------------------------------- timm's models

SHAPE = dict(img_size=32, patch_size=4, embed_dim=48, depth=3, num_heads=3, num_classes=10)
SPEC = "vit:img=32,patch=4,dim=48,depth=3,heads=3,classes=10"


def models():
    find()
    from timm.models.deit import VisionTransformerDistilled
    from timm.models.vision_transformer import VisionTransformer
    yield SPEC, VisionTransformer(**SHAPE)
    yield SPEC + ",distilled", VisionTransformerDistilled(**SHAPE)
    yield SPEC + ",registers=4,layerscale,noembedclass", VisionTransformer(**SHAPE, reg_tokens=4, init_values=1e-5, no_embed_class=True)


def forward(model, pixels):
    """Logits, what each head reads [B, K, D], and each block's attention averaged over heads."""
    maps, hooks = [], []
    for block in model.blocks:
        block.attn.fused_attn = False
        hooks.append(block.attn.attn_drop.register_forward_hook(lambda module, given, out: maps.append(out.mean(1).double().numpy())))
    with torch.no_grad():
        x = torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32))
        tokens, logits = model.forward_features(x), model(x)
    for hook in hooks:
        hook.remove()
    heads = [model.head] + ([model.head_dist] if hasattr(model, "head_dist") else [])
    return logits.double().numpy(), tokens[:, :len(heads)].double().numpy(), maps[:len(model.blocks)], heads


def answers():
    for spec, model in models():
        model = model.eval()
        model.load_state_dict({key: torch.from_numpy(np.asarray(value(key, tuple(tensor.shape)))) for key, tensor in model.state_dict().items()}, strict=True)
        pixels = picture(32)
        z, f, maps, heads = forward(model, pixels)
        weights, biases = [h.weight.detach().double().numpy() for h in heads], [h.bias.detach().double().numpy() for h in heads]
        prefix = maps[0].shape[-1] - 64
        views = [forward(model, view)[0] for view in image_views(pixels, 5)]
        clip = float(np.percentile(f, 90))
        roll = rollout(maps, prefix)
        columns = {
            "max_logit": max_logit(z), "margin": margin(z), "gen": gen(z), "feature_norm": feature_norm(f), "weight_cosine": weight_cosine(f, weights), "react_energy": react_energy(f, weights, biases, clip),
        }
        for b, a in enumerate(maps):
            row = a[:, 0, prefix:]
            columns[f"probe_entropy_{b}"] = row_entropy(row / row.sum(-1, keepdims=True))
        columns.update({"rollout_entropy": row_entropy(roll), "rollout_variance": row_variance(roll), "view_agreement": view_agreement(z, views), "view_kl": view_kl(z, views)})
        print(f"{spec}: " + ", ".join(f"{name} {v[0]:.4f} {v[1]:.4f}" for name, v in columns.items()))
        yield dict(spec=spec, clip=clip, columns={name: v.tolist() for name, v in columns.items()})


def main(path):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write('{\n"functions":' + json.dumps(functions(), separators=(",", ":")) + ',\n"models":[\n' + ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in answers()) + "\n]\n}\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    main(sys.argv[1])
