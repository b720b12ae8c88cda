"""Reference values of every distillation loss, in NumPy float64, written from the papers' equations.

usage: losses.py FOLDER     writes inputs.json and cases.json (committed under tests/Distiller.Tests/References)

inputs.json holds tensors as whole hundredths, so that both sides read the same numbers. cases.json holds, for each
recipe: the student's patch grid, whether images are weighted and patches dropped, the step, the tensors that the loss
learns, and the value. Where a loss draws at random the draws are those of SplitMix64 (Steele et al., 2014), repeated here.
"""
import json
import sys
from pathlib import Path

import numpy as np

B, C = 3, 5
TEACHER = dict(img=8, patch=2, width=6, depth=3, heads=2, prefix=1)
STUDENT = dict(img=8, patch=2, width=4, depth=2, heads=2, prefix=2)  # CLS and distillation token
COARSE = dict(STUDENT, patch=4)
SEED = 7
LOSS = 7  # the purpose of a draw


def patches(shape):
    return (shape["img"] // shape["patch"]) ** 2


# ---------------------------------------------------------------- draws

MASK = (1 << 64) - 1


class SplitMix:
    """SplitMix64 keyed by seed, purpose and two indices: the state is hashed once for each part of the key."""

    def __init__(self, seed, purpose, a=0, b=0):
        self.state = seed & MASK
        for part in (purpose, a, b):
            self.state = self.next() ^ (part & MASK)

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, bound):
        return (self.next() * bound) >> 64

    def choose(self, count, bound):
        every = list(range(bound))
        for i in range(count):
            j = i + self.below(bound - i)
            every[i], every[j] = every[j], every[i]
        return every[:count]


def name_key(name):
    value = 14695981039346656037
    for letter in name:
        value = ((value ^ ord(letter)) * 1099511628211) & MASK
    return value


# ---------------------------------------------------------------- small pieces

def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def kl(p, q):
    return (p * (np.log(p) - np.log(q))).sum(-1)


def unit(x, axis=-1):
    return x / np.maximum(np.sqrt((x * x).sum(axis=axis, keepdims=True)), 1e-12)


def huber(a, b):
    d = np.abs(a - b)
    return np.where(d < 1, 0.5 * d * d, d - 0.5)


def image_mean(values, w):
    return float(np.mean(np.asarray(values) * w))


def conv3(image, weight, bias=None):
    """[Cin, S, S] with [Cout, Cin, 3, 3], zero padding of 1, one output at a time."""
    side = image.shape[1]
    padded = np.zeros((image.shape[0], side + 2, side + 2))
    padded[:, 1:-1, 1:-1] = image
    out = np.zeros((weight.shape[0], side, side))
    for y in range(side):
        for x in range(side):
            out[:, y, x] = (weight * padded[None, :, y:y + 3, x:x + 3]).sum((1, 2, 3))
    return out if bias is None else out + bias[:, None, None]


# ---------------------------------------------------------------- one step

class Step:
    """What a loss sees: teacher T, student S, weights w, kept patches."""

    def __init__(self, inputs, coarse, weighted, dropped, step, steps, parameters, label):
        self.inputs, self.step, self.steps, self.parameters, self.label = inputs, step, steps, parameters, label
        self.student_shape = COARSE if coarse else STUDENT
        self.prefix = "coarse" if coarse else "student"
        self.w = inputs["weights"] if weighted else np.ones(B)
        self.kept = inputs["kept"].astype(int) if dropped else None

    def p(self, name):
        return self.parameters[f"{self.label}.{name}"]

    def teacher(self, name):
        return self.inputs["teacher." + name]

    def student(self, name):
        return self.inputs[f"{self.prefix}.{name}"]

    def logits(self, head):
        if head == "mean":
            return (self.student("cls") + self.student("dist")) / 2
        return self.student(head)

    def _cut(self, tokens, prefix, cls):
        out = []
        for b in range(B):
            chosen = range(tokens.shape[1] - prefix) if self.kept is None else self.kept[b]
            rows = [tokens[b, prefix + j] for j in chosen]
            out.append(np.array(([tokens[b, 0]] if cls else []) + rows))
        return np.array(out)

    def s_tokens(self, tokens, cls=True):
        return self._cut(tokens, STUDENT["prefix"], cls)

    def t_tokens(self, tokens, cls=True):
        return self._cut(tokens, TEACHER["prefix"], cls)

    def hidden(self, s, t, cls=True):
        return self.s_tokens(self.student(f"hidden.{s}"), cls), self.t_tokens(self.teacher(f"hidden.{t}"), cls)


