"""Reference values of the losses of image synthesis, from their equations alone: python3 tests/peers/synthesis.py > tests/Distiller.Tests/References/synthesis.json

Inputs are made by a recurrence that any language repeats, in float64. Needs NumPy and nothing of this repository.
"""
import json
import numpy as np


def drawn(*shape, seed):
    """Numbers in (-1, 1): x -> 1103515245 x + 12345 mod 2^31 from the seed, scaled."""
    values, x = [], seed
    for _ in range(int(np.prod(shape))):
        x = (1103515245 * x + 12345) % 2**31
        values.append(x / 2**30 - 1)
    return np.array(values).reshape(shape)


def patch_entropy(tokens, bandwidth=0.05, points=48):
    entropies = []
    low, high = -1 - 3 * bandwidth, 1 + 3 * bandwidth
    grid = [low + k * (high - low) / (points - 1) for k in range(points)]
    for image in tokens:
        n = len(image)
        cosines = [image[i] @ image[j] / (np.linalg.norm(image[i]) * np.linalg.norm(image[j])) for i in range(n) for j in range(i + 1, n)]
        total = 0.0
        for at in grid:
            density = np.mean([np.exp(-0.5 * ((c - at) / bandwidth) ** 2) / (bandwidth * np.sqrt(2 * np.pi)) for c in cosines])
            if density > 1e-12:
                total -= density * np.log(density)
        entropies.append(total * (high - low) / (points - 1))
    return entropies


def total_variation(pixels):
    totals = []
    for image in pixels:
        a, b = image[:, :, :-1] - image[:, :, 1:], image[:, :-1, :] - image[:, 1:, :]
        c, d = image[:, :-1, :-1] - image[:, 1:, 1:], image[:, :-1, 1:] - image[:, 1:, :-1]
        totals.append(sum(np.sqrt(np.mean(x**2)) for x in (a, b, c, d)))
    return totals


print(json.dumps({
    "patch_entropy": patch_entropy(drawn(3, 7, 5, seed=1)),
    "total_variation": total_variation(drawn(2, 3, 6, 5, seed=2)),
}, indent=1))
