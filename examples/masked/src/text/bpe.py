"""Byte-pair encoding: words as pieces that occur often.

A text is split into words, each with the space before it. A word is a row of characters at first; a
merge joins two neighbouring pieces into one, wherever they meet. Merges are learnt by taking the
commonest pair of neighbours, again and again (Sennrich, Haddow and Birch, 2016).
"""

import json
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

WORD = re.compile(r" ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+")
PAD, CLS, SEP, MASK, UNKNOWN = SPECIAL = ("[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]")
CLS_ID, SEP_ID, MASK_ID, UNKNOWN_ID = (SPECIAL.index(name) for name in (CLS, SEP, MASK, UNKNOWN))

Pair = tuple[str, str]


def merged(pieces: list[str], pair: Pair) -> list[str]:
    """Join each occurrence of the pair in a word, from left to right."""
    joined: list[str] = []
    at = 0
    while at < len(pieces):
        if tuple(pieces[at : at + 2]) == pair:
            joined.append(pieces[at] + pieces[at + 1])
            at += 2
        else:
            joined.append(pieces[at])
            at += 1
    return joined


def learn(texts: list[str], merges: int) -> list[Pair]:
    """Return the merges, first to last; of equally common pairs the first in the alphabet is taken."""
    counts = Counter(word for text in texts for word in WORD.findall(text))
    words = {word: list(word) for word in counts}
    common: Counter[Pair] = Counter()
    where: defaultdict[Pair, set[str]] = defaultdict(set)  # the words that a pair was ever in

    def count(word: str, sign: int) -> None:
        for pair in zip(words[word], words[word][1:], strict=False):
            common[pair] += sign * counts[word]
            where[pair].add(word)

    for word in words:
        count(word, 1)
    learnt: list[Pair] = []
    for _ in range(merges):
        best = min(common, key=lambda pair: (-common[pair], pair))
        learnt.append(best)
        for word in sorted(where.pop(best)):
            count(word, -1)
            words[word] = merged(words[word], best)
            count(word, 1)
        del common[best]
    return learnt


class Tokenizer:
    """Text to token numbers, and back."""

    def __init__(self, path: str) -> None:
        """Read what tokenizer.py wrote."""
        stored = json.loads(Path(path).read_text())
        self.pieces: list[str] = stored["pieces"]
        self.number = {piece: number for number, piece in enumerate(self.pieces)}
        self.rank = {tuple(pair): rank for rank, pair in enumerate(stored["merges"])}
        self.word = cache(self._word)

    def _word(self, word: str) -> list[int]:
        """Apply the merges to a word in the order in which they were learnt."""
        pieces = list(word)
        while len(pieces) > 1:
            pairs = zip(pieces, pieces[1:], strict=False)
            best = min(pairs, key=lambda pair: self.rank.get(pair, len(self.rank)))
            if best not in self.rank:
                break
            pieces = merged(pieces, best)
        return [self.number.get(piece, UNKNOWN_ID) for piece in pieces]

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text."""
        return [token for word in WORD.findall(text) for token in self.word(word)]

    def decode(self, tokens: list[int]) -> str:
        """Return the text of tokens."""
        return "".join(self.pieces[token] for token in tokens)
