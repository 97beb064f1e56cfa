"""Measure the chains and split them: prepare.py CHAINS HELD_OUT SEED STRUCTURES SPLIT

Of each chain: its residues, the distances of its alpha carbons, and which of its beta carbons (alpha
in glycine) touch. HELD_OUT chains, drawn with SEED, are those that no model sees.
"""

import json
import sys
from pathlib import Path

import numpy as np
import residues

TOUCH = 8.0  # Å between beta carbons, as in CASP


def distances(places: np.ndarray) -> np.ndarray:
    """Return how far each of (L, 3) is from each, (L, L)."""
    return np.linalg.norm(places[:, None] - places[None], axis=2)


def split(names: list[str], held_out: int, seed: int) -> dict[str, list[str]]:
    """Return which chains are to learn from and which to be judged by."""
    order = np.random.default_rng(seed).permutation(len(names))
    drawn = [names[at] for at in order]
    return {"held_out": sorted(drawn[:held_out]), "training": sorted(drawn[held_out:])}


def main(chains: str, held_out: str, seed: str, structures: str, into: str) -> None:
    """Measure CHAINS as STRUCTURES and write who is in which part."""
    measured = {}
    known = json.loads(Path(chains).read_text())
    for chain in known:
        name = chain["name"]
        measured[f"{name}.residues"] = residues.numbers(chain["sequence"])
        measured[f"{name}.distances"] = distances(np.array(chain["ca"])).astype(np.float32)
        measured[f"{name}.contacts"] = distances(np.array(chain["cb"])) < TOUCH
    np.savez(structures, **measured)
    parts = split([chain["name"] for chain in known], int(held_out), int(seed))
    Path(into).write_text(json.dumps(parts, indent=1, sort_keys=True))
    print(f"{len(parts['training'])} chains to learn from, {len(parts['held_out'])} held out")


if __name__ == "__main__":
    main(*sys.argv[1:])
