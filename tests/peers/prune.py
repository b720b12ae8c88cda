#!/usr/bin/env python3
"""Closed-form pruning beside an independent NumPy implementation of it: the same images and options, the largest difference of the students' logits.

prune.py DFKD REFERENCE TEACHER IMAGES.csv [--width 90 --heads 3 --mlp 360] [--limit 1e-3]
REFERENCE: closed_form_prune.py of the test material (shared/reference). IMAGES.csv: a column path, images that both decode. Needs numpy, scipy and pillow.
"""
import argparse, csv, json, os, struct, subprocess, sys, tempfile, time
import numpy as np
from PIL import Image
from scipy.special import erf

a = argparse.ArgumentParser()
for name in ('dfkd', 'reference', 'teacher', 'images'): a.add_argument(name)
a.add_argument('--width', type=int, default=90); a.add_argument('--heads', type=int, default=3); a.add_argument('--mlp', type=int, default=360); a.add_argument('--limit', type=float, default=1e-3)
a = a.parse_args()


def load(directory):
    raw = open(os.path.join(directory, 'model.safetensors'), 'rb').read()
    size = struct.unpack('<Q', raw[:8])[0]
    header = json.loads(raw[8:8 + size])
    return {name: np.frombuffer(raw[8 + size + part['data_offsets'][0]:8 + size + part['data_offsets'][1]], np.float32).reshape(part['shape']).astype(np.float64)
            for name, part in header.items() if name != '__metadata__'}


def norm(x, weight, bias): return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6) * weight + bias


def logits(weights, pixels, patch):
    images, grid = len(pixels), pixels.shape[1] // patch
    x = pixels.reshape(images, grid, patch, grid, patch, 3).transpose(0, 1, 3, 5, 2, 4).reshape(images, grid * grid, -1)
    kernel = weights['patch_embed.proj.weight']
    x = x @ kernel.reshape(len(kernel), -1).T + weights['patch_embed.proj.bias']
    x = np.concatenate([np.broadcast_to(weights['cls_token'], (images, 1, x.shape[-1])), x], 1) + weights['pos_embed']
    block = 0
    while f'blocks.{block}.norm1.weight' in weights:
        w = lambda name: weights[f'blocks.{block}.{name}']
        qkv = norm(x, w('norm1.weight'), w('norm1.bias')) @ w('attn.qkv.weight').T + w('attn.qkv.bias')
        q, k, v = qkv.reshape(images, x.shape[1], 3, a.heads, -1).transpose(2, 0, 3, 1, 4)
        scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(q.shape[-1])
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ v
        x = x + mixed.transpose(0, 2, 1, 3).reshape(x.shape) @ w('attn.proj.weight').T + w('attn.proj.bias')
        hidden = norm(x, w('norm2.weight'), w('norm2.bias')) @ w('mlp.fc1.weight').T + w('mlp.fc1.bias')
        x = x + .5 * hidden * (1 + erf(hidden / np.sqrt(2))) @ w('mlp.fc2.weight').T + w('mlp.fc2.bias')
        block += 1
    return norm(x, weights['norm.weight'], weights['norm.bias'])[:, 0] @ weights['head.weight'].T + weights['head.bias']


def timed(command):
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


teacher, config = load(a.teacher), json.load(open(os.path.join(a.teacher, 'config.json')))
patch, depth = teacher['patch_embed.proj.weight'].shape[2], sum(name.endswith('.norm1.weight') for name in teacher)
side = patch * int(round((teacher['pos_embed'].shape[1] - 1) ** .5))
paths = [row['path'] for row in csv.DictReader(open(a.images))]
with tempfile.TemporaryDirectory() as folder:
    ours, theirs = os.path.join(folder, 'ours'), os.path.join(folder, 'theirs')
    spec = f'vit:img={side},patch={patch},dim={a.width},depth={depth},heads={a.heads},mlp={a.mlp / a.width!r}'
    own = timed([a.dfkd, 'prune', a.teacher, a.images, '--student', spec, '--method', 'plain', '--hold-out', '0', '--images', str(len(paths)), '--quiet', '-o', ours])
    other = timed([sys.executable, a.reference, a.teacher, a.images, str(len(paths)), theirs, '--width', str(a.width), '--heads', str(a.heads), '--head-dim', str(a.width // a.heads), '--mlp', str(a.mlp), '--blocks', ','.join(map(str, range(depth)))])
    mean, std = (np.array(config['pretrained_cfg'][name]) for name in ('mean', 'std'))
    pixels = np.stack([(np.asarray(Image.open(path).convert('RGB').resize((side, side), Image.BICUBIC), np.float64) / 255 - mean) / std for path in paths[:200]])
    first, second = logits(load(ours), pixels, patch), logits(load(theirs), pixels, patch)
difference = abs(first - second).max()
print(f'{len(paths)} images, {spec}: largest difference of logits {difference:.2e} (largest logit {abs(second).max():.2f}); CPU seconds {own:.1f} and {other:.1f}')
sys.exit(difference > a.limit)
