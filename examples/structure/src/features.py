"""Say what alignments show of each residue and pair: features.py ALIGNMENTS FEATURES

Of each residue, SINGLE numbers: how conserved it is, and the mean hydropathy, volume, charge, and
share of some residues in its column. Of each pair: mutual information of the two columns, less what
both have with everybody (the average product correction of Dunn, Wahl and Gloor, 2008).
"""

import sys

import numpy as np
import residues

GROUPS = ("G", "P", "AELMQK", "VIYFWT")  # turns; breaks; and what helices and strands are made of
SINGLE = 4 + len(GROUPS)
PRIOR = 0.5  # pretended sequences with every pair of residues in equal shares


def one_hot(alignment: np.ndarray) -> np.ndarray:
    """Return (sequences, L, 20)."""
    return np.eye(20, dtype=np.float32)[alignment]


def profile(alignment: np.ndarray) -> np.ndarray:
    """Return the features of each residue, (L, SINGLE)."""
    share = one_hot(alignment).mean(axis=0)
    conserved = np.log(20) + (share * np.log(share + 1e-9)).sum(axis=1)
    means = [share @ residues.standard(of) for of in (residues.HYDROPATHY, residues.VOLUME)]
    groups = [share[:, residues.numbers(letters)].sum(axis=1) for letters in GROUPS]
    return np.stack([conserved, *means, share @ residues.CHARGE, *groups], axis=1)


def information(alignment: np.ndarray) -> np.ndarray:
    """Return the mutual information of each pair of columns, (L, L), in nats."""
    sequences, length = alignment.shape
    flat = one_hot(alignment).reshape(sequences, -1)
    counts = (flat.T @ flat).reshape(length, 20, length, 20)
    both = (counts + np.float32(PRIOR / 400)) / np.float32(sequences + PRIOR)
    column = both.sum(axis=3).mean(axis=2)  # the same whatever the other column is
    alone = -(column * np.log(column)).sum(axis=1)
    together = -np.einsum("iajb,iajb->ij", both, np.log(both), dtype=np.float64)
    return alone[:, None] + alone[None] - together


def corrected(shared: np.ndarray) -> np.ndarray:
    """Return it less the average product, in units of its spread, with nothing on the diagonal."""
    off = ~np.eye(len(shared), dtype=bool)
    column = (shared * off).sum(axis=1) / (len(shared) - 1)
    left = (shared - np.outer(column, column) / column.mean()) * off
    return left / left[off].std()


def main(alignments: str, into: str) -> None:
    """Write the features of all ALIGNMENTS."""
    made = {}
    with np.load(alignments) as known:
        for name in known.files:
            made[f"{name}.single"] = profile(known[name]).astype(np.float32)
            made[f"{name}.pair"] = corrected(information(known[name])).astype(np.float32)
    np.savez(into, **made)
    print(f"{len(made) // 2} chains")


if __name__ == "__main__":
    main(*sys.argv[1:])
