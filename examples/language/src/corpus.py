"""Make the text: corpus.py SEED SHARES LINES HELD TRAIN VALIDATE TEST QUESTIONS DECISIONS

The prose is the help of Python itself, `pydoc_data.topics`, one paragraph a line. Whole topics are
held back for validation and for the test, by SHARES; a paragraph that stands in several topics is
kept once, so that none is both learnt and judged. LINES is the share of the characters of TRAIN and
VALIDATE that are tasks (tasks.py). QUESTIONS has what is asked of each task: HELD each, none of them in
TRAIN but the sums. Those are learnt by heart; `swap` asks some in an order that TRAIN does not have.
"""

import json
import re
import sys
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np

from tasks import TASKS, Pair, known, mirrored

TOGETHER = 6  # task lines in a row
PLAIN = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-"})


def paragraphs(topic: str) -> list[str]:
    """Return a topic's paragraphs in ASCII, a line each, without underlines and drawn tables."""
    told = []
    for part in re.split(r"\n\s*\n", topic.translate(PLAIN)):
        words = " ".join(re.sub(r"[*=~^+|-]{4,}", "", part).split())
        told.append("".join(one for one in words if " " <= one <= "~"))
    return [one for one in told if one]


def split(rng: np.random.Generator, shares: dict[str, float]) -> dict[str, list[str]]:
    """Return the paragraphs for `test` and `validate`, at least those shares, and `train`."""
    seen: set[str] = set()
    each = []
    for name in sorted(topics):
        new = [one for one in dict.fromkeys(paragraphs(topics[name])) if one not in seen]
        seen.update(new)
        each.append(new)
    room = {part: share * sum(map(len, seen)) for part, share in sorted(shares.items())}
    parts: dict[str, list[str]] = {part: [] for part in (*room, "train")}
    for at in rng.permutation(len(each)):
        part = next((one for one, left in room.items() if left > 0), "train")
        parts[part] += each[at]
        if part in room:
            room[part] -= sum(map(len, each[at]))
    return parts


def ask(rng: np.random.Generator, many: int, swapped: set[Pair]) -> dict[str, list[Pair]]:
    """Return different questions of each task; of sums all that are learnt, and those that are not."""
    asked = {"sum": sorted(known(swapped)), "swap": sorted(swapped)}
    for name in sorted(set(TASKS) - {"sum"}):
        drawn: set[Pair] = set()
        while len(drawn) < many:
            drawn.add(TASKS[name](rng))
        asked[name] = sorted(drawn)
    return asked


def drill(rng: np.random.Generator, size: float, kept: set[Pair]) -> list[str]:
    """Return blocks of task lines, about `size` characters together, with none that are `kept`."""
    lines, length = [], 0
    while length < size:
        for make in TASKS.values():
            pair = make(rng)
            if pair not in kept:
                lines.append("".join(pair))
                length += len(lines[-1]) + 1
    order = rng.permutation(len(lines))
    starts = range(0, len(lines), TOGETHER)
    return ["\n".join(lines[at] for at in order[start : start + TOGETHER]) for start in starts]


def mixed(rng: np.random.Generator, prose: list[str], share: float, kept: set[Pair]) -> str:
    """Return prose with blocks of task lines strewn in."""
    blocks = prose + drill(rng, sum(map(len, prose)) * share / (1 - share), kept)
    return "".join(blocks[at] + "\n" for at in rng.permutation(len(blocks)))


def main(
    seed: str, shares: str, lines: str, many: str,
    train: str, validate: str, test: str, questions: str, decisions: str,
) -> None:  # fmt: skip
    """Write the three texts, the questions, and what was decided about them."""
    rng = np.random.default_rng(int(seed))
    parts = split(rng, json.loads(shares))
    asked = ask(rng, int(many), mirrored(rng))
    kept = {pair for name in asked if name != "sum" for pair in asked[name]}
    texts = {
        "test": "".join(one + "\n" for one in parts["test"]),
        "train": mixed(rng, parts["train"], float(lines), kept),
        "validate": mixed(rng, parts["validate"], float(lines), set()),
    }
    for name, path in (("train", train), ("validate", validate), ("test", test)):
        Path(path).write_text(texts[name])
    report = {
        "characters": {name: len(text) for name, text in texts.items()},
        "paragraphs": {name: len(part) for name, part in parts.items()},
        "questions": {name: len(pairs) for name, pairs in asked.items()},
        "task_lines_in_train": texts["train"].count(" > ") + texts["train"].count("sum "),
    }
    Path(questions).write_text(json.dumps(asked, indent=1, sort_keys=True) + "\n")
    Path(decisions).write_text(json.dumps(report, indent=2, sort_keys=True) + "\n")
    print(f"{report['characters']['train']} characters to learn from")


if __name__ == "__main__":
    main(*sys.argv[1:])
