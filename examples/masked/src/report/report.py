"""Put everything together: report.py METRICS.json FIGURE.svg MASKED.json CURVE.json SCORE.json...

MASKED says how well hidden pieces were guessed, CURVE how that was learnt, and each SCORE how a
probe did.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import chart


def probes(scores: list[dict]) -> dict[str, dict]:
    """Return for each task the accuracy by seed of both starts, the means, and what was gained."""
    by_task: defaultdict[str, list[dict]] = defaultdict(list)
    for score in scores:
        by_task[score["task"]].append(score)
    return {task: gain(alike) for task, alike in by_task.items()}


def gain(scores: list[dict]) -> dict:
    """Compare the probes of a task that began pre-trained with those that did not."""
    found: dict = {"commonest": scores[0]["commonest"], "tests": scores[0]["tests"]}
    for start in ("pretrained", "random"):
        by_seed = {
            str(score["seed"]): score["accuracy"] for score in scores if score["start"] == start
        }
        found[start] = round(sum(by_seed.values()) / len(by_seed), 6)
        found[f"{start}_by_seed"] = by_seed
    found["gain"] = round(found["pretrained"] - found["random"], 6)
    return found


def main(metrics: str, figure: str, masked: str, curve: str, *scores: str) -> None:
    """Write METRICS and FIGURE."""
    guessed = json.loads(Path(masked).read_text())
    ours, unigram = guessed["pretrained"], guessed["unigram"]
    report = {
        "masked": guessed,
        "times_unigram_accuracy": round(ours["accuracy"] / unigram["accuracy"], 6),
        "part_of_unigram_perplexity": round(ours["perplexity"] / unigram["perplexity"], 6),
        "probes": probes([json.loads(Path(path).read_text()) for path in scores]),
    }
    text = json.dumps(report, indent=2, sort_keys=True)
    Path(metrics).write_text(text + "\n")
    Path(figure).write_text(chart.draw(report, json.loads(Path(curve).read_text())))
    print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
