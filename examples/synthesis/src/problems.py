"""Make what is learnt and asked: problems.py SEED PAIRS ASKED TESTS TRAIN COMMENTS ARGUMENTS EXPECTED

PAIRS comments with their programs are written to TRAIN, of one to three operations and an end. ASKED
says how many problems there are for each number of operations, as {"2": 48}. Their compositions, the
operations in their order whatever their numbers, are not in TRAIN, and so no comment or program is.
What a problem consists of is kept in three files: its comment, which a model reads; TESTS arguments, on
which candidates run; and what is expected, which nothing that runs a candidate ever gets.
"""

import json
import sys
from pathlib import Path

import numpy as np

import phrases

LEARNT = (0.1, 0.35, 0.55)  # shares of one, two and three operations in TRAIN
LONGEST, SMALLEST, LARGEST = 9, -9, 20  # the lists that programs are given


def compose(rng: np.random.Generator, length: int) -> list[str]:
    """Return the names of `length` different operations and an end."""
    kinds = rng.choice(sorted(phrases.OPERATIONS), length, replace=False)
    return [*map(str, kinds), str(rng.choice(sorted(phrases.ENDS)))]


def arguments(rng: np.random.Generator, many: int) -> list[list[int]]:
    """Return lists to try a program on, an empty one among them."""
    sizes = rng.integers(LONGEST // 2, LONGEST + 1, many - 1)
    return [[], *(rng.integers(SMALLEST, LARGEST + 1, size).tolist() for size in sizes)]


def answers(lines: list[str], given: list[list[int]]) -> list:
    """Return what a program of ours gives for each argument."""
    names: dict = {}
    exec(phrases.source(lines), names)
    return [names["f"](list(one)) for one in given]


def needs_every_line(lines: list[str], given: list[list[int]]) -> bool:
    """Say whether the answers would be others without any one of the operations."""
    wanted = answers(lines, given)
    shorter = [lines[:at] + lines[at + 1 :] for at in range(len(lines) - 1)]
    return all(answers(fewer, given) != wanted for fewer in shorter)


def ask(rng: np.random.Generator, length: int, many: int, tests: int) -> list[dict]:
    """Return problems of different compositions."""
    asked: dict[tuple[str, ...], dict] = {}
    while len(asked) < many:
        kinds = compose(rng, length)
        comment, lines = phrases.say(rng, kinds)
        given = arguments(rng, tests)
        if tuple(kinds) not in asked and needs_every_line(lines, given):
            asked[tuple(kinds)] = {
                "arguments": given,
                "comment": comment,
                "expected": answers(lines, given),
                "kinds": kinds,
                "program": phrases.source(lines),
            }
    return list(asked.values())


def learn(rng: np.random.Generator, many: int, kept: set[tuple[str, ...]]) -> list[dict]:
    """Return different comments with their programs, of no composition that is `kept`."""
    learnt: dict[str, dict] = {}
    while len(learnt) < many:
        kinds = compose(rng, int(rng.choice(len(LEARNT), p=LEARNT)) + 1)
        if tuple(kinds) not in kept:
            comment, lines = phrases.say(rng, kinds)
            learnt[comment] = {"comment": comment, "kinds": kinds, "lines": lines}
    return list(learnt.values())


def main(
    seed: str, pairs: str, asked: str, tests: str,
    train: str, comments: str, given: str, expected: str,
) -> None:  # fmt: skip
    """Write TRAIN and the three parts of the problems."""
    rng = np.random.default_rng(int(seed))
    problems = [
        problem
        for length, many in sorted(json.loads(asked).items())
        for problem in ask(rng, int(length), many, int(tests))
    ]
    learnt = learn(rng, int(pairs), {tuple(one["kinds"]) for one in problems})
    parts = {
        comments: [one["comment"] for one in problems],
        given: [one["arguments"] for one in problems],
        expected: [{key: one[key] for key in ("expected", "kinds", "program")} for one in problems],
        train: learnt,
    }
    for path, part in parts.items():
        Path(path).write_text(json.dumps(part, indent=1, sort_keys=True) + "\n")
    print(f"{len(learnt)} pairs to learn from, {len(problems)} problems")


if __name__ == "__main__":
    main(*sys.argv[1:])