PAIRS = [(0, 1), (1, 2)]  # two student blocks and three teacher blocks, mapped evenly


# ---------------------------------------------------------------- the losses, from their equations

def kd(x, T=4, head="mean", standardise=False):
    s, t = x.logits(head), x.teacher("logits")
    if standardise:
        s, t = [(z - z.mean(1, keepdims=True)) / (z.std(1, ddof=1, keepdims=True) + 1e-7) for z in (s, t)]
    return image_mean(T * T * kl(softmax(t / T), softmax(s / T)), x.w)


def hard(x, head="dist"):
    s, y = softmax(x.logits(head)), x.teacher("logits").argmax(1)
    return image_mean([-np.log(s[b, y[b]]) for b in range(B)], x.w)


def dkd(x, alpha=1, beta=8, T=4, warmup=0.083):
    total = []
    for s, t in zip(x.logits("mean"), x.teacher("logits")):
        y = t.argmax()
        ps, pt = softmax(s / T), softmax(t / T)
        others = [c for c in range(C) if c != y]
        tckd = kl(np.array([pt[y], 1 - pt[y]]), np.array([ps[y], 1 - ps[y]]))
        nckd = kl(pt[others] / pt[others].sum(), ps[others] / ps[others].sum())
        total.append(T * T * (alpha * tckd + beta * nckd))
    warm = warmup * x.steps
    return image_mean(total, x.w) * (min(1, (x.step + 1) / warm) if warm > 0 else 1)


def pearson(a, b, weight):
    weight = weight / weight.sum()
    a, b = a - (weight * a).sum(), b - (weight * b).sum()
    n = len(a)  # the published code adds 1e-8 to the product of norms of all n entries
    return (weight * a * b).sum() * n / (np.sqrt((weight * a * a).sum() * n) * np.sqrt((weight * b * b).sum() * n) + 1e-8)


def dist(x, inter=1, intra=1, T=1):
    s, t = softmax(x.logits("mean") / T), softmax(x.teacher("logits") / T)
    rows = image_mean([1 - pearson(s[b], t[b], np.ones(C)) for b in range(B)], x.w)
    columns = np.mean([1 - pearson(s[:, c], t[:, c], x.w) for c in range(C)])
    return T * T * (inter * rows + intra * columns)


def noise(x, accuracy=0.9, balance=False):
    free = x.p("logits")
    matrix = np.zeros((C, C))
    for i in range(C):
        others = [j for j in range(C) if j != i]
        matrix[i, others] = (1 - accuracy) * softmax(free[i, others])
        matrix[i, i] = accuracy
    y = x.teacher("logits").argmax(1)
    p = softmax(x.logits("mean")) @ matrix
    w = x.w.copy()
    if balance:
        w *= [B / (len(set(y)) * np.sum(y == y[b])) for b in range(B)]
    return image_mean([-np.log(p[b, y[b]]) for b in range(B)], w)


def hidden(x):
    total = 0
    for s, t in PAIRS:
        fs, ft = x.hidden(s, t)
        total += image_mean(((fs @ x.p(f"{s}.weight") - ft) ** 2).mean((1, 2)), x.w)
    return total / len(PAIRS)


