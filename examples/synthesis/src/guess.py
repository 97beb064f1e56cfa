"""Have a baseline write candidates: guess.py KIND TRAIN COMMENTS N SEED CANDIDATES

`nearest` takes for each problem the programs of the N comments of TRAIN that share most with its own,
best first: what somebody gets who looks it up. `lines` puts programs together from lines of TRAIN, each
drawn by which line was before it, whatever the comment: what programs look like.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

import phrases


def features(comment: str) -> set[tuple[str, ...]]:
    """Return the words of a comment, and each two in a row."""
    words = comment.split()
    return {(one,) for one in words} | set(zip(words, words[1:], strict=False))


def nearest(known: list[dict], asked: list[str], many: int) -> list[list[list[str]]]:
    """Return the lines of `many` programs for each comment, those first that share most with it."""
    sets = [features(one["comment"]) for one in known]
    number = {one: at for at, one in enumerate(sorted(set().union(*sets)))}
    has = np.zeros((len(known), len(number)), np.float32)
    for row, each in zip(has, sets, strict=True):
        row[[number[one] for one in each]] = 1
    found = []
    for mine in map(features, asked):
        shared = has[:, [number[one] for one in mine if one in number]].sum(axis=1)
        ranked = np.argsort(-shared / (has.sum(axis=1) + len(mine) - shared), kind="stable")
        found.append([known[at]["lines"] for at in ranked[:many]])
    return found


def after(known: list[dict]) -> dict[str, list[str]]:
    """Return the lines that came after each line, as often as they did; "" is before the first."""
    found = defaultdict(list)
    for one in known:
        for line, then in zip(["", *one["lines"]], one["lines"], strict=False):
            found[line].append(then)
    return found


def chain(then: dict[str, list[str]], rng: np.random.Generator) -> list[str]:
    """Return lines drawn one after another, until one is the last."""
    lines, last = [], ""
    while last in then:
        last = then[last][rng.integers(len(then[last]))]
        lines.append(last)
    return lines


def main(kind: str, train: str, comments: str, many: str, seed: str, candidates: str) -> None:
    """Write the CANDIDATES of one kind."""
    known, asked = (json.loads(Path(path).read_text()) for path in (train, comments))
    if kind == "nearest":
        programs = nearest(known, asked, int(many))
    elif kind == "lines":
        rng, then = np.random.default_rng(int(seed)), after(known)
        programs = [[chain(then, rng) for _ in range(int(many))] for _ in asked]
    else:
        raise SystemExit(f"no baseline is called {kind!r}: nearest or lines")
    found = {str(at): [phrases.source(one) for one in each] for at, each in enumerate(programs)}
    Path(candidates).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    print(f"{kind}: {many} candidates for {len(asked)} problems")


if __name__ == "__main__":
    main(*sys.argv[1:])
