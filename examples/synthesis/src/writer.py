"""The model: a recurrent network that reads a comment, and one that writes a program and looks back.

The reader goes over the words in both directions (gated recurrent units). The writer has a state as
well; after each token it compares its state with what the reader had at each word, and the mix of those that
agree, its `view`, goes into the next token and the next state. Parameters are a dict of arrays, so
that gradients are a dict of the same names. B comments of S words, T tokens, state D wide.
"""

import numpy as np

from reader import Arrays, gated, gated_back, read, read_back
from tokens import NOTHING, TOKENS, WORDS

FAR = -1e9  # what a word that is not there has in common with anything


def init(rng: np.random.Generator, width: int) -> Arrays:
    """Return random parameters; both directions of the reader have half the width."""
    half = width // 2
    sizes = {
        "word": (len(WORDS), half),
        "token": (len(TOKENS), half),
        "read.in": (2, half, 3 * half),
        "read.state": (2, half, 3 * half),
        "begin": (width, width),
        "write.in": (half, 3 * width),
        "write.view": (width, 3 * width),
        "write.state": (width, 3 * width),
        "ask": (width, width),
        "out.state": (width, len(TOKENS)),
        "out.view": (width, len(TOKENS)),
    }
    weights = {
        name: (rng.standard_normal(size) * size[-2] ** -0.5).astype(np.float32)
        for name, size in sizes.items()
    }
    weights["word"] *= half**0.5 / 2
    weights["token"] *= half**0.5 / 2
    zeros = {
        "read.bias": (2, 1, 3 * half),
        "write.bias": (3 * width,),
        "out.bias": (len(TOKENS),),
    }
    return weights | {name: np.zeros(size, np.float32) for name, size in zeros.items()}


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return what adds up to one along the last axis."""
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def begin(weights: Arrays, told: np.ndarray, words: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the first state and view, (B, D) each, and a mask of what cannot be viewed, (B, S).

    The state comes of what the reader has when it is through, in each direction.
    """
    state = np.tanh(_ends(told) @ weights["begin"])
    return state, np.zeros_like(state), np.where(words == NOTHING, FAR, 0).astype(told.dtype)


def _ends(told: np.ndarray) -> np.ndarray:
    """Return the last state of each direction side by side, (B, D)."""
    half = told.shape[2] // 2
    return np.concatenate([told[:, -1, :half], told[:, 0, half:]], axis=-1)


def look(weights: Arrays, told: np.ndarray, mask: np.ndarray, state: np.ndarray) -> tuple:
    """Return the view of a state, (B, D), and the share of each word in it, (B, S)."""
    asked = state @ weights["ask"]
    shares = softmax((told @ asked[..., None])[..., 0] + mask)
    return (shares[:, None] @ told)[:, 0], shares, asked


def forward(weights: Arrays, words: np.ndarray, tokens: np.ndarray) -> tuple[np.ndarray, tuple]:
    """Return logits of the token after each one, (B, T, V), and what `backward` needs."""
    told, by_read = read(weights, words)
    state, view, mask = begin(weights, told, words)
    given = weights["token"][tokens] @ weights["write.in"] + weights["write.bias"]
    states, views, kept = [state], [view], []
    for at in range(tokens.shape[1]):
        state, before = gated(
            given[:, at] + view @ weights["write.view"], state, weights["write.state"]
        )
        view, shares, asked = look(weights, told, mask, state)
        states.append(state)
        views.append(view)
        kept.append((before, shares, asked))
    states, views = np.stack(states, axis=1), np.stack(views, axis=1)
    logits = states[:, 1:] @ weights["out.state"] + views[:, 1:] @ weights["out.view"]
    return logits + weights["out.bias"], (told, by_read, states, views, kept)


def step(
    weights: Arrays, given: np.ndarray, state: np.ndarray, view: np.ndarray, told: np.ndarray,
    mask: np.ndarray,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    """Return logits of the next token, (B, V), with state and view, (B, D) each, for those after."""
    state, _ = gated(given + view @ weights["write.view"], state, weights["write.state"])
    view, _, _ = look(weights, told, mask, state)
    logits = state @ weights["out.state"] + view @ weights["out.view"] + weights["out.bias"]
    return logits, state, view


def loss(logits: np.ndarray, targets: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean surprise of the targets that are there, in nats, and its slope in the logits."""
    chances, there = softmax(logits), (targets != NOTHING)[..., None]
    true = np.take_along_axis(chances, targets[..., None], axis=-1)
    mean = -(np.log(np.maximum(true, 1e-30)) * there).sum() / there.sum()
    np.put_along_axis(chances, targets[..., None], true - 1, axis=-1)
    return float(mean), chances * there / there.sum().astype(logits.dtype)


def backward(weights: Arrays, tokens: np.ndarray, kept_: tuple, slope: np.ndarray) -> Arrays:
    """Return the gradient of the loss by name, given its slope in the logits, (B, T, V)."""
    told, by_read, states, views, kept = kept_
    found = {
        "out.bias": slope.sum(axis=(0, 1)),
        "out.state": _outer(states[:, 1:], slope),
        "out.view": _outer(views[:, 1:], slope),
    }
    by_state, by_view = slope @ weights["out.state"].T, slope @ weights["out.view"].T
    by_given = np.zeros((*tokens.shape, weights["write.bias"].size), slope.dtype)
    by_recalled, by_asked = np.zeros_like(by_given), np.zeros_like(by_state)
    by_told = np.zeros_like(told)
    flow = np.zeros_like(by_state[:, 0])
    for at in reversed(range(len(kept))):
        before, shares, asked = kept[at]
        seen = by_view[:, at]
        by_share = (told @ seen[..., None])[..., 0]
        by_score = shares * (by_share - (by_share * shares).sum(axis=-1, keepdims=True))
        by_told += shares[..., None] * seen[:, None] + by_score[..., None] * asked[:, None]
        by_asked[:, at] = (by_score[:, None] @ told)[:, 0]
        flow = flow + by_state[:, at] + by_asked[:, at] @ weights["ask"].T
        by_given[:, at], by_recalled[:, at], flow = gated_back(flow, before, weights["write.state"])
        if at:
            by_view[:, at - 1] += by_given[:, at] @ weights["write.view"].T
    found["ask"] = _outer(states[:, 1:], by_asked)
    found["write.state"] = _outer(states[:, :-1], by_recalled)
    found["write.view"] = _outer(views[:, :-1], by_given)
    found["write.bias"] = by_given.sum(axis=(0, 1))
    found["write.in"] = _outer(weights["token"][tokens], by_given)
    found["token"] = np.zeros_like(weights["token"])
    np.add.at(found["token"], tokens, by_given @ weights["write.in"].T)
    flow = flow * (1 - states[:, 0] ** 2)
    found["begin"] = _ends(told).T @ flow
    by_ends, half = flow @ weights["begin"].T, told.shape[2] // 2
    by_told[:, -1, :half] += by_ends[:, :half]
    by_told[:, 0, half:] += by_ends[:, half:]
    read_back(weights, by_read, by_told, found)
    return found


def _outer(inputs: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Return the gradient of a matrix, (in, out), from what went in and the slope of what came out."""
    return inputs.reshape(-1, inputs.shape[-1]).T @ slope.reshape(-1, slope.shape[-1])
