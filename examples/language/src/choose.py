"""Choose the learning rate by validation: choose.py CHOSEN MODEL CURVE... -- WEIGHTS...

CHOSEN says which, and what every other had; MODEL is a copy of the chosen one. The test text and the
questions have no part in it.
"""

import json
import shutil
import sys
from pathlib import Path


def main(chosen: str, model: str, *paths: str) -> None:
    """Write which of the WEIGHTS has the least validation loss, and copy it."""
    middle = paths.index("--")
    curves = [json.loads(Path(path).read_text()) for path in paths[:middle]]
    best = min(range(len(curves)), key=lambda at: curves[at]["validation"])
    report = {
        "at": best,
        "by": "validation loss in bits per character",
        "parameters": curves[best]["parameters"],
        "rate": curves[best]["rate"],
        "validation": {str(one["rate"]): one["validation"] for one in curves},
    }
    Path(chosen).write_text(json.dumps(report, indent=2, sort_keys=True) + "\n")
    shutil.copyfile(paths[middle + 1 + best], model)
    print(f"rate {report['rate']} of {len(curves)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
