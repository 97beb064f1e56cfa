"""Gather what was played: replay.py GENERATION WINDOW REPLAY.npz PLAYED.npz... [OLD.npz]

REPLAY holds the positions of the last WINDOW generations, each with the generation it is from. OLD
is the replay of the generation before, PLAYED the shards of this one.
"""

import sys

import numpy as np

KEPT = ("own", "other", "policy", "result")


def main(generation: str, window: str, replay: str, *sources: str) -> None:
    """Join SOURCES, leave out what is too old, and write REPLAY."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in (*KEPT, "generation")}
    for source in sources:
        with np.load(source) as arrays:
            now = np.full(len(arrays["own"]), int(generation))
            of = arrays["generation"] if "generation" in arrays.files else now
            fresh = of > int(generation) - int(window)
            parts["generation"].append(of[fresh])
            for name in KEPT:
                parts[name].append(arrays[name][fresh])
    joined = {name: np.concatenate(part) for name, part in parts.items()}
    with open(replay, "wb") as file:
        np.savez(file, **joined)
    print(f"{len(joined['own'])} positions of {len(np.unique(joined['generation']))} generations")


if __name__ == "__main__":
    main(*sys.argv[1:])
