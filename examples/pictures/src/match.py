"""Learn which caption goes with which picture: match.py DATA CODEBOOK EPOCHS SEED MODEL CODES...

As in CLIP, pictures and captions become vectors of length one, and in every batch a picture's vector has
to be nearer to that of its own caption than to the others', and the other way round. Pictures are
seen as their codes show them, as those are that it will have to choose from.
"""

import sys

import numpy as np

import captions
import codes
import prior
import words
from adam import Adam
from transformer import softmax

HIDDEN, WIDTH = 96, 24
SHARP = 10.0  # what the product of two vectors is multiplied by: from -SHARP to SHARP
BATCH, RATE = 64, 0.003
DECAY = 1e-4
SMALL = 1e-9  # keeps a vector of zeros from being divided by its length


def init(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Return random weights: of words, and of a picture's two layers."""
    return {
        "words": 0.3 * rng.standard_normal((len(words.WORDS), WIDTH)),
        "first": np.sqrt(2 / codes.SIDE**2) * rng.standard_normal((codes.SIDE**2, HIDDEN)),
        "bias": np.zeros(HIDDEN),
        "second": HIDDEN**-0.5 * rng.standard_normal((HIDDEN, WIDTH)),
    }


def of_pictures(weights: dict, pixels: np.ndarray) -> np.ndarray:
    """Return vectors of pictures, (N, 64) to (N, WIDTH)."""
    return unit(np.maximum(pixels @ weights["first"] + weights["bias"], 0) @ weights["second"])


def of_captions(weights: dict, said: np.ndarray) -> np.ndarray:
    """Return vectors of captions, (N, words) to (N, WIDTH): their words' in a sum, in any order."""
    return unit(counts(said) @ weights["words"])


def counts(said: np.ndarray) -> np.ndarray:
    """Return how often each caption has each word, (N, words known); the one that fills up does not count."""
    found = np.zeros((len(said), len(words.WORDS)))
    np.add.at(found, (np.arange(len(said))[:, None], said), 1)
    found[:, 0] = 0
    return found


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors at length one."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), SMALL)


def unit_back(vectors: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Return the slope in vectors, given that in them at length one."""
    length = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), SMALL)
    along = vectors / length
    return (slope - along * (slope * along).sum(axis=-1, keepdims=True)) / length


def gradient(weights: dict, pixels: np.ndarray, said: np.ndarray) -> tuple[float, dict]:
    """Return the loss of a batch, and its slope by name."""
    hidden = np.maximum(pixels @ weights["first"] + weights["bias"], 0)
    drawn, written = hidden @ weights["second"], counts(said) @ weights["words"]
    scores, own = SHARP * unit(drawn) @ unit(written).T, np.arange(len(said))
    by_caption, by_picture = softmax(scores), softmax(scores.T)
    loss = -np.log(by_caption[own, own] * by_picture[own, own]).mean() / 2
    slope = (by_caption + by_picture.T - 2 * np.eye(len(said))) * SHARP / len(said) / 2
    into_drawn = unit_back(drawn, slope @ unit(written))
    into_hidden = into_drawn @ weights["second"].T * (hidden > 0)
    return loss, {
        "words": counts(said).T @ unit_back(written, slope.T @ unit(drawn)),
        "first": pixels.T @ into_hidden,
        "bias": into_hidden.sum(axis=0),
        "second": hidden.T @ into_drawn,
    }


def fit(weights: dict, pixels: np.ndarray, said: np.ndarray, epochs: int, rng: np.random.Generator) -> float:
    """Change the weights, and return the mean loss of the last epoch; `said` has (N, captions, words)."""
    adam = Adam(weights)
    for epoch in range(epochs):
        losses, order = [], rng.permutation(len(pixels))
        for start in range(0, len(order), BATCH):
            at = order[start : start + BATCH]
            loss, slopes = gradient(weights, pixels[at], said[at, rng.integers(said.shape[1], size=len(at))])
            losses.append(loss)
            decayed = {name: one + DECAY * weights[name] for name, one in slopes.items()}
            adam.update(decayed, RATE * (1 - epoch / epochs))
    return float(np.mean(losses))


def main(data: str, codebook: str, epochs: str, seed: str, model: str, *shards: str) -> None:
    """Train on the images of DATA that are learnt from, and write MODEL."""
    with np.load(data) as arrays, np.load(codebook) as book:
        learn = arrays["part"] == captions.PARTS.index("learn")
        said, looks = arrays["words"][learn], book["codebook"]
    pixels = codes.decode(looks, prior.gather(shards)[learn])
    rng = np.random.default_rng(int(seed))
    weights = init(rng)
    loss = fit(weights, pixels, said, int(epochs), rng)
    np.savez(model, **weights)
    print(f"loss {loss:.4f} on {len(pixels)} pictures")


if __name__ == "__main__":
    main(*sys.argv[1:])
