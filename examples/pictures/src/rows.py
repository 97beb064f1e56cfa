"""What the prior reads: a beginning, the words of a caption, then the codes of its picture."""

import numpy as np

import codes
import words

BEGIN = 0  # the word that stands for none
TEXT = len(words.WORDS)  # tokens below are words, the others codes
LENGTH = words.LENGTH + codes.PLACES
TEXT_SHARE = 1 / 8  # of the loss, as in the paper; the picture has the rest


def of(said: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return rows of tokens, (N, 1 + words + codes), of captions, (N, words), and codes, (N, codes)."""
    begin = np.full((len(said), 1), BEGIN)
    return np.concatenate([begin, said, drawn + TEXT], axis=1)


def weighed() -> np.ndarray:
    """Return what each place counts for in the loss, (LENGTH); all together are one."""
    text = np.full(words.LENGTH, TEXT_SHARE / words.LENGTH)
    return np.concatenate([text, np.full(codes.PLACES, (1 - TEXT_SHARE) / codes.PLACES)])
