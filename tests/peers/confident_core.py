"""Reference values of the pool's confident core: NumPy from the equations of docs/select.md, sharing no line with the tool.

usage: confident_core.py FILE     writes FILE (committed as tests/Selector.Tests/References/confident_core.json)
       confident_core.py SCORES.csv EMBEDDINGS.npy TRUTH.csv     AUROC and precision of the term on a pool, to compare with dfkd auroc

FILE holds the columns of a small pool and its embeddings as whole hundredths, the distance d of every row, and the default's
scores with and without the column intact. The second form is the method as it was first explored: N*D numbers in memory.
"""
import csv
import json
import sys

import numpy as np

SHARE, LEAST, CORE_RIDGE, POOL_RIDGE, DISCRIMINANT_RIDGE = 0.15, 5, 1e-3, 1e-6, 0.03


def z(x):
    middle = np.median(x)
    return np.clip((x - middle) / (1.4826 * np.median(abs(x - middle))), -4, 4)


def first_score(entropy, energy, variances, intact=None):
    blocks = np.stack([z(np.log(v)) for v in variances])
    k = len(blocks)
    r = (np.corrcoef(blocks).sum() - k) / (k * (k - 1))
    w = min(4, max(0, k * r / (1 - r)))
    score = 2 / (1 + w) * ((z(-entropy) + z(-energy)) / 2 + w * blocks.mean(0))
    return score if intact is None else score - 10 * np.log1p(np.exp(-intact))


def squared(X, mean, covariance):
    inverse = np.linalg.inv(covariance)
    return np.einsum("nd,de,ne->n", X - mean, inverse, X - mean, optimize=True)


def places(first, classes, X):
    """Relative Mahalanobis distance to the core (lower is nearer), and Fisher's discriminant of the core against the pool."""
    names, width = np.unique(classes), X.shape[1]
    take = max(LEAST, int(SHARE * len(X) / len(names)))
    core = {c: np.where(classes == c)[0][np.argsort(-first[classes == c], kind="stable")][:take] for c in names}
    means = {c: X[rows].mean(0) for c, rows in core.items()}
    within = np.concatenate([X[rows] - means[c] for c, rows in core.items()])
    shared = within.T @ within / len(within)
    shared += CORE_RIDGE * np.trace(shared) / width * np.eye(width)
    around = np.cov(X.T, bias=True) + POOL_RIDGE * np.eye(width)
    near = np.concatenate(list(core.values()))
    direction = np.linalg.solve(around + DISCRIMINANT_RIDGE * np.diag(np.diag(around)), X[near].mean(0) - X.mean(0))
    return np.min([squared(X, m, shared) for m in means.values()], 0) - squared(X, X.mean(0), around), X @ direction


def reference(path):
    rng = np.random.default_rng(20260401)
    rows, width, classes = 240, 6, 3
    prediction = rng.integers(0, classes, rows)
    kin = rng.random(rows) < 0.4
    centres = rng.standard_normal((classes, width)) * 2
    X = np.where(kin[:, None], centres[prediction] + 0.6 * rng.standard_normal((rows, width)), 1.5 * rng.standard_normal((rows, width)) + 0.7 * centres[prediction])
    hundredths = lambda x: np.round(x * 100).astype(int)
    inputs = {
        "prediction": prediction, "entropy": hundredths(np.abs(rng.standard_normal(rows) + 1.5 - kin) + 0.01), "energy": hundredths(rng.standard_normal(rows) - 3 - 2 * kin),
        "variance_3": hundredths(np.exp(rng.standard_normal(rows)) + 0.05), "variance_7": None, "intact": hundredths(3 * rng.standard_normal(rows) + 2), "embedding": hundredths(X),
    }
    inputs["variance_7"] = hundredths(inputs["variance_3"] / 100 * np.exp(0.5 * rng.standard_normal(rows)) + 0.05)
    figure = {name: v / 100 for name, v in inputs.items()}
    # As the tool reads it.
    X = figure["embedding"].astype(np.float32).astype(np.float64)
    expected = {}
    for name, intact in ("plain", None), ("intact", figure["intact"]):
        first = first_score(figure["entropy"], figure["energy"], [figure["variance_3"], figure["variance_7"]], intact)
        d, q = places(first, prediction, X)
        expected[name] = {"distance": d.tolist(), "score": (z(first) + z(-d) + z(q)).tolist()}
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps({"inputs": {name: v.tolist() for name, v in inputs.items()}, "expected": expected}, separators=(",", ":")) + "\n")


def auroc(good, score):
    order = np.argsort(score, kind="stable")
    values, inverse, counts = np.unique(score[order], return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    hits = good[order]
    return (ranks[hits].sum() - hits.sum() * (hits.sum() + 1) / 2) / (hits.sum() * (~hits).sum())


def pool(scores, embeddings, truth):
    with open(truth, encoding="utf-8") as file:
        answers = {row["key"]: row["in_distribution"] == "1" for row in csv.DictReader(file)}
    with open(scores, encoding="utf-8") as file:
        rows = [(at, row) for at, row in enumerate(csv.DictReader(file)) if row["status"] == "ok"]
    X = np.load(embeddings)[[at for at, _ in rows]].astype(np.float64)
    column = lambda name: np.array([float(row[name]) for _, row in rows])
    good = np.array([next(answers[key] for key in (row["path"].replace("::", "/").split("/")[-1], row.get("source", "").split("/")[-1]) if key in answers) for _, row in rows])
    blocks = [name for name in rows[0][1] if name.startswith("probe_variance_")]
    first = first_score(column("entropy"), column("energy"), [column(name) for name in blocks], column("intact") if "intact" in rows[0][1] else None)
    d, q = places(first, column("prediction").astype(int), X)
    for name, score in ("first", first), ("core", -d), ("discriminant", q), ("default", z(first) + z(-d) + z(q)):
        best = good[np.argsort(-score, kind="stable")]
        print(f"{name:12} AUROC {auroc(good, score):.4f}, precision of the best 4,000 {best[:4000].mean():.4f}, 5,000 {best[:5000].mean():.4f}, 10,000 {best[:10000].mean():.4f}")


if __name__ == "__main__":
    if len(sys.argv) == 2:
        reference(sys.argv[1])
    elif len(sys.argv) == 4:
        pool(*sys.argv[1:])
    else:
        sys.exit(__doc__)
