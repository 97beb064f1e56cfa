"""Turn the handwritten digits into training and test arrays: prepare.py RAW.csv.gz DATA.npz

RAW holds one image a line: 64 pixels of 0 to 16, then its label. DATA holds pixels as fractions of
full ink and labels, split four to one. The split is drawn with a fixed seed, so the same raw file
always gives the same bytes.
"""

import gzip
import sys

import numpy as np

FULL_INK = 16.0
TEST_SHARE = 5  # one image in five is kept back for the test
SPLIT_SEED = 20_250


def main(raw: str, data: str) -> None:
    """Read RAW, shuffle, split and write DATA."""
    with gzip.open(raw, "rt") as lines:  # a step sees its inputs by their names: no suffix says gzip
        table = np.loadtxt(lines, delimiter=",")
    order = np.random.default_rng(SPLIT_SEED).permutation(len(table))
    pixels, labels = table[order, :-1] / FULL_INK, table[order, -1].astype(np.int64)
    cut = len(table) // TEST_SHARE
    np.savez(
        data,
        test_pixels=pixels[:cut],
        test_labels=labels[:cut],
        train_pixels=pixels[cut:],
        train_labels=labels[cut:],
    )
    print(f"{len(table) - cut} images to train on, {cut} to test on")


if __name__ == "__main__":
    main(*sys.argv[1:])
