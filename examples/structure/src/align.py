"""Make relatives of some chains: align.py STRUCTURES SHARD SHARDS SEQUENCES COUPLED SEED ALIGNMENTS

Nature made the alignments of the paper; these are made up. Each sequence is a copy of an earlier one
in which some residues were replaced, by chances from a substitution table. After most replacements a
partner of the residue changes too, to what fits beside it. Partners are a part (COUPLED) of the true
contacts, and as many pairs of residues drawn from anywhere, which mislead.
"""

import sys

import numpy as np
import residues

APART = 3  # partners are at least this far apart in the chain
CHANGED = 0.12  # of the residues, from a sequence to its copy
FOLLOWED = 0.6  # of the replacements are followed by one of a partner
MISLEADING = 0.3  # partners drawn from anywhere, for each that touches
STRENGTH = 1.0  # of the wish for a fitting partner


def partners(contacts: np.ndarray, coupled: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Return with whom each residue of a chain changes: touching ones, and some others."""
    i, j = np.nonzero(np.triu(contacts, APART))
    kept = rng.random(len(i)) < coupled
    i, j = i[kept], j[kept]
    strangers = rng.integers(len(contacts), size=(2, int(MISLEADING * len(i))))
    strangers = strangers[:, np.abs(strangers[0] - strangers[1]) >= APART]
    pairs = np.concatenate([np.stack([i, j]), strangers], axis=1)
    pairs = np.concatenate([pairs, pairs[::-1]], axis=1)
    return [pairs[1, pairs[0] == at] for at in range(len(contacts))]


def evolve(
    sequence: np.ndarray, others: list[np.ndarray], rng: np.random.Generator, tables: tuple
) -> np.ndarray:
    """Return a copy of a sequence after its replacements."""
    replaced, fitting = tables
    copy = sequence.copy()
    for at in rng.integers(len(copy), size=max(1, int(CHANGED * len(copy)))):
        copy[at] = replaced[copy[at]].searchsorted(rng.random())
        if len(others[at]) and rng.random() < FOLLOWED:
            partner = others[at][rng.integers(len(others[at]))]
            copy[partner] = fitting[copy[at]].searchsorted(rng.random())
    return copy


def family(
    native: np.ndarray, others: list[np.ndarray], sequences: int, rng: np.random.Generator
) -> np.ndarray:
    """Return an alignment, (sequences, L), which begins with the chain itself."""
    tables = tuple(
        np.minimum(table.cumsum(axis=1), 1 - 1e-12).copy()
        for table in (residues.substitution(), residues.beside(STRENGTH))
    )
    for table in tables:
        table[:, -1] = 1
    grown = [native]
    while len(grown) < sequences:
        grown.append(evolve(grown[rng.integers(len(grown))], others, rng, tables))
    return np.stack(grown).astype(np.uint8)


def main(
    structures: str, shard: str, shards: str, sequences: str, coupled: str, seed: str, into: str
) -> None:
    """Write the alignments of every SHARDS-th chain, from the SHARD-th on."""
    with np.load(structures) as known:
        names = sorted({name.split(".")[0] for name in known.files})
        made = {}
        for at in range(int(shard), len(names), int(shards)):
            rng = np.random.default_rng([int(seed), at])
            native, contacts = known[f"{names[at]}.residues"], known[f"{names[at]}.contacts"]
            others = partners(contacts, float(coupled), rng)
            made[names[at]] = family(native, others, int(sequences), rng)
    np.savez(into, **made)
    print(f"{len(made)} alignments of {sequences} sequences")


if __name__ == "__main__":
    main(*sys.argv[1:])
