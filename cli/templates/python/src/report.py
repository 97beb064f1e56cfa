"""Add the counts of all chapters: report.py TOP REPORT.json COUNTS.json..."""

import json
import sys
from collections import Counter
from pathlib import Path


def main(top: str, report: str, *counts: str) -> None:
    """Write the TOP most frequent words to REPORT, and print them."""
    total: Counter[str] = Counter()
    for path in counts:
        total.update(json.loads(Path(path).read_text(encoding="utf-8")))
    ranked = sorted(total.items(), key=lambda item: (-item[1], item[0]))[: int(top)]
    text = json.dumps({"chapters": len(counts), "words": dict(ranked)}, indent=2)
    Path(report).write_text(text + "\n", encoding="utf-8")
    print(text)


main(*sys.argv[1:])
