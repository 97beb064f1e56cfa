"""Rank all models: leaderboard.py LEADERBOARD METRICS CHOSEN SCORES...

By bits per character on the test text, fewest first. METRICS is about the model that CHOSEN names,
and what it is ahead of: the n-grams, chance, and the member of the sweep that the test would have chosen.
"""

import json
import sys
from pathlib import Path


def ranked(scores: dict[str, dict], chosen: str) -> list[dict]:
    """Return a row for each model, best first."""
    prose = scores["prose"]["models"]
    rows = []
    for name in sorted(prose, key=lambda one: (prose[one]["bits"], one)):
        right = {
            task: one["models"][name]["right"] for task, one in scores.items() if task != "prose"
        }
        row = {"bits": prose[name]["bits"], "chosen": name == chosen, "model": name}
        rows.append({"rank": len(rows) + 1} | row | right)
    return rows


def measured(scores: dict[str, dict], chosen: str) -> dict:
    """Return the metrics of the chosen model."""
    prose = {name: one["bits"] for name, one in scores["prose"]["models"].items()}
    sweep = [bits for name, bits in prose.items() if name.startswith("rate")]
    report: dict = {
        "bits_per_character": prose[chosen],
        "bits_below": {
            name: round(bits - prose[chosen], 6)
            for name, bits in sorted(prose.items())
            if name.endswith("gram")
        },
        "lost_by_choosing": round(prose[chosen] - min(sweep), 6),
        "spread_of_sweep": round(max(sweep) - min(sweep), 6),
    }
    for task, one in sorted(scores.items()):
        if task != "prose":
            grams = [them["right"] for name, them in one["models"].items() if name.endswith("gram")]
            report[task] = one["models"][chosen] | {
                "above_chance": round(one["models"][chosen]["right"] - one["by_chance"], 6),
                "above_ngrams": round(one["models"][chosen]["right"] - max(grams), 6),
                "questions": one["questions"],
            }
    return report


def main(leaderboard: str, metrics: str, chosen: str, *paths: str) -> None:
    """Write LEADERBOARD and METRICS."""
    read = [json.loads(Path(path).read_text()) for path in paths]
    scores = {one["task"]: one for one in sorted(read, key=lambda one: one["task"])}
    choice = json.loads(Path(chosen).read_text())
    name = f"rate {choice['rate']:g}"
    board = {
        "by_chance": {task: one["by_chance"] for task, one in scores.items() if task != "prose"},
        "models": ranked(scores, name),
    }
    report = measured(scores, name) | {
        "parameters": choice["parameters"],
        "rate": choice["rate"],
        "validation": choice["validation"],
    }
    for path, what in ((leaderboard, board), (metrics, report)):
        Path(path).write_text(json.dumps(what, indent=2, sort_keys=True) + "\n")
    for row in board["models"]:
        print(*(f"{key}={one}" for key, one in row.items()))


if __name__ == "__main__":
    main(*sys.argv[1:])
