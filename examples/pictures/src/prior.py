"""Train the prior: prior.py DATA CODEBOOK SHAPE TRAINING SEED MODEL CURVE CODES...

The prior is a transformer (SHAPE: width, heads, blocks) that learns which token comes next in rows of
a caption's words and its picture's codes (rows.py). TRAINING has `updates`, each by Adam on `batch`
images that are learnt from, each with one of its captions; `rate`; `drop`, the share of what a block
adds that is left out; and `blur`, within which codes that are read are mistaken for others that look
alike. Without these two, a few hundred images are soon learnt by heart. MODEL holds the weights that were
least surprised by the codes of the images that validate; CURVE has both losses on the way.
"""

import json
import sys
from pathlib import Path

import numpy as np

import captions
import codes
import rows
import transformer
from adam import Adam

NOTES = 30  # looks at the images that validate
WARM = 0.05  # of the updates until the rate is whole; then it falls to zero
BY_LOOKS, BY_CHANCE = 0.5, 0.3  # how much of a code's first vector is of either


def gather(paths: tuple[str, ...]) -> np.ndarray:
    """Return the codes of all images, (N, 16), from the files of all shards."""
    loaded = [np.load(path) for path in paths]
    found = np.concatenate([one["codes"] for one in loaded])
    return found[np.argsort(np.concatenate([one["at"] for one in loaded]))]


def schedule(rate: float, done: float) -> float:
    """Return the rate when a share of the updates is done."""
    return rate * min(done / WARM, (1 - done) / (1 - WARM))


def by_code(weights: dict, seen: np.ndarray, heads: int) -> float:
    """Return the mean surprise by a code in rows, in nats."""
    logits, _ = transformer.forward(weights, seen[:, :-1], heads)
    return float(transformer.surprise(logits, seen[:, 1:])[:, -codes.PLACES :].mean())


def begin(shape: dict[str, int], codebook: np.ndarray, rng: np.random.Generator) -> dict:
    """Return weights to begin with, in which codes that look alike have vectors that are alike."""
    sizes = {"tokens": rows.TEXT + len(codebook), "length": rows.LENGTH}
    weights = transformer.init(rng, shape | sizes)
    looks = (codebook - codebook.mean(axis=0)) / codebook.std()
    spread = rng.standard_normal((looks.shape[1], shape["width"])) * BY_LOOKS / looks.shape[1] ** 0.5
    weights["embed"][rows.TEXT :] *= BY_CHANCE
    weights["embed"][rows.TEXT :] += looks @ spread
    return weights


def update(
    adam: Adam, read: np.ndarray, targets: np.ndarray, settings: dict, rate: float, rng: np.random.Generator
) -> float:  # fmt: skip
    """Change the weights by one batch of rows, and return how surprising its codes were."""
    weights = adam.weights
    size = (settings["blocks"], 2, *read.shape, settings["width"])
    kept_share = transformer.drop(rng, settings["drop"], size)
    logits, kept = transformer.forward(weights, read, settings["heads"], kept_share)
    slope = transformer.slope_of(logits, targets, rows.weighed())
    adam.update(transformer.backward(weights, read, kept, slope), rate)
    return float(transformer.surprise(logits, targets)[:, -codes.PLACES :].mean())


def fit(
    weights: dict, said: np.ndarray, drawn: np.ndarray, validating: np.ndarray, mistaken: np.ndarray,
    settings: dict, rng: np.random.Generator,
) -> tuple[dict, list[dict]]:  # fmt: skip
    """Return the weights that validate best, and the losses on the way.

    `said` are the captions of each image, (N, captions, words), `drawn` its codes, (N, 16).
    """
    adam, curve, recent, best = Adam(weights), [], [], (np.inf, weights)
    for done in range(1, settings["updates"] + 1):
        at = rng.integers(len(drawn), size=settings["batch"])
        captioned = said[at, rng.integers(said.shape[1], size=len(at))]
        read = rows.of(captioned, codes.draw(mistaken[drawn[at]], rng))[:, :-1]
        targets = rows.of(captioned, drawn[at])[:, 1:]
        rate = schedule(settings["rate"], done / settings["updates"])
        recent.append(update(adam, read, targets, settings, rate, rng))
        if done % max(1, settings["updates"] // NOTES) == 0:
            loss = by_code(weights, validating, settings["heads"])
            if loss < best[0]:
                best = loss, {name: one.copy() for name, one in weights.items()}
            noted = {"learn": round(float(np.mean(recent)), 6), "validate": round(loss, 6)}
            curve.append({"update": done} | noted)
            recent = []
    return best[1], curve


def main(
    data: str,
    codebook: str,
    shape: str,
    training: str,
    seed: str,
    model: str,
    out: str,
    *shards: str,
) -> None:
    """Train, and write MODEL and CURVE."""
    drawn, rng = gather(shards), np.random.default_rng(int(seed))
    with np.load(data) as arrays, np.load(codebook) as book:
        said, part, looks = arrays["words"], arrays["part"], book["codebook"]
    settings = json.loads(shape) | json.loads(training)
    learn, validate = (part == captions.PARTS.index(one) for one in ("learn", "validate"))
    validating = rows.of(said[validate, 0], drawn[validate])
    mistaken = codes.mistaken(looks, settings["blur"])
    weights = begin(settings, looks, rng)
    best, curve = fit(weights, said[learn], drawn[learn], validating, mistaken, settings, rng)
    np.savez(model, heads=settings["heads"], **best)
    Path(out).write_text(json.dumps(curve, indent=1, sort_keys=True) + "\n")
    print(f"{min(one['validate'] for one in curve):.4f} nats per code on validation")


if __name__ == "__main__":
    main(*sys.argv[1:])