def probe(x, official=False):
    total = 0
    for s, t in PAIRS:
        rows = []
        for f in x.hidden(s, t):
            f = unit(f, axis=1 if official else 2)
            rows.append(np.array([(g @ g.T)[0, 1:] for g in f]))
        total += image_mean(((rows[0] - rows[1]) ** 2).mean(1), x.w)
    return total / len(PAIRS)


def heads_of(x, side, block, part):
    """[B, H, T, d] cut to CLS and the shared patches."""
    parts = (x.student if side == "s" else x.teacher)(f"{part}.{block}")
    cut = x.s_tokens if side == "s" else x.t_tokens
    return np.stack([cut(parts[:, h]) for h in range(parts.shape[1])], 1)


def attention(x, rows="cls", heads="mean", pairs=PAIRS):
    total = 0
    for s, t in pairs:
        maps = []
        for side, block in (("s", s), ("t", t)):
            q, k = heads_of(x, side, block, "q"), heads_of(x, side, block, "k")
            if rows == "cls":
                q, k = q[:, :, :1], k[:, :, 1:]
            a = softmax(np.einsum("bhid,bhjd->bhij", q, k) / np.sqrt(q.shape[-1]))
            maps.append(a.mean(1, keepdims=True) if heads == "mean" else a)
        total += image_mean(kl(maps[1], maps[0]).mean((1, 2)), x.w)
    return total / len(pairs)


def minilm(x, heads=2, layer=2, shares=(1, 1, 1)):
    total = 0
    for part, share in zip("qkv", shares):
        relations = []
        for side, block in (("s", 1), ("t", layer)):
            a = heads_of(x, side, block, part)
            a = np.concatenate([a[:, h] for h in range(a.shape[1])], -1)
            per = []
            for piece in np.split(a, heads, axis=-1):
                per.append(softmax(np.einsum("bid,bjd->bij", piece, piece) / np.sqrt(piece.shape[-1])))
            relations.append(np.stack(per, 1))
        total += share * image_mean(kl(relations[1], relations[0]).mean((1, 2)), x.w)
    return total


def vitkd(x, mimic=3e-5, generate=3e-6, mask=0.5):
    side = TEACHER["img"] // TEACHER["patch"]
    count = patches(TEACHER)
    stream = SplitMix(SEED, LOSS, x.step, name_key(x.label))
    masked = np.zeros((B, count), bool)
    for b in range(B):
        masked[b, stream.choose(count - int(count * (1 - mask)), count)] = True
    per = np.zeros(B)
    for i, (s, t) in enumerate([(0, 0), (1, 1), (1, 2)]):
        # The published backbone norms what leaves a model's last block before anything reads it.
        fs = x.s_tokens(x.student("normed" if s == STUDENT["depth"] - 1 else f"hidden.{s}"), False)
        ft = x.t_tokens(x.teacher("normed" if t == TEACHER["depth"] - 1 else f"hidden.{t}"), False)
        fs = fs @ x.p(f"map{i}.weight") + x.p(f"map{i}.bias")
        if i < 2:
            per += mimic * ((fs - ft) ** 2).sum((1, 2))
            continue
        for b in range(B):
            tokens = fs[b].copy()
            tokens[masked[b]] = x.p("mask_token")
            image = tokens.T.reshape(-1, side, side)
            image = np.maximum(conv3(image, x.p("conv0.weight"), x.p("conv0.bias")), 0)
            image = conv3(image, x.p("conv1.weight"), x.p("conv1.bias"))
            made = image.reshape(image.shape[0], -1).T
            per[b] += generate / mask * ((made - ft[b])[masked[b]] ** 2).sum()
    return image_mean(per, x.w)


