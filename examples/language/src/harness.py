"""How any model is asked: it gives the chance of each next character, whatever it is inside."""

from collections.abc import Callable

import numpy as np

import gpt
import ngram
import text

Model = Callable[[np.ndarray], np.ndarray]  # windows (N, T) to chances of what is next (N, T, V)
AT_ONCE = 64  # windows that are asked together


def load(path: str) -> Model:
    """Return the model in a file, which is a transformer or counts."""
    with np.load(path) as file:
        arrays = dict(file)
    if "embed" not in arrays:
        return lambda rows: ngram.chances(arrays, rows)
    return lambda rows: gpt.softmax(gpt.forward(arrays, rows)[0].astype(np.float64))


def surprise(model: Model, rows: np.ndarray) -> float:
    """Return bits per character of the second half of windows, (N, T + 1), given the first."""
    half, bits = rows.shape[1] // 2, []
    for at in range(0, len(rows), AT_ONCE):
        part = rows[at : at + AT_ONCE]
        chances = model(part[:, :-1])[:, half:]
        true = np.take_along_axis(chances, part[:, half + 1 :, None], axis=-1)
        bits.append(-np.log2(true))
    return float(np.concatenate(bits).mean())


def answer(model: Model, pairs: list[tuple[str, str]]) -> list[list[bool]]:
    """Return of each answer which characters are the likeliest, given the question and those before.

    An answer is right when all are: then it is what the model says if it always says the likeliest.
    """
    right: dict[tuple[str, str], list[bool]] = {}
    for size in sorted({(len(ask), len(say)) for ask, say in pairs}):
        same = [pair for pair in pairs if (len(pair[0]), len(pair[1])) == size]
        rows = np.stack([text.encode(f"\n{ask}{say}") for ask, say in same])
        for at in range(0, len(rows), AT_ONCE):
            part = rows[at : at + AT_ONCE]
            said = model(part[:, :-1]).argmax(axis=-1)[:, -size[1] :]
            marks = (said == part[:, -size[1] :]).tolist()
            right |= dict(zip(same[at : at + AT_ONCE], marks, strict=True))
    return [right[pair] for pair in pairs]
