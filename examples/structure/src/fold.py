"""Put alpha carbons where distances want them: fold.py PREDICTION STRUCTURES SPLIT COORDINATES

Three times by the same rules: from the distances that the model predicts, and from two that need no
model: what is usual so far apart in the chain, and that with contacts where mutual information is
highest. Distances have no hand: a fold and its mirror image are the same here.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pairs

STEPS, RATE = 800, 0.4  # of the descent, Å
BOND, BOND_WEIGHT = 3.8, 10.0
TOO_NEAR = 4.0
TOUCHING, TOUCHING_SPREAD = 6.5, 1.5  # Å between alpha carbons when beta carbons touch
APART = 6


def usual(known: dict, names: list[str], length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and spread of the distance, (length, length), by how far apart in the chain."""
    means, spreads = np.zeros(length), np.ones(length)
    for apart in range(1, length):
        found = [np.diagonal(known[f"{name}.distances"], apart) for name in names]
        found = np.concatenate([*found, [means[apart - 1]]])
        means[apart] = found.mean()
        spreads[apart] = max(found.std(), 0.5) if len(found) > 20 else spreads[apart - 1]
    at = np.abs(np.arange(length)[None] - np.arange(length)[:, None])
    return means[at], spreads[at]


def predicted(bins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and spread of the distances that are predicted.

    How far a far pair is, the last bin does not say: the more of the chance is there, the less it pulls.
    """
    near = 1 - bins[..., -1]
    share = bins[..., :-1] / np.maximum(near, 1e-6)[..., None]
    mean = share @ pairs.CENTRES[:-1]
    spread = np.sqrt(np.maximum(share @ pairs.CENTRES[:-1] ** 2 - mean**2, 0.4))
    return near * mean + (1 - near) * pairs.CENTRES[-1], spread * (5 - 4 * near)


def pulled(
    mean: np.ndarray, spread: np.ndarray, information: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return them with a contact at each of the L pairs of highest information."""
    mean, spread = mean.copy(), spread.copy()
    i, j = np.triu_indices(len(mean), APART)
    best = np.argsort(-information[i, j], kind="stable")[: len(mean)]
    for one, other in ((i[best], j[best]), (j[best], i[best])):
        mean[one, other], spread[one, other] = TOUCHING, TOUCHING_SPREAD
    return mean, spread


def scaled(mean: np.ndarray) -> np.ndarray:
    """Return places, (L, 3), with about these distances: classical multidimensional scaling."""
    centre = np.eye(len(mean)) - 1 / len(mean)
    values, vectors = np.linalg.eigh(-centre @ mean**2 @ centre / 2)
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(len(mean))])
    return (vectors * signs)[:, -3:] * np.sqrt(np.maximum(values[-3:], 1))


def pull(places: np.ndarray, mean: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the slope in each place of weighted squared error, and of being too near."""
    apart = places[:, None] - places[None]
    distance = np.sqrt((apart**2).sum(axis=2) + 1e-6)
    wrong = weight * np.clip(distance - mean, -5, 5) - 2 * np.maximum(TOO_NEAR - distance, 0)
    np.fill_diagonal(wrong, 0)
    return ((wrong / distance)[..., None] * apart).sum(axis=1)


def fold(mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return places for the alpha carbons, (L, 3)."""
    mean, weight = (mean + mean.T) / 2, 1 / spread**2
    np.fill_diagonal(mean, 0)
    for first, second in ((0, 1), (1, 0)):
        bonds = np.arange(len(mean) - 1)
        mean[bonds + first, bonds + second] = BOND
        weight[bonds + first, bonds + second] = BOND_WEIGHT
    places = scaled(mean)
    scale = weight.sum(axis=1, keepdims=True)
    for step in range(STEPS):
        places = places - RATE * (1 - step / STEPS) * pull(places, mean, weight) / scale * 2
    return places


def main(prediction: str, structures: str, split: str, into: str) -> None:
    """Write the three folds of the chain of PREDICTION."""
    said, known = np.load(prediction), dict(np.load(structures))
    names = json.loads(Path(split).read_text())["training"]
    plain = usual(known, names, len(said["contact"]))
    folds = {
        "model": fold(*predicted(said["bins"].astype(np.float64))),
        "separation": fold(*plain),
        "information": fold(*pulled(*plain, said["information"])),
    }
    np.savez(into, name=said["name"], **folds)


if __name__ == "__main__":
    main(*sys.argv[1:])
