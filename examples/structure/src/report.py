"""Put the scores of all held-out chains together: report.py METRICS SCORES...

Every mean is of chains, so that a long one counts as much as a short one.
"""

import json
import sys
from pathlib import Path

import numpy as np

MEASURES = ("precision", "precision_far", "lddt")
WAYS = ("model", "information", "separation")


def summary(chains: list[dict]) -> dict:
    """Return means, gains over the better way without a model, and every chain by its name."""
    said: dict = {"chains": len(chains)}
    for measure in MEASURES:
        means = {way: float(np.mean([one[measure][way] for one in chains])) for way in WAYS}
        best = max(means["information"], means["separation"])
        said[measure] = means | {"gain": means["model"] - best}
        said[measure]["better_in"] = sum(
            one[measure]["model"] > max(one[measure]["information"], one[measure]["separation"])
            for one in chains
        )
    said["each"] = {one["name"]: one for one in chains}
    return said


def rounded(value):
    """Return the same with every float to six places."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return round(value, 6) if isinstance(value, float) else value


def main(metrics: str, *scores: str) -> None:
    """Write METRICS of all SCORES."""
    said = summary([json.loads(Path(path).read_text()) for path in scores])
    Path(metrics).write_text(json.dumps(rounded(said), indent=1, sort_keys=True) + "\n")
    print({measure: rounded(said[measure]) for measure in MEASURES})


if __name__ == "__main__":
    main(*sys.argv[1:])
