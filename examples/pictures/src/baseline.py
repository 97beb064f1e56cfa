"""Draw pictures without a prior: baseline.py DATA DIGITS MANY SEED BASELINE CODES...

Each code is drawn by itself, as often as it comes at that place in the images that are learnt from: in
`blind`, (DIGITS, MANY, 16), of all of them, in `told` of those of the digit that is asked for.
"""

import json
import sys

import numpy as np

import captions
import prior


def draw(drawn: np.ndarray, many: int, rng: np.random.Generator) -> np.ndarray:
    """Return pictures, (many, 16), each code of another image, from the codes of images, (N, 16)."""
    from_ = rng.integers(len(drawn), size=(many, drawn.shape[1]))
    return np.take_along_axis(drawn, from_, axis=0)


def main(data: str, digits: str, many: str, seed: str, out: str, *shards: str) -> None:
    """Write the BASELINE of all DIGITS."""
    with np.load(data) as arrays:
        learn = arrays["part"] == captions.PARTS.index("learn")
        labels = arrays["labels"][learn]
    drawn, rng = prior.gather(shards)[learn], np.random.default_rng(int(seed))
    asked = json.loads(digits)
    blind = [draw(drawn, int(many), rng) for _ in asked]
    told = [draw(drawn[labels == digit], int(many), rng) for digit in asked]
    np.savez(out, digits=asked, blind=blind, told=told)
    print(f"{many} pictures for each of {len(asked)} digits, twice")


if __name__ == "__main__":
    main(*sys.argv[1:])
