"""Describe every image, and divide them: captions.py RAW SIZES PER_IMAGE SEED DATA CAPTIONS ASKED

RAW holds one image a line: 64 pixels of 0 to 16, then its label. SIZES is a JSON object: how many
images validate, judge and test; all others are learnt from. DATA holds pixels as fractions of full ink
(N, 64), labels (N), part (N; a place in PARTS), bounds (traits.py) and words (N, PER_IMAGE, LENGTH).
CAPTIONS is the same to be read, an image a line. ASKED is a JSON list of what the model will be
asked for; of each digit one combination of traits is in no caption that is learnt from.
"""

import gzip
import json
import sys
from pathlib import Path

import numpy as np

import traits
import words

FULL_INK = 16.0
PARTS = ("learn", "validate", "judge", "test")


def read(raw: str) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels, (N, 64), and labels, (N)."""
    with gzip.open(raw, "rt") as lines:
        table = np.loadtxt(lines, delimiter=",")
    return table[:, :-1] / FULL_INK, table[:, -1].astype(np.int64)


def divide(many: int, sizes: dict[str, int], rng: np.random.Generator) -> np.ndarray:
    """Return the part of each image, (N)."""
    part, order, start = np.zeros(many, np.int64), rng.permutation(many), 0
    for place, name in enumerate(PARTS[1:], 1):
        part[order[start : start + sizes[name]]] = place
        start += sizes[name]
    return part


def describe(digit: int, shown: np.ndarray, unseen: tuple[int, int], rng: np.random.Generator) -> str:
    """Return a true caption: in any form, saying nothing of its traits, one thing or both."""
    weight, lean = (int(one) if rng.integers(2) else None for one in shown)
    if (weight, lean) == unseen:
        weight, lean = (weight, None) if rng.integers(2) else (None, lean)
    return words.caption(digit, weight, lean, int(rng.integers(len(words.FORMS))))


def main(raw: str, sizes: str, per_image: str, seed: str, data: str, captions: str, asked: str) -> None:
    """Read RAW, and write DATA, CAPTIONS and ASKED."""
    rng = np.random.default_rng(int(seed))
    pixels, labels = read(raw)
    part = divide(len(labels), json.loads(sizes), rng)
    learnt = part == PARTS.index("learn")
    bounds = traits.bounds(pixels[learnt], labels[learnt])
    unseen = [words.BOTH[rng.integers(len(words.BOTH))] for _ in words.NAMES]
    said = [
        [describe(digit, shown, unseen[digit], rng) for _ in range(int(per_image))]
        for digit, shown in zip(labels, traits.third(pixels, labels, bounds), strict=True)
    ]
    numbers = np.array([[words.numbers(one) for one in some] for some in said])
    np.savez(data, pixels=pixels, labels=labels, part=part, bounds=bounds, words=numbers)
    lines = ["\t".join([PARTS[at], *some]) for at, some in zip(part, said, strict=True)]
    Path(captions).write_text("\n".join(lines) + "\n")
    wanted = [one for digit in range(10) for one in words.asked(digit, unseen[digit])]
    Path(asked).write_text(json.dumps(wanted, indent=1, sort_keys=True) + "\n")
    print(f"{learnt.sum()} images to learn from, {len(said[0])} captions each")


if __name__ == "__main__":
    main(*sys.argv[1:])
