"""Count the runs of characters: baseline.py TRAIN ORDER MODEL"""

import sys
from pathlib import Path

import numpy as np

import ngram
import text


def main(train: str, order: str, model: str) -> None:
    """Write how often each run of up to ORDER characters is in TRAIN."""
    counts = ngram.count(text.encode(Path(train).read_text()), int(order))
    np.savez(model, **counts)
    print(f"order {order}: {len(counts[f'runs{order}'])} different runs")


if __name__ == "__main__":
    main(*sys.argv[1:])
