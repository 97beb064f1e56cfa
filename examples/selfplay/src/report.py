"""Say what came of it: report.py SEED METRICS.json ELO.svg VERDICT.json... -- LOSSES.json... -- EXAM.json... -- LADDER.json...

METRICS has the exam's results, the ratings with their 95 % intervals, and the course of training.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

import chart
import elo

RESAMPLES = 400
INTERVAL = (2.5, 97.5)  # per cent


def summed(exams: list[dict]) -> dict:
    """Return the matches of all EXAMS together, with the share won and the score."""
    total = {}
    for name in exams[0]:
        count = sum((Counter(exam[name]) for exam in exams), Counter())
        won, drawn, lost = (count[key] for key in ("won", "drawn", "lost"))
        games = won + drawn + lost
        total[name] = {
            "games": games,
            "won": won,
            "drawn": drawn,
            "lost": lost,
            "win_rate": round(won / games, 6),
            "score": round((won + drawn / 2) / games, 6),
        }
    return total


def rated(results: np.ndarray, seed: int) -> list[dict]:
    """Return each player's rating with its interval; chance, which comes first, is 0."""
    count = int(results[:, :2].max()) + 1
    best = elo.ratings(elo.table(results, count))
    again = elo.redrawn(results, RESAMPLES, np.random.default_rng(seed))
    low, high = np.percentile(elo.ratings(elo.table(again, count)), INTERVAL, axis=0)
    names = ["random", *(f"generation {k}" for k in range(count - 1))]
    return [
        {"player": name, "elo": round(a, 2), "low": round(b, 2), "high": round(c, 2)}
        for name, a, b, c in zip(names, best, low, high, strict=True)
    ]


def main(seed: str, metrics: str, figure: str, *files: str) -> None:
    """Gather FILES, and write METRICS and the figure."""
    groups: list[list] = [[]]
    for file in files:
        if file == "--":
            groups.append([])
        else:
            groups[-1].append(json.loads(Path(file).read_text()))
    verdicts, losses, exams, ladders = groups
    results = np.array(ladders[0])
    results[:, 2:] = sum(np.array(ladder)[:, 2:] for ladder in ladders)
    report = {
        **summed(exams),
        "elo": rated(results, int(seed)),
        "generations": [
            {"verdict": verdict, "losses": loss}
            for verdict, loss in zip(verdicts, losses, strict=True)
        ],
        "promotions": sum(verdict["promoted"] for verdict in verdicts),
    }
    Path(figure).write_text(chart.draw(report, results))
    text = json.dumps(report, indent=2, sort_keys=True)
    Path(metrics).write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
