"""A small causal transformer over words and codes, with its gradient written out by hand.

Each block adds to a token's vector what attention to it and those before it, and then two layers of
neurons, make of it. Parameters are a dict of arrays by name, so that their gradients are a dict of
the same names. B rows of T tokens, D wide, H heads, V kinds of token.
"""

import numpy as np

Arrays = dict[str, np.ndarray]
SMALL = 1e-5  # keeps a vector of zeros from being divided by its length


def init(rng: np.random.Generator, shape: dict[str, int]) -> Arrays:
    """Return random parameters; `shape` has width, blocks, tokens (how many kinds) and length."""
    width, blocks = shape["width"], shape["blocks"]
    inside = (0.5 / blocks) ** 0.5  # what is added up along the blocks stays of one size
    sizes = {
        "embed": (shape["tokens"], width, 0.5),
        "place": (shape["length"], width, 0.5),
        "last": (width,),
        "out": (width, shape["tokens"], 0.0),
    }
    for at in range(blocks):
        sizes |= {
            f"{at}.first": (width,),
            f"{at}.ask": (width, 3 * width, width**-0.5),
            f"{at}.tell": (width, width, inside * width**-0.5),
            f"{at}.second": (width,),
            f"{at}.wide": (width, 4 * width, width**-0.5),
            f"{at}.narrow": (4 * width, width, inside * (4 * width) ** -0.5),
        }
    return {
        name: np.ones(size, np.float32)
        if len(size) == 1
        else (size[2] * rng.standard_normal(size[:2])).astype(np.float32)
        for name, size in sizes.items()
    }


def forward(
    weights: Arrays, tokens: np.ndarray, heads: int, kept_share: np.ndarray | None = None
) -> tuple[np.ndarray, list]:
    """Return logits of the next token at each place, (B, T, V), and what `backward` needs.

    `kept_share`, (blocks, 2, B, T, D), is what each addition is multiplied by: see `drop`.
    """
    flow, kept = weights["embed"][tokens] + weights["place"][: tokens.shape[1]], []
    for at in range(blocks_of(weights)):
        drop = (1, 1) if kept_share is None else kept_share[at]
        normed, by_norm = _norm(flow, weights[f"{at}.first"])
        heard, by_attend = _attend(weights, at, normed, heads)
        flow = flow + heard * drop[0]
        normed, by_second = _norm(flow, weights[f"{at}.second"])
        neurons = np.maximum(normed @ weights[f"{at}.wide"], 0)
        flow = flow + ((neurons * neurons) @ weights[f"{at}.narrow"]) * drop[1]
        kept.append((by_norm, by_attend, by_second, normed, neurons, drop))
    normed, by_last = _norm(flow, weights["last"])
    return normed @ weights["out"], [*kept, (normed, by_last)]


def backward(weights: Arrays, tokens: np.ndarray, kept: list, slope: np.ndarray) -> Arrays:
    """Return the gradient of the loss by name, given its slope in the logits, (B, T, V)."""
    *blocks, (normed, by_last) = kept
    found = {"out": _outer(normed, slope)}
    flow, found["last"] = _norm_back(slope @ weights["out"].T, by_last, weights["last"])
    for at in reversed(range(len(blocks))):
        by_norm, by_attend, by_second, normed, neurons, drop = blocks[at]
        told = flow * drop[1]
        found[f"{at}.narrow"] = _outer(neurons * neurons, told)
        inside = 2 * neurons * (told @ weights[f"{at}.narrow"].T)
        found[f"{at}.wide"] = _outer(normed, inside)
        back, found[f"{at}.second"] = _norm_back(
            inside @ weights[f"{at}.wide"].T, by_second, weights[f"{at}.second"]
        )
        flow = flow + back
        back = _attend_back(weights, at, by_attend, flow * drop[0], found)
        back, found[f"{at}.first"] = _norm_back(back, by_norm, weights[f"{at}.first"])
        flow = flow + back
    found["place"] = np.zeros_like(weights["place"])
    found["place"][: tokens.shape[1]] = flow.sum(axis=0)
    found["embed"] = np.zeros_like(weights["embed"])
    np.add.at(found["embed"], tokens, flow)
    return found


