"""Decide who is champion now: promote.py CANDIDATE.npz CHAMPION.npz NEXT.npz VERDICT.json SCORE.json...

NEXT is a copy of one of the two: the decision is in the data, and the steps that follow are the
same ones whatever it is.
"""

import json
import shutil
import sys
from pathlib import Path

THRESHOLD = 0.55  # what the candidate must score; a draw is half a win


def main(candidate: str, champion: str, following: str, verdict: str, *scores: str) -> None:
    """Add up SCORES, and write who is champion and why."""
    parts = [json.loads(Path(path).read_text()) for path in scores]
    total = {name: sum(part[name] for part in parts) for name in ("won", "drawn", "lost")}
    score = (total["won"] + total["drawn"] / 2) / sum(total.values())
    promoted = score >= THRESHOLD
    shutil.copyfile(candidate if promoted else champion, following)
    text = json.dumps({**total, "score": round(score, 6), "promoted": promoted}, sort_keys=True)
    Path(verdict).write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
