"""Write each chapter of a text to a file of its own: split.py TEXT CHAPTERS."""

import sys
from pathlib import Path


def main(text: str, chapters: str) -> None:
    """Cut TEXT at its headings, which begin with `# `, and write the parts to CHAPTERS."""
    target = Path(chapters)
    target.mkdir()
    parts = Path(text).read_text(encoding="utf-8").split("# ")[1:]
    for number, part in enumerate(parts, start=1):
        (target / f"{number:02}.txt").write_text(part.strip() + "\n", encoding="utf-8")
    print(f"{len(parts)} chapters")


main(*sys.argv[1:])
