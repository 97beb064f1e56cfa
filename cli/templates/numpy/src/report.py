"""Put estimates of pi together: report.py REPORT.json ESTIMATE.json..."""

import json
import sys
from pathlib import Path

import numpy as np


def main(report: str, *estimates: str) -> None:
    """Write the mean of all estimates and its standard error to REPORT."""
    values = np.array([json.loads(Path(path).read_text(encoding="utf-8"))["pi"] for path in estimates])
    error = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    text = json.dumps({"estimates": len(values), "pi": float(values.mean()), "error": error}, indent=2)
    Path(report).write_text(text + "\n", encoding="utf-8")
    print(text)


main(*sys.argv[1:])
