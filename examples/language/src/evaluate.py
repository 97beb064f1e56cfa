"""Put one task to all models: evaluate.py TASK TEST QUESTIONS SHAPE RATES ORDERS SCORES MODEL...

TASK is `prose`, for bits per character of TEST, or one of those in QUESTIONS. The MODELs are those of
RATES and then of ORDERS, which are lists; SHAPE has their window. SCORES has a row for each model, and what
somebody would get who knows the form of the answers only.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

import harness
import text


def by_chance(task: str, pairs: list[tuple[str, str]]) -> float:
    """Return the share of right answers for who knows their form: drawn, or the commonest sum."""
    if task in ("sum", "swap"):
        return max(Counter(say for _, say in pairs).values()) / len(pairs)
    kinds = {"close": 3, "copy": 26}[task]
    return float(np.mean([kinds ** -len(say) for _, say in pairs]))


def judge(model: harness.Model, pairs: list[tuple[str, str]]) -> dict[str, float]:
    """Return the shares of answers, and of the characters in them, that are right."""
    marks = harness.answer(model, pairs)
    return {
        "characters": float(np.mean([one for each in marks for one in each])),
        "right": float(np.mean([all(each) for each in marks])),
    }


def main(
    task: str, test: str, questions: str, shape: str, rates: str, orders: str, scores: str,
    *models: str,
) -> None:  # fmt: skip
    """Write the SCORES of all MODELS."""
    names = [f"rate {one:g}" for one in json.loads(rates)]
    names += [f"{one}-gram" for one in json.loads(orders)]
    window = json.loads(shape)["window"]
    report: dict = {"models": {}, "task": task}
    if task == "prose":
        numbers = text.encode(Path(test).read_text())
        rows = text.windows(numbers, window + 1, window // 2)
        report["characters"] = rows.shape[0] * (window // 2)
    else:
        pairs = [tuple(pair) for pair in json.loads(Path(questions).read_text())[task]]
        report |= {"by_chance": round(by_chance(task, pairs), 6), "questions": len(pairs)}
    for name, path in zip(names, models, strict=True):
        model = harness.load(path)
        if task == "prose":
            found = {"bits": harness.surprise(model, rows)}
        else:
            found = judge(model, pairs)
        report["models"][name] = {key: round(one, 6) for key, one in found.items()}
        print(name, report["models"][name])
    Path(scores).write_text(json.dumps(report, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