def blocks_of(weights: Arrays) -> int:
    """Return how many blocks a model has."""
    return sum(name.endswith(".ask") for name in weights)


def drop(rng: np.random.Generator, share: float, size: tuple[int, ...]) -> np.ndarray:
    """Return zeros for a share of all numbers, and for the others what keeps their mean."""
    return ((rng.random(size, np.float32) >= share) / (1 - share)).astype(np.float32)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Return what adds up to one along the last axis."""
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def surprise(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return how surprising each target is, in nats, (B, T)."""
    true = np.take_along_axis(softmax(logits), targets[..., None], axis=-1)[..., 0]
    return -np.log(np.maximum(true, 1e-30))


def slope_of(logits: np.ndarray, targets: np.ndarray, weighed: np.ndarray) -> np.ndarray:
    """Return the slope in the logits of the mean of a batch of surprises, weighed by place, (T)."""
    chances = softmax(logits)
    true = np.take_along_axis(chances, targets[..., None], axis=-1)
    np.put_along_axis(chances, targets[..., None], true - 1, axis=-1)
    return chances * (weighed / len(targets))[:, None].astype(chances.dtype)


def _outer(inputs: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Return the gradient of a matrix, (in, out), from what went in and the slope of what came out."""
    return inputs.reshape(-1, inputs.shape[-1]).T @ slope.reshape(-1, slope.shape[-1])


def _norm(flow: np.ndarray, gain: np.ndarray) -> tuple[np.ndarray, tuple]:
    """Return vectors at length one per number, times `gain`."""
    scale = 1 / np.sqrt((flow * flow).mean(axis=-1, keepdims=True) + SMALL)
    unit = flow * scale
    return unit * gain, (unit, scale)


def _norm_back(slope: np.ndarray, by: tuple, gain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the slopes in what was normed and in the gain."""
    unit, scale = by
    gained = slope * gain
    back = scale * (gained - unit * (gained * unit).mean(axis=-1, keepdims=True))
    return back, (slope * unit).sum(axis=(0, 1))


def _attend(
    weights: Arrays, at: int, normed: np.ndarray, heads: int
) -> tuple[np.ndarray, tuple]:  # fmt: skip
    """Return what each token hears of those before it and of itself, (B, T, D)."""
    many, length, width = normed.shape
    split = (normed @ weights[f"{at}.ask"]).reshape(many, length, 3, heads, width // heads)
    query, key, value = np.ascontiguousarray(split.transpose(2, 0, 3, 1, 4))  # (B, H, T, D / H)
    scores = query @ key.swapaxes(2, 3) * (width // heads) ** -0.5
    share = softmax(np.where(np.tri(length, dtype=bool), scores, -np.inf))
    heard = (share @ value).transpose(0, 2, 1, 3).reshape(many, length, width)
    return heard @ weights[f"{at}.tell"], (normed, query, key, value, share, heard)


def _attend_back(weights: Arrays, at: int, by: tuple, slope: np.ndarray, found: Arrays) -> np.ndarray:
    """Return the slope in what `_attend` was given; put those of its matrices into `found`."""
    normed, query, key, value, share, heard = by
    many, heads, length, wide = query.shape
    found[f"{at}.tell"] = _outer(heard, slope)
    each = (slope @ weights[f"{at}.tell"].T).reshape(many, length, heads, wide)
    each = np.ascontiguousarray(each.transpose(0, 2, 1, 3))
    shares = each @ value.swapaxes(2, 3)
    scores = share * (shares - (shares * share).sum(axis=-1, keepdims=True)) * wide**-0.5
    slopes = np.stack(
        [scores @ key, scores.swapaxes(2, 3) @ query, share.swapaxes(2, 3) @ each]
    )  # of query, key and value: (3, B, H, T, D / H)
    slopes = slopes.transpose(1, 3, 0, 2, 4).reshape(many, length, 3 * heads * wide)
    found[f"{at}.ask"] = _outer(normed, slopes)
    return slopes @ weights[f"{at}.ask"].T
