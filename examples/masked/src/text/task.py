"""Make a probe's task: task.py CORPUS.json TOKENIZER.json TASK EXAMPLES TASK.npz

The tasks:
  chapter  from which chapter of the manual is a passage?
  verb     one " is" or " are" of a passage is hidden: which?
  article  one " a", " an" or " the" of a passage is hidden: which?
EXAMPLES passages of training blocks have labels to learn from; those of test blocks are for testing,
at most TESTS. Of the hidden words there are as many of each kind. TASK.npz holds its name, and for each
part tokens (n, LENGTH), labels (n), and the gaze (n, LENGTH): how much of the answer is to be read at
each place.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import bpe
import mask
import numpy as np

SEED = 11_942
TESTS = 600
STRIDE = 24  # passages of a chapter begin so many tokens apart
BODY = mask.LENGTH - 2
WORDS = {"verb": (" is", " are"), "article": (" a", " an", " the")}

Example = tuple[list[int], int, list[int]]  # tokens, label, the places to read


def chapters(blocks: list[dict], coder: bpe.Tokenizer, names: list[str]) -> Iterator[Example]:
    """Give passages labelled by chapter, which is to be read from all of them."""
    for block in blocks:
        tokens = coder.encode(block["text"])
        for at in range(0, len(tokens) - BODY + 1, STRIDE):
            row = [bpe.CLS_ID, *tokens[at : at + BODY], bpe.SEP_ID]
            yield row, names.index(block["chapter"]), list(range(len(row)))


def hidden_words(
    blocks: list[dict], coder: bpe.Tokenizer, words: tuple[str, ...], rng: np.random.Generator
) -> Iterator[Example]:
    """Give a passage around each of these words, which is hidden; the word is somewhere in it."""
    labels = {coder.number[word]: label for label, word in enumerate(words) if word in coder.number}
    for block in blocks:
        tokens = coder.encode(block["text"])
        for spot, token in enumerate(tokens):
            if token in labels and len(tokens) >= BODY:
                low, high = max(0, spot - BODY + 1), min(spot, len(tokens) - BODY)
                at = int(rng.integers(low, high + 1))
                row = [bpe.CLS_ID, *tokens[at : at + BODY], bpe.SEP_ID]
                row[spot - at + 1] = bpe.MASK_ID
                yield row, labels[token], [spot - at + 1]


def balanced(rng: np.random.Generator, made: list[Example]) -> list[Example]:
    """Draw as many examples of each label as there are of the rarest."""
    by_label: dict[int, list[Example]] = {}
    for example in made:
        by_label.setdefault(example[1], []).append(example)
    fewest = min(len(alike) for alike in by_label.values())
    return [
        alike[number]
        for _, alike in sorted(by_label.items())
        for number in rng.permutation(len(alike))[:fewest]
    ]


def arrays(part: str, examples: list[Example]) -> dict[str, np.ndarray]:
    """Return tokens, labels and gaze of the examples."""
    gaze = np.zeros((len(examples), mask.LENGTH), np.float32)
    for row, (_, _, places) in enumerate(examples):
        gaze[row, places] = 1 / len(places)
    return {
        f"{part}_tokens": np.array([row for row, _, _ in examples], np.int32),
        f"{part}_labels": np.array([label for _, label, _ in examples], np.int64),
        f"{part}_gaze": gaze,
    }


def main(corpus: str, tokenizer: str, task: str, examples: str, out: str) -> None:
    """Make TASK of both parts of CORPUS and write it."""
    coder = bpe.Tokenizer(tokenizer)
    blocks = json.loads(Path(corpus).read_text())
    names = sorted({block["chapter"] for block in blocks})
    rng = np.random.default_rng([SEED, len(task)])
    found = {}
    for part, most in (("train", int(examples)), ("test", TESTS)):
        chosen = [block for block in blocks if block["test"] == (part == "test")]
        if task in WORDS:
            made = balanced(rng, list(hidden_words(chosen, coder, WORDS[task], rng)))
        else:
            made = list(chapters(chosen, coder, names))
        found |= arrays(part, [made[number] for number in rng.permutation(len(made))[:most]])
    classes = WORDS.get(task, names)
    np.savez(out, name=task, classes=len(classes), **found)
    print(f"{task}: {len(found['train_labels'])} to learn, {len(found['test_labels'])} to test")


if __name__ == "__main__":
    main(*sys.argv[1:])
