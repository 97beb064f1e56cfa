"""Find a codebook by k-means on the patches that are learnt from: codebook.py DATA CODES SEED CODEBOOK

CODEBOOK holds what each of CODES looks like, (codes, 4 pixels), from the least ink to the most.
"""

import sys

import numpy as np

import captions
import codes

ROUNDS = 40


def begin(pieces: np.ndarray, many: int, rng: np.random.Generator) -> np.ndarray:
    """Return pieces that are far apart (k-means++): each is drawn by its squared distance to those before."""
    found = [pieces[rng.integers(len(pieces))]]
    for _ in range(many - 1):
        away = ((pieces[:, None] - np.array(found)) ** 2).sum(axis=-1).min(axis=1)
        found.append(pieces[rng.choice(len(pieces), p=away / away.sum())])
    return np.array(found)


def fit(pieces: np.ndarray, many: int, rng: np.random.Generator) -> np.ndarray:
    """Return the middles of `many` groups of pieces, (many, 4)."""
    middles = begin(pieces, many, rng)
    for _ in range(ROUNDS):
        group = codes.nearest(middles, pieces)
        for at in np.unique(group):
            middles[at] = pieces[group == at].mean(axis=0)
    return middles[np.argsort(middles.sum(axis=1), kind="stable")]


def main(data: str, many: str, seed: str, codebook: str) -> None:
    """Write the CODEBOOK of the images in DATA that are learnt from."""
    with np.load(data) as arrays:
        pixels = arrays["pixels"][arrays["part"] == captions.PARTS.index("learn")]
    pieces = codes.patches(pixels).reshape(-1, codes.PATCH**2)
    found = fit(pieces, int(many), np.random.default_rng(int(seed)))
    np.savez(codebook, codebook=found)
    lost = pixels - codes.decode(found, codes.encode(found, pixels))
    print(f"{many} codes keep {1 - lost.var() / pixels.var():.1%} of the variance")


if __name__ == "__main__":
    main(*sys.argv[1:])
