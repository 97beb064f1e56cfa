"""Put the folds together again: pool.py SCORES.csv FOLD.csv...

Every patient was judged in exactly one fold; SCORES has them in the order of the raw table.
"""

import csv
import sys
from pathlib import Path


def read(path: str) -> list[dict[str, str]]:
    """Return the rows of a fold's scores."""
    with Path(path).open(newline="") as lines:
        return list(csv.DictReader(lines))


def main(out: str, *folds: str) -> None:
    """Write all rows of FOLDS to OUT, by patient."""
    rows = sorted(
        (row for fold in folds for row in read(fold)), key=lambda row: int(row["patient"])
    )
    patients = [int(row["patient"]) for row in rows]
    if patients != list(range(len(patients))):
        sys.exit("a patient was judged twice, or not at all")
    with Path(out).open("w", newline="") as lines:
        table = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    print(f"{len(rows)} patients, {len(folds)} folds")


if __name__ == "__main__":
    main(*sys.argv[1:])
