"""Write scikit-learn's copy of the wine data as a table: table.py WINES.csv."""

import sys

from sklearn.datasets import load_wine


def main(wines: str) -> None:
    """Write 178 wines, a row each: 13 measurements, and the grower."""
    data = load_wine(as_frame=True)
    data.frame.rename(columns={"target": "grower"}).to_csv(wines, index=False)


main(*sys.argv[1:])
