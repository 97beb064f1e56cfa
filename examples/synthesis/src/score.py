"""Judge what candidates answered: score.py EXPECTED COMMENTS KINDS METRICS CURVES SAMPLES PATHS

PATHS are CANDIDATES... -- ANSWERS... Of both the last are those of the baselines KINDS, in that order;
all before are shards of the model's. A candidate is right when all of its answers are what is
EXPECTED. METRICS has pass@1, 10 and 100 of all; CURVES pass@k for each k up to 100; SAMPLES shows some
problems with what was written for them.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

import problems
from passing import pass_at

MOST = 100  # the largest k
NAMED = (1, 10, 100)
SHOWN = 3  # problems of each number of operations in SAMPLES
RIGHT, WRONG = "right", "wrong"


def read(path: str):
    """Return what a JSON file has."""
    return json.loads(Path(path).read_text())


def judged(candidates: str, answers: str, expected: list[dict]) -> dict[int, list[tuple[str, str]]]:
    """Return each candidate with what became of it, by problem."""
    found, said = {}, read(answers)
    for at, texts in read(candidates).items():
        wanted = json.dumps(expected[int(at)]["expected"])
        verdicts = {
            text: {wanted: RIGHT}.get(one, WRONG if one.startswith("[") else one)
            for text, one in said[at].items()
        }
        found[int(at)] = [(text, verdicts[text]) for text in texts]
    return found


def estimated(drawn: list[tuple[str, str]]) -> list[float]:
    """Return pass@k for each k, by the unbiased estimator."""
    right = sum(verdict == RIGHT for _, verdict in drawn)
    return [pass_at(k, len(drawn), right) for k in range(1, MOST + 1)]


def ranked(drawn: list[tuple[str, str]]) -> list[float]:
    """Return whether one of the first k is right, for each k: for candidates in an order."""
    hits = np.cumsum([verdict == RIGHT for _, verdict in drawn[:MOST]])
    return (hits > 0).astype(float).tolist()


def named(curve: np.ndarray) -> dict[str, float]:
    """Return the points of a curve that papers give."""
    return {str(k): round(float(curve[k - 1]), 6) for k in NAMED}


def multiples(model: np.ndarray, best: np.ndarray, asked: int) -> dict[str, float]:
    """Return how many times the best baseline the model has, that counted as one problem at least."""
    return named(model / np.maximum(best, 1 / asked))


def sample(comment: str, program: str, drawn: list[tuple[str, str]]) -> str:
    """Return a problem with the commonest candidate of each kind that came out."""
    verdicts = Counter(verdict for _, verdict in drawn)
    parts = [f"# {comment}", ", ".join(f"{many} {one}" for one, many in verdicts.most_common()), ""]
    for verdict, _ in verdicts.most_common():
        text, many = Counter(one for one in drawn if one[1] == verdict).most_common(1)[0]
        same = ", as the author has it" if text[0] == program else ""
        times = "once" if many == 1 else f"{many} times"
        parts.append(f"{verdict}, written {times}{same}:\n{text[0]}")
    return "\n".join(parts) + "\n"


def mean(name: str, table: dict[int, list], asked: int) -> np.ndarray:
    """Return pass@k of a baseline over all problems, for each k."""
    how = ranked if name == "nearest" else estimated
    return np.mean([how(table[at]) for at in range(asked)], axis=0)


def passed(lines: dict[str, np.ndarray], by_length: dict[str, np.ndarray], asked: int) -> dict:
    """Return what METRICS has of curves: of the model, of the baselines, by number of operations."""
    baselines = {name: one for name, one in lines.items() if name != "model"}
    best = np.max(list(baselines.values()), axis=0)
    return {
        "baselines": {name: {"pass_at": named(one)} for name, one in baselines.items()},
        "by_operations": {length: {"pass_at": named(one)} for length, one in by_length.items()},
        "pass_at": named(lines["model"]),
        "times_best_baseline": multiples(lines["model"], best, asked),
    }


def became(model: dict[int, list[tuple[str, str]]], wanted: list[dict]) -> dict:
    """Return what METRICS has of single candidates: what became of them, and how many differ."""
    every = [(at, *one) for at, drawn in model.items() for one in drawn]
    right = [text == wanted[at]["program"] for at, text, verdict in every if verdict == RIGHT]
    verdicts = Counter(verdict for _, _, verdict in every)
    return {
        "became": {one: round(many / len(every), 6) for one, many in verdicts.items()},
        "candidates": len(every) // len(wanted),
        "different_candidates": round(len(set(every)) / len(wanted), 6),
        "not_as_the_author": round(1 - float(np.mean(right or [1])), 6),
    }


def rounded(curves: dict[str, np.ndarray]) -> dict[str, list[float]]:
    """Return curves to six places."""
    return {name: np.round(one, 6).tolist() for name, one in curves.items()}


def main(
    expected: str, comments: str, kinds: str, metrics: str, curves: str, samples: str, *paths: str
) -> None:
    """Judge all, and write METRICS, CURVES and SAMPLES."""
    wanted, told, names = read(expected), read(comments), json.loads(kinds)
    middle = paths.index("--")
    pairs = zip(paths[:middle], paths[middle + 1 :], strict=True)
    tables = [judged(candidates, answers, wanted) for candidates, answers in pairs]
    shards, baselines = tables[: -len(names)], zip(names, tables[-len(names) :], strict=True)
    model = {at: drawn for shard in shards for at, drawn in sorted(shard.items())}
    points = np.array([estimated(model[at]) for at in range(len(wanted))])
    lines = {"model": points.mean(axis=0)}
    lines |= {name: mean(name, table, len(wanted)) for name, table in baselines}
    lengths = np.array([len(one["kinds"]) - 1 for one in wanted])
    by_length = {str(one): points[lengths == one].mean(axis=0) for one in sorted(set(lengths))}
    report = passed(lines, by_length, len(wanted)) | became(model, wanted)
    report |= {"most_operations_learnt": len(problems.LEARNT), "problems": len(wanted)}
    Path(metrics).write_text(json.dumps(report, indent=2, sort_keys=True) + "\n")
    drawn = {"all": rounded(lines), "by_operations": rounded(by_length)}
    Path(curves).write_text(json.dumps(drawn, sort_keys=True) + "\n")
    shown = [at for one in sorted(set(lengths)) for at in np.flatnonzero(lengths == one)[:SHOWN]]
    texts = [sample(told[at], wanted[at]["program"], model[at]) for at in shown]
    Path(samples).write_text("\n".join(texts))
    print(json.dumps(report["pass_at"]), json.dumps(report["became"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
