"""Put the candidates of each caption in order: rerank.py MODEL CODEBOOK ASKED RANKED SAMPLES...

MODEL (match.py) says how well each goes with its caption. RANKED holds asked, (captions), the places in
ASKED; codes, (captions, candidates, 16), as they were drawn; and order, (captions, candidates), the best first.
"""

import json
import sys
from pathlib import Path

import numpy as np

import codes
import match
import words


def order(model: dict, pixels: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Return the places of pictures, (N, 64), in order of how well they go with a caption, (words)."""
    fits = match.of_pictures(model, pixels) @ match.of_captions(model, said[None])[0]
    return np.argsort(-fits, kind="stable")


def main(model: str, codebook: str, asked: str, ranked: str, *samples: str) -> None:
    """Write RANKED, of all SAMPLES."""
    with np.load(model) as file, np.load(codebook) as book:
        weights, looks = dict(file), book["codebook"]
    wanted, loaded = json.loads(Path(asked).read_text()), [np.load(path) for path in samples]
    at = np.concatenate([one["asked"] for one in loaded])
    drawn = np.concatenate([one["codes"] for one in loaded])
    orders = [
        order(weights, codes.decode(looks, some), words.numbers(wanted[place]["caption"]))
        for place, some in zip(at, drawn, strict=True)
    ]
    np.savez(ranked, asked=at, codes=drawn, order=orders)
    print(f"{len(at)} captions, {drawn.shape[1]} candidates each")


if __name__ == "__main__":
    main(*sys.argv[1:])
