"""Learn the tokenizer from the training text: tokenizer.py CORPUS.json MERGES TOKENIZER.json

TOKENIZER holds the merges and the pieces: special tokens, the characters of the training text, and
one piece a merge.
"""

import json
import sys
from pathlib import Path

import bpe


def main(corpus: str, merges: str, tokenizer: str) -> None:
    """Learn MERGES merges from the blocks that are for training, and write TOKENIZER."""
    blocks = json.loads(Path(corpus).read_text())
    texts = [block["text"] for block in blocks if not block["test"]]
    learnt = bpe.learn(texts, int(merges))
    characters = sorted({character for text in texts for character in text})
    pieces = [*bpe.SPECIAL, *characters, *(left + right for left, right in learnt)]
    # Two merges can spell the same piece; it is one token then.
    pieces = list(dict.fromkeys(pieces))
    Path(tokenizer).write_text(json.dumps({"merges": learnt, "pieces": pieces}) + "\n")
    longest = sorted(pieces[len(bpe.SPECIAL) :], key=lambda piece: (-len(piece), piece))[:12]
    print(f"{len(pieces)} pieces; the longest: {longest}")


if __name__ == "__main__":
    main(*sys.argv[1:])
