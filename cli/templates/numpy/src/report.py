"""Put estimates of pi together: report.py REPORT.json ESTIMATE.json..."""

import json
import sys
from pathlib import Path

import numpy as np


def main(report: str, *estimates: str) -> None:
    """Write the mean of all estimates and its standard error to REPORT."""
    read = [json.loads(Path(path).read_text(encoding="utf-8")) for path in estimates]
    values = np.array([estimate["pi"] for estimate in read])
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    told = {"estimates": len(values), "pi": float(values.mean()), "error": error}
    text = json.dumps(told, indent=2)
    Path(report).write_text(text + "\n", encoding="utf-8")
    print(text)


main(*sys.argv[1:])
