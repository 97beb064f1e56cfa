"""Count the words of a chapter: count.py CHAPTER COUNTS.json."""

import json
import re
import sys
from collections import Counter
from pathlib import Path


def main(chapter: str, counts: str) -> None:
    """Write how often each word of CHAPTER is in it."""
    words = re.findall(r"[a-z]+", Path(chapter).read_text(encoding="utf-8").lower())
    Path(counts).write_text(json.dumps(Counter(words), sort_keys=True), encoding="utf-8")


main(*sys.argv[1:])
