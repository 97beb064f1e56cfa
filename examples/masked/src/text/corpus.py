"""Gather the corpus: corpus.py CORPUS.json

The text is the help of Python itself: `pydoc_data.topics`, what `help("while")` prints, which is the
Language Reference and part of the Library Reference. It comes with the interpreter that runs this.

Topics quote one another, so a paragraph that came before is left out: else the test would hold what
training saw. What is left is cut into blocks of neighbouring paragraphs, and one block in six is
kept for testing. CORPUS is a list of blocks: topic, chapter, whether it is a test block, text.
"""

import json
import random
import re
import sys
from pathlib import Path
from pydoc_data.topics import topics

BLOCK = 700  # characters at least in a block: about two hundred tokens
TEST_SHARE = 6
SPLIT_SEED = 1_810

# The chapter of the manual that each topic is from; every other topic is of the data model.
CHAPTERS = {
    "compound": "async class compound context-managers else for function if try while with",
    "simple": "assert assignment augassign break continue del global import nonlocal pass raise return",
    "expressions": "atom-identifiers atom-literals attribute-references await binary bitwise booleans"
    " calls comparisons conversions exprlists in lambda lists numeric-types operator-summary power"
    " shifting slicings subscriptions unary yield",
    "lexical": "floating id-classes identifiers imaginary integers numbers strings",
    "execution": "dynamic-features exceptions execmodel naming",
    "library": "bltin-code-objects bltin-ellipsis-object bltin-null-object bltin-type-objects dict"
    " specialattrs string-methods truth typesfunctions typesmapping typesmethods typesmodules"
    " typesseq typesseq-mutable",
    "formatting": "formatstrings",
    "debugger": "debugger",
}
CHAPTER_OF = {topic: name for name, listed in CHAPTERS.items() for topic in listed.split()}


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a topic, spaces made one, without lines that only underline."""
    lines = (
        "" if re.fullmatch(r"\s*[*=\-~^\"']{3,}\s*", line) else line for line in text.split("\n")
    )
    parts = re.split(r"\n\s*\n", "\n".join(lines))
    found = (" ".join(re.sub(r"[-=+*]{4,}", " ", part).split()) for part in parts)  # ruled tables
    return [part for part in found if part]


def blocks(parts: list[str]) -> list[str]:
    """Join neighbouring paragraphs into blocks of at least BLOCK characters; a short rest is left out."""
    made, open_block = [], ""
    for part in parts:
        open_block = f"{open_block} {part}".strip()
        if len(open_block) >= BLOCK:
            made.append(open_block)
            open_block = ""
    return made


def unique(order: list[str]) -> dict[str, list[str]]:
    """Return the paragraphs of each topic that neither it nor a topic before it had."""
    seen: set[str] = set()
    kept = {}
    for topic in order:
        parts = dict.fromkeys(paragraphs(topics[topic]))
        kept[topic] = [part for part in parts if part not in seen]
        seen.update(kept[topic])
    return kept


def main(corpus: str) -> None:
    """Write the blocks of every topic, the longest topic first, as CORPUS."""
    order = sorted(topics, key=lambda topic: (-len(topics[topic]), topic))
    table = [
        {"topic": topic, "chapter": CHAPTER_OF.get(topic, "data model"), "text": text}
        for topic, parts in unique(order).items()
        for text in blocks(parts)
    ]
    shuffled = random.Random(SPLIT_SEED).sample(range(len(table)), len(table))
    test = set(shuffled[: len(table) // TEST_SHARE])
    for number, block in enumerate(table):
        block["test"] = number in test
    Path(corpus).write_text(json.dumps(table, indent=0, sort_keys=True) + "\n")
    characters = sum(len(block["text"]) for block in table)
    print(f"{len(table)} blocks, {characters} characters, {len(test)} blocks to test on")


if __name__ == "__main__":
    main(*sys.argv[1:])