def rkd(x, distance=1, angle=2, of="embedding", normalise=False):
    s = x.student("embedding") if of == "embedding" else x.logits("mean")
    t = x.teacher(of)
    if normalise:
        s, t = unit(s), unit(t)

    def distances(e):
        d = np.array([[0 if i == j else np.sqrt(max(((e[i] - e[j]) ** 2).sum(), 1e-12)) for j in range(B)] for i in range(B)])
        return d / d[d > 0].mean()

    def cosine(e, i, j, k):
        a, b = unit(e[j] - e[i]), unit(e[k] - e[i])
        return float(a @ b)

    ds, dt = distances(s), distances(t)
    pairs = np.mean([[x.w[i] * x.w[j] * huber(ds[i, j], dt[i, j]) for j in range(B)] for i in range(B)])
    triplets = np.mean([x.w[i] * x.w[j] * x.w[k] * huber(cosine(s, i, j, k), cosine(t, i, j, k))
                        for i in range(B) for j in range(B) for k in range(B)])
    return distance * pairs + angle * triplets


def manifold(x, intra=4, inter=0.1, random=0.2, k=192, exact=False, patches_alone=False):
    total = 0
    for index, (s, t) in enumerate(PAIRS):
        fs, ft = x.hidden(s, t, cls=False)
        if not patches_alone:  # the published code: of the student as many last tokens as the teacher has, here its distillation token beside CLS
            extra = STUDENT["prefix"] - TEACHER["prefix"]
            fs = np.concatenate([x.student(f"hidden.{s}")[:, extra:STUDENT["prefix"]], fs], 1)
            ft = np.concatenate([x.teacher(f"hidden.{t}")[:, :TEACHER["prefix"]], ft], 1)
        fs, ft = unit(fs), unit(ft)
        n = fs.shape[1]
        flat_s, flat_t = fs.reshape(B * n, -1), ft.reshape(B * n, -1)
        w = np.repeat(x.w, n)
        difference = (flat_s @ flat_s.T - flat_t @ flat_t.T) ** 2 * np.outer(w, w)
        if exact:
            total += difference.mean()
            continue
        within = image_mean([((fs[b] @ fs[b].T - ft[b] @ ft[b].T) ** 2).mean() for b in range(B)], x.w)
        across = np.mean([((fs[:, j] @ fs[:, j].T - ft[:, j] @ ft[:, j].T) ** 2 * np.outer(x.w, x.w)).mean() for j in range(n)])
        chosen = SplitMix(SEED, LOSS, x.step, name_key(f"{x.label}.{index}")).choose(min(k, B * n), B * n)
        total += intra * within + inter * across + random * difference[np.ix_(chosen, chosen)].mean()
    return total / len(PAIRS)


