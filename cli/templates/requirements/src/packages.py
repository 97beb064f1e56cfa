"""Write the name and version of every package here to a file: packages.py PACKAGES.json."""

import json
import sys
from importlib.metadata import distributions
from pathlib import Path


def main(packages: str) -> None:
    """Write them to PACKAGES, and print them."""
    found = {each.metadata["Name"]: each.version for each in distributions()}
    text = json.dumps(dict(sorted(found.items())), indent=2)
    Path(packages).write_text(text + "\n", encoding="utf-8")
    print(text)


main(*sys.argv[1:])
