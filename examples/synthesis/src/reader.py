"""The half of the model that reads: gated recurrent units over the words of a comment, both ways.

B comments of S words; a direction is D / 2 wide.
"""

import numpy as np

from tokens import NOTHING

Arrays = dict[str, np.ndarray]


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return numbers from 0 to 1."""
    return 0.5 * np.tanh(0.5 * x) + 0.5


def gated(given: np.ndarray, state: np.ndarray, by_state: np.ndarray) -> tuple[np.ndarray, tuple]:
    """Return the next state, (..., D), of `given`, (..., 3 D), and the state before.

    `keep` of the old state stays; `reset` is how much of it goes into what is new.
    """
    width = state.shape[-1]
    recalled = state @ by_state
    gates = sigmoid(given[..., : 2 * width] + recalled[..., : 2 * width])
    keep, reset = gates[..., :width], gates[..., width:]
    inner = recalled[..., 2 * width :]
    new = np.tanh(given[..., 2 * width :] + reset * inner)
    return new + keep * (state - new), (state, keep, reset, inner, new)


def gated_back(slope: np.ndarray, kept: tuple, by_state: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return slopes in `given`, in `state @ by_state` and in the state before."""
    state, keep, reset, inner, new = kept
    by_new = slope * (1 - keep) * (1 - new * new)
    by_keep = slope * (state - new) * keep * (1 - keep)
    by_reset = by_new * inner * reset * (1 - reset)
    given = np.concatenate([by_keep, by_reset, by_new], axis=-1)
    recalled = np.concatenate([by_keep, by_reset, by_new * reset], axis=-1)
    return given, recalled, slope * keep + recalled @ by_state.swapaxes(-1, -2)


def read(weights: Arrays, words: np.ndarray) -> tuple[np.ndarray, tuple]:
    """Return what the reader has at each word, (B, S, D), and what `read_back` needs.

    Both directions go at once: the second reads the row from its end. Where no word is, the state
    stays as it is.
    """
    both = np.stack([words, words[:, ::-1]])
    given = weights["word"][both] @ weights["read.in"][:, None] + weights["read.bias"][:, None]
    there = (both != NOTHING)[..., None]
    state = np.zeros((2, len(words), weights["word"].shape[1]), given.dtype)
    states, kept = [], []
    for at in range(words.shape[1]):
        after, before = gated(given[:, :, at], state, weights["read.state"])
        state = np.where(there[:, :, at], after, state)
        states.append(state)
        kept.append(before)
    told = np.stack(states, axis=2)
    return np.concatenate([told[0], told[1, :, ::-1]], axis=-1), (both, there, kept)


def read_back(weights: Arrays, kept: tuple, slope: np.ndarray, found: Arrays) -> None:
    """Put the gradients of the reader into `found`, given the slope of what it returned."""
    both, there, states = kept
    half = slope.shape[-1] // 2
    told = np.stack([slope[..., :half], slope[:, ::-1, half:]])
    flow = np.zeros_like(told[:, :, 0])
    by_given = np.zeros((*told.shape[:3], 3 * half), slope.dtype)
    by_state = np.zeros_like(weights["read.state"])
    for at in reversed(range(len(states))):
        flow = flow + told[:, :, at]
        moved = np.where(there[:, :, at], flow, 0)
        given, recalled, back = gated_back(moved, states[at], weights["read.state"])
        by_given[:, :, at] = given
        by_state += states[at][0].swapaxes(1, 2) @ recalled
        flow = back + (flow - moved)
    found["read.state"] = by_state
    found["read.bias"] = by_given.sum(axis=(1, 2))[:, None]
    flat = by_given.reshape(2, -1, 3 * half)
    inputs = weights["word"][both]
    found["read.in"] = inputs.reshape(2, -1, inputs.shape[-1]).swapaxes(1, 2) @ flat
    found["word"] = np.zeros_like(weights["word"])
    np.add.at(found["word"], both.reshape(2, -1), flat @ weights["read.in"].swapaxes(1, 2))
