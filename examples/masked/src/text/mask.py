"""Sequences of tokens, and the masks over them.

A sequence is [CLS], LENGTH - 2 tokens of one block, [SEP]. A mask hides SHARE of the tokens: of those
hidden, most become [MASK], some any piece, and some stay as they are, so that a model must have an
opinion of every place (Devlin et al., 2019).
"""

import bpe
import numpy as np

LENGTH = 64
SHARE = 0.15
TO_MASK, TO_RANDOM = 0.8, 0.1
HIDDEN = round((LENGTH - 2) * SHARE)  # tokens hidden in each sequence


def sequences(tokens: list[int]) -> list[list[int]]:
    """Cut a block into sequences; the last begins earlier, so that all are full."""
    body = LENGTH - 2
    starts = [*range(0, len(tokens) - body, body), len(tokens) - body]
    return [[bpe.CLS_ID, *tokens[at : at + body], bpe.SEP_ID] for at in starts if at >= 0]


def hide(
    rng: np.random.Generator, whole: np.ndarray, vocabulary: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a mask for each sequence.

    Takes sequences (n, LENGTH). Returns what the model sees, of the same shape, and the places that
    are hidden (n, HIDDEN), in order.
    """
    count = len(whole)
    draws = rng.random((count, LENGTH - 2))
    places = np.sort(draws.argsort(axis=1)[:, :HIDDEN], axis=1) + 1  # never [CLS] or [SEP]
    rows = np.arange(count)[:, None]
    fate = rng.random((count, HIDDEN))
    anything = rng.integers(len(bpe.SPECIAL), vocabulary, (count, HIDDEN))
    stay = whole[rows, places]
    seen = whole.copy()
    seen[rows, places] = np.where(
        fate < TO_MASK, bpe.MASK_ID, np.where(fate < TO_MASK + TO_RANDOM, anything, stay)
    )
    return seen, places