def tat(x, official=False, conv=1, groups=1, anchor=1):
    fs, ft = x.s_tokens(x.student("hidden.1"), False), x.t_tokens(x.teacher("hidden.2"), False)
    if x.kept is not None:  # every teacher position learns, whatever the student kept
        ft = x.teacher("hidden.2")[:, TEACHER["prefix"]:]

    def pooled(f):
        side = int(round(np.sqrt(f.shape[1])))
        f = f.reshape(B, side // anchor, anchor, side // anchor, anchor, -1).mean((2, 4))
        return f.reshape(B, (side // anchor) ** 2, -1)

    def cells(n):
        """Numbers of the positions of each group."""
        side = int(round(np.sqrt(n)))
        size = side // groups
        return [[y * side + z for y in range(r * size, (r + 1) * size) for z in range(c * size, (c + 1) * size)]
                for r in range(groups) for c in range(groups)]

    if anchor > 1:
        fs, ft = pooled(fs), pooled(ft)

    def mapped(name):
        weight = x.p(f"{name}.weight")
        if conv == 1:
            out = fs @ weight[:, :, 0, 0].T
        else:
            side = int(round(np.sqrt(fs.shape[1])))
            out = np.array([conv3(f.T.reshape(-1, side, side), weight).reshape(weight.shape[0], -1).T for f in fs])
        mean, variance = out.mean((0, 1)), out.var((0, 1))
        return (out - mean) / np.sqrt(variance + 1e-5) * x.p(f"{name}.scale") + x.p(f"{name}.shift")

    keys, values = mapped("key"), mapped("value")
    per = []
    for b in range(B):
        squares = []
        for cs, ct in zip(cells(keys.shape[1]) if groups > 1 else [range(keys.shape[1])], cells(ft.shape[1]) if groups > 1 else [range(ft.shape[1])]):
            cs, ct = list(cs), list(ct)
            if official:
                out = softmax(keys[b, cs] @ ft[b, ct].T) @ values[b, cs]
            else:
                out = softmax(ft[b, ct] @ keys[b, cs].T) @ values[b, cs]
            squares.append((out - ft[b, ct]) ** 2)
        per.append(np.mean(squares))
    return image_mean(per, x.w)


# ---------------------------------------------------------------- presets, from the published programs

def cross_entropy(x, head):
    z, y = x.logits(head), x.teacher("logits").argmax(1)
    return float(np.mean([np.log(np.exp(z[b]).sum()) - z[b, y[b]] for b in range(B)]))


def divergence(x, head, T, divisor):
    """T² · sum of p_t · (ln p_t − ln p_s) over everything, divided as the program does."""
    p, q = softmax(x.teacher("logits") / T), softmax(x.logits(head) / T)
    return T * T * float((p * (np.log(p) - np.log(q))).sum()) / divisor


def noisy_nll(x, accuracy):
    """The matrix as the program builds it: a softmax of C − 1 free numbers a row, the accuracy put in at the diagonal."""
    rows = []
    for i in range(C):
        off = softmax(np.delete(x.parameters["noise.logits"][i], i)) * (1 - accuracy)
        rows.append(np.insert(off, i, accuracy))
    p, y = softmax(x.logits("mean")) @ np.array(rows), x.teacher("logits").argmax(1)
    return float(np.mean([-np.log(p[b, y[b]]) for b in range(B)]))


def within(x, label, function, **arguments):
    before, x.label = x.label, label
    value = function(x, **arguments)
    x.label = before
    return value


def attention_probe_official(x):
    return divergence(x, "mean", 4, B) + noisy_nll(x, 0.9) + 0.8 * within(x, "probe", probe, official=True)


def dfnd(x):
    return divergence(x, "mean", 4, B) + noisy_nll(x, 0.9)


def deit_soft(x):
    return 0.9 * cross_entropy(x, "cls") + 0.1 * divergence(x, "dist", 3, B * C)


def vitkd_preset(x):
    return divergence(x, "mean", 4, B) + within(x, "vitkd", vitkd)


def manifold_preset(x):
    return divergence(x, "mean", 1, B) + within(x, "manifold", manifold)


def tat_official(x):
    return 0.5 * cross_entropy(x, "mean") + 0.5 * divergence(x, "mean", 1, B) + 0.1 * within(x, "tat", tat, official=True, conv=3)


# ---------------------------------------------------------------- inputs and cases

def hundredths(rng, shape, scale=1.0):
    return np.round(rng.standard_normal(shape) * scale * 100) / 100


def make_inputs():
    rng = np.random.default_rng(20240229)
    inputs = {"weights": np.array([2, 0.25, 0.75]), "kept": np.array([[0, 3, 5, 9, 14, 15], [1, 2, 6, 7, 8, 12], [0, 4, 5, 10, 11, 13]]) * 1.0}
    teacher_tokens = TEACHER["prefix"] + patches(TEACHER)
    inputs["teacher.logits"] = hundredths(rng, (B, C), 2)
    inputs["teacher.logits"][1] = inputs["teacher.logits"][0][::-1]
    inputs["teacher.logits"][2] = inputs["teacher.logits"][0] + hundredths(rng, (C,), 0.1)  # two images of one decision
    inputs["teacher.embedding"] = hundredths(rng, (B, TEACHER["width"]))
    for block in (0, 1, 2):
        inputs[f"teacher.hidden.{block}"] = hundredths(rng, (B, teacher_tokens, TEACHER["width"]))
    for block in (1, 2):
        for part in "qkv":
            inputs[f"teacher.{part}.{block}"] = hundredths(rng, (B, TEACHER["heads"], teacher_tokens, TEACHER["width"] // TEACHER["heads"]))
    for name, shape in (("student", STUDENT), ("coarse", COARSE)):
        tokens = shape["prefix"] + patches(shape)
        for head in ("cls", "dist"):
            inputs[f"{name}.{head}"] = hundredths(rng, (B, C))
        inputs[f"{name}.embedding"] = hundredths(rng, (B, shape["width"]))
        for block in (0, 1):
            inputs[f"{name}.hidden.{block}"] = hundredths(rng, (B, tokens, shape["width"]))
            if name == "student":
                for part in "qkv":
                    inputs[f"{name}.{part}.{block}"] = hundredths(rng, (B, shape["heads"], tokens, shape["width"] // shape["heads"]))
    for name, shape in (("teacher", TEACHER), ("student", STUDENT)):
        inputs[f"{name}.normed"] = hundredths(rng, (B, shape["prefix"] + patches(shape), shape["width"]))
    return inputs


DS, DT = STUDENT["width"], TEACHER["width"]
HIDDEN = {f"{s}.weight": (DS, DT) for s, _ in PAIRS}
VITKD = {**{f"map{i}.{p}": s for i in range(3) for p, s in (("weight", (DS, DT)), ("bias", (DT,)))}, "mask_token": (DT,),
         **{f"conv{i}.{p}": s for i in range(2) for p, s in (("weight", (DT, DT, 3, 3)), ("bias", (DT,)))}}


def maps(kernel):
    return {f"{part}.{p}": s for part in ("key", "value") for p, s in (("weight", (DT, DS, kernel, kernel)), ("scale", (DT,)), ("shift", (DT,)))}


# recipe, function, its arguments, learned tensors, circumstances
CASES = [
    ("kd:T=4", kd, {}, {}, {}),
    ("kd:T=2,standardise=1", kd, dict(T=2, standardise=True), {}, dict(weighted=True)),
    ("kd:T=3,head=cls", kd, dict(T=3, head="cls"), {}, {}),
    ("hard", hard, {}, {}, dict(weighted=True)),
    ("dkd", dkd, {}, {}, dict(step=2, steps=100)),
    ("dkd:alpha=2,beta=0.5,T=1,warmup=0", dkd, dict(alpha=2, beta=0.5, T=1, warmup=0), {}, dict(weighted=True)),
    ("dist", dist, {}, {}, {}),
    ("dist:inter=2,intra=0.5,T=4", dist, dict(inter=2, intra=0.5, T=4), {}, dict(weighted=True)),
    ("noise:accuracy=0.8", noise, dict(accuracy=0.8), {"logits": (C, C)}, {}),
    ("noise:balance=1", noise, dict(balance=True), {"logits": (C, C)}, dict(weighted=True)),
    ("hidden", hidden, {}, HIDDEN, {}),
    ("hidden", hidden, {}, HIDDEN, dict(weighted=True, dropped=True)),
    ("probe:variant=corrected", probe, {}, {}, dict(weighted=True)),
    ("probe:variant=official", probe, dict(official=True), {}, dict(dropped=True)),
    ("attention", attention, {}, {}, dict(weighted=True, dropped=True)),
    ("attention:rows=all", attention, dict(rows="all"), {}, {}),
    ("attention:rows=all,layers=last", attention, dict(rows="all", pairs=[(1, 2)]), {}, dict(dropped=True)),
    ("attention:rows=all,heads=each", attention, dict(rows="all", heads="each"), {}, dict(weighted=True)),
    ("minilm", minilm, {}, {}, {}),
    ("minilm:heads=1,layer=1,q=2,k=0.5,v=3", minilm, dict(heads=1, layer=1, shares=(2, 0.5, 3)), {}, dict(weighted=True, dropped=True)),
    ("vitkd:mimic=0.1,generate=0.01", vitkd, dict(mimic=0.1, generate=0.01), VITKD, dict(step=5)),
    ("vitkd:mask=0.3", vitkd, dict(mask=0.3), VITKD, dict(weighted=True)),
    ("rkd", rkd, {}, {}, {}),
    ("rkd:distance=3,angle=1,of=logits", rkd, dict(distance=3, angle=1, of="logits"), {}, dict(weighted=True)),
    ("manifold", manifold, {}, {}, {}),
    ("manifold:intra=1,inter=2,random=3,k=7", manifold, dict(intra=1, inter=2, random=3, k=7), {}, dict(weighted=True, dropped=True, step=11)),
    ("manifold:exact=1", manifold, dict(exact=True), {}, {}),
    ("manifold:exact=1", manifold, dict(exact=True), {}, dict(weighted=True, dropped=True)),
    ("tat", tat, {}, maps(1), {}),
    ("tat", tat, {}, maps(1), dict(weighted=True, dropped=True)),
    ("tat:conv=3", tat, dict(conv=3), maps(3), dict(coarse=True)),
    ("tat:form=official,conv=3", tat, dict(official=True, conv=3), maps(3), dict(weighted=True)),
    ("tat:groups=2", tat, dict(groups=2), maps(1), {}),
    ("tat:groups=2,conv=3", tat, dict(groups=2, conv=3), maps(3), dict(coarse=True)),
    ("tat:anchor=2", tat, dict(anchor=2), maps(1), {}),
    ("rkd:normalise=1", rkd, dict(normalise=True), {}, dict(weighted=True)),
    ("kd:T=3,head=dist,reduction=mean", lambda x: divergence(x, "dist", 3, B * C), {}, {}, {}),
    ("manifold:tokens=patches", manifold, dict(patches_alone=True), {}, dict(weighted=True, dropped=True)),
    ("probe:variant=official,layers=thirds", probe, dict(official=True), {}, dict(weighted=True)),
    ("preset:attention-probe-official", attention_probe_official, {}, {"noise.logits": (C, C)}, {}),
    ("preset:dfnd", dfnd, {}, {"noise.logits": (C, C)}, {}),
    ("preset:deit-soft", deit_soft, {}, {}, {}),
    ("preset:vitkd", vitkd_preset, {}, {f"vitkd.{name}": shape for name, shape in VITKD.items()}, dict(step=3)),
    ("preset:manifold", manifold_preset, {}, {}, dict(step=3)),
    ("preset:tat-official", tat_official, {}, {f"tat.{name}": shape for name, shape in maps(3).items()}, {}),
]


def main(folder):
    inputs = make_inputs()
    cases = []
    for number, (recipe, function, arguments, learned, given) in enumerate(CASES):
        rng = np.random.default_rng(number)
        label = recipe.split(":")[0]
        parameters = {name if label == "preset" else f"{label}.{name}": hundredths(rng, shape, 0.5) for name, shape in learned.items()}
        circumstances = dict(coarse=False, weighted=False, dropped=False, step=0, steps=100)
        circumstances.update(given)
        value = float(function(Step(inputs, label=label, parameters=parameters, **circumstances), **arguments))
        cases.append(dict(recipe=recipe, **circumstances, parameters={name: packed(value) for name, value in parameters.items()}, expected=value))
    for name, content in (("inputs", {name: packed(value) for name, value in inputs.items()}), ("cases", cases)):
        lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in content) if isinstance(content, list) else \
            ",\n".join(f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'))}" for key, value in content.items())
        brackets = "[]" if isinstance(content, list) else "{}"
        Path(folder, name + ".json").write_text(f"{brackets[0]}\n{lines}\n{brackets[1]}\n")


def packed(values):
    return dict(shape=list(values.shape), hundredths=[int(round(v * 100)) for v in values.ravel()])


if __name__ == "__main__":
    main(sys.argv[1])
