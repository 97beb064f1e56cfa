"""Draw pictures of a digit: sample.py MODEL ASKED DIGIT CANDIDATES TEMPERATURE SEED SAMPLES

For each caption in ASKED that is of DIGIT, the prior reads its words and draws CANDIDATES pictures, code by
code, by what it gives each a chance of; a TEMPERATURE below one prefers the likelier. SAMPLES holds
asked, (captions), the places in ASKED, and codes, (captions, CANDIDATES, 16).
"""

import json
import sys
from pathlib import Path

import numpy as np

import codes
import rows
import transformer
import words


def draw(
    weights: dict, heads: int, said: np.ndarray, temperature: float, rng: np.random.Generator
) -> np.ndarray:
    """Return a picture for each caption, (N, words) to codes, (N, 16)."""
    tokens = np.concatenate([np.full((len(said), 1), rows.BEGIN), said], axis=1)
    for _ in range(codes.PLACES):
        logits, _ = transformer.forward(weights, tokens, heads)
        scores = logits[:, -1, rows.TEXT :].astype(np.float64) / temperature
        chosen = codes.draw(transformer.softmax(scores), rng)
        tokens = np.concatenate([tokens, rows.TEXT + chosen[:, None]], axis=1)
    return tokens[:, -codes.PLACES :] - rows.TEXT


def main(
    model: str, asked: str, digit: str, candidates: str, temperature: str, seed: str, samples: str
) -> None:
    """Write SAMPLES of one digit."""
    with np.load(model) as file:
        weights = dict(file)
    heads, many = int(weights.pop("heads")), int(candidates)
    wanted = json.loads(Path(asked).read_text())
    mine = [at for at, one in enumerate(wanted) if one["digit"] == int(digit)]
    said = np.stack([words.numbers(wanted[at]["caption"]) for at in mine])
    rng = np.random.default_rng([int(seed), int(digit)])
    drawn = draw(weights, heads, np.repeat(said, many, axis=0), float(temperature), rng)
    np.savez(samples, asked=mine, codes=drawn.reshape(len(mine), many, codes.PLACES))
    print(f"{len(drawn)} pictures for {len(mine)} captions")


if __name__ == "__main__":
    main(*sys.argv[1:])
