"""A transformer encoder with its slopes by hand.

Words and places are embedded; each layer attends, then transforms each place on its own, and adds
both to what came in. Layer norms stand before, not after, which needs no slow start (Xiong and others,
2020). Attention has besides a learnt liking for each distance, by head (Shaw and others, 2018; T5), which
begins as nearness (Press and others, 2022): that two pieces are neighbours need not be found out first.
Nothing is padded: all sequences are equally long.

Shapes: b sequences, t places, d = WIDTH, h heads of d / h, v pieces. Weights are a dict by name. A
function that goes forward returns its result and what the way back needs.
"""

import numpy as np

WIDTH = 64
LAYERS = 2
HEADS = 4
INNER = 4 * WIDTH
TINY = 1e-5

Weights = dict[str, np.ndarray]


def initial(
    rng: np.random.Generator, pieces: int, length: int, dtype: type = np.float32
) -> Weights:
    """Draw the first weights; places begin as waves of different lengths, so that near ones are alike."""

    def draw(rows: int, columns: int, scale: float = 1.0) -> np.ndarray:
        return (rng.standard_normal((rows, columns)) * scale / np.sqrt(rows)).astype(dtype)

    weights = {
        "word": (rng.standard_normal((pieces, WIDTH)) * WIDTH**-0.5).astype(dtype),
        "place": waves(length).astype(dtype) * np.asarray(WIDTH**-0.5, dtype),
        "bias": np.zeros(pieces, dtype),
        **norm_weights("last", dtype),
    }
    for layer in range(LAYERS):
        weights |= norm_weights(f"{layer}.before", dtype) | norm_weights(f"{layer}.between", dtype)
        weights[f"{layer}.ask"] = draw(WIDTH, 3 * WIDTH)  # queries, keys and values in one
        weights[f"{layer}.near"] = first_look(length).astype(dtype)
        weights[f"{layer}.answer"] = draw(WIDTH, WIDTH, (2 * LAYERS) ** -0.5)
        weights[f"{layer}.up"] = draw(WIDTH, INNER)
        weights[f"{layer}.up_bias"] = np.zeros(INNER, dtype)
        weights[f"{layer}.down"] = draw(INNER, WIDTH, (2 * LAYERS) ** -0.5)
    return weights


def waves(length: int) -> np.ndarray:
    """Return sines and cosines of each place (t, d)."""
    rates = 1 / 1000 ** (np.arange(WIDTH // 2) / (WIDTH // 2))
    angles = np.arange(length)[:, None] * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def first_look(length: int) -> np.ndarray:
    """Return how much each head likes each offset at first: before, after, near, anywhere (h, 2t - 1)."""
    offset = np.arange(1 - length, length)
    far = np.abs(offset).astype(float)
    before, after = np.where(offset < 0, -far, -9.0), np.where(offset > 0, -far, -9.0)
    looks = [before, after, -far / 4, np.zeros_like(far)]
    return np.stack([looks[head % len(looks)] for head in range(HEADS)])


def norm_weights(name: str, dtype: type) -> Weights:
    """Return a layer norm that changes nothing yet."""
    return {f"{name}.gain": np.ones(WIDTH, dtype), f"{name}.shift": np.zeros(WIDTH, dtype)}


def norm(weights: Weights, name: str, x: np.ndarray) -> tuple[np.ndarray, tuple]:
    """Bring each row to mean 0 and spread 1, then to what the gain and shift say."""
    flat = x - x.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt((flat * flat).mean(axis=-1, keepdims=True) + TINY)
    flat *= scale
    return flat * weights[f"{name}.gain"] + weights[f"{name}.shift"], (flat, scale)


def norm_back(
    weights: Weights, name: str, kept: tuple, slope: np.ndarray, into: Weights
) -> np.ndarray:
    """Go back through a layer norm."""
    flat, scale = kept
    into[f"{name}.gain"] = np.einsum("btd,btd->d", slope, flat)
    into[f"{name}.shift"] = slope.sum(axis=(0, 1))
    slope = slope * weights[f"{name}.gain"]
    along = (slope * flat).mean(axis=-1, keepdims=True)
    return (slope - slope.mean(axis=-1, keepdims=True) - flat * along) * scale


def offsets(length: int) -> np.ndarray:
    """Number how far each place is from each other (t, t), from 0 for the farthest before."""
    places = np.arange(length)
    return places[None, :] - places[:, None] + length - 1


def by_offset(table: np.ndarray) -> np.ndarray:
    """Sum each head's table of places by places over pairs that are equally far: (h, t, t) to (h, 2t - 1)."""
    at = offsets(table.shape[-1]).ravel()
    return np.stack([np.bincount(at, head.ravel()) for head in table]).astype(table.dtype)


def attend(weights: Weights, layer: int, x: np.ndarray) -> tuple[np.ndarray, tuple]:
    """Let every place take from every place what it asks for."""
    b, t, d = x.shape
    asked = (x.reshape(-1, d) @ weights[f"{layer}.ask"]).reshape(b, t, 3, HEADS, d // HEADS)
    query, key, value = np.ascontiguousarray(asked.transpose(2, 0, 3, 1, 4))  # each (b, h, t, d/h)
    share = query @ key.swapaxes(2, 3) * np.asarray((d // HEADS) ** -0.5, x.dtype)
    share += weights[f"{layer}.near"][:, offsets(t)]
    share -= share.max(axis=-1, keepdims=True)
    np.exp(share, out=share)
    share /= share.sum(axis=-1, keepdims=True)
    mixed = (share @ value).transpose(0, 2, 1, 3).reshape(-1, d)
    return (mixed @ weights[f"{layer}.answer"]).reshape(x.shape), (
        x,
        query,
        key,
        value,
        share,
        mixed,
    )


def attend_back(
    weights: Weights, layer: int, kept: tuple, slope: np.ndarray, into: Weights
) -> np.ndarray:
    """Go back through attention."""
    x, query, key, value, share, mixed = kept
    b, t, d = x.shape
    slope = slope.reshape(-1, d)
    into[f"{layer}.answer"] = mixed.T @ slope
    to_mixed = (slope @ weights[f"{layer}.answer"].T).reshape(b, t, HEADS, -1).transpose(0, 2, 1, 3)
    to_share = to_mixed @ value.swapaxes(2, 3)
    to_share -= np.einsum("bhts,bhts->bht", to_share, share)[..., None]
    to_share *= share
    into[f"{layer}.near"] = by_offset(to_share.sum(axis=0))
    to_share *= np.asarray((d // HEADS) ** -0.5, x.dtype)
    three = (to_share @ key, to_share.swapaxes(2, 3) @ query, share.swapaxes(2, 3) @ to_mixed)
    to_asked = np.stack(three).transpose(1, 3, 0, 2, 4).reshape(b * t, 3 * d)
    into[f"{layer}.ask"] = x.reshape(-1, d).T @ to_asked
    return (to_asked @ weights[f"{layer}.ask"].T).reshape(x.shape)


def transform(weights: Weights, layer: int, x: np.ndarray) -> tuple[np.ndarray, tuple]:
    """Transform each place by one hidden layer."""
    inner = np.maximum(x @ weights[f"{layer}.up"] + weights[f"{layer}.up_bias"], 0)
    return inner @ weights[f"{layer}.down"], (x, inner)


def transform_back(
    weights: Weights, layer: int, kept: tuple, slope: np.ndarray, into: Weights
) -> np.ndarray:
    """Go back through the hidden layer."""
    x, inner = kept
    rows = slope.reshape(-1, slope.shape[-1])
    into[f"{layer}.down"] = inner.reshape(len(rows), -1).T @ rows
    back = (rows @ weights[f"{layer}.down"].T) * (inner.reshape(len(rows), -1) > 0)
    into[f"{layer}.up"] = x.reshape(rows.shape).T @ back
    into[f"{layer}.up_bias"] = back.sum(axis=0)
    return (back @ weights[f"{layer}.up"].T).reshape(x.shape)


def forward(weights: Weights, tokens: np.ndarray) -> tuple[np.ndarray, list]:
    """Encode sequences of tokens (b, t) as (b, t, d)."""
    x = weights["word"][tokens] + weights["place"]
    kept: list = [tokens]
    for layer in range(LAYERS):
        calm, first = norm(weights, f"{layer}.before", x)
        heard, second = attend(weights, layer, calm)
        x = x + heard
        calm, third = norm(weights, f"{layer}.between", x)
        thought, fourth = transform(weights, layer, calm)
        x = x + thought
        kept.append((first, second, third, fourth))
    result, last = norm(weights, "last", x)
    return result, [*kept, last]


def backward(weights: Weights, kept: list, slope: np.ndarray) -> Weights:
    """Return the slope of each weight but the bias of the pieces, of that of what forward returned."""
    tokens, *layers, last = kept
    into: Weights = {}
    slope = norm_back(weights, "last", last, slope, into)
    for layer in reversed(range(LAYERS)):
        first, second, third, fourth = layers[layer]
        inner = transform_back(weights, layer, fourth, slope, into)
        slope = slope + norm_back(weights, f"{layer}.between", third, inner, into)
        inner = attend_back(weights, layer, second, slope, into)
        slope = slope + norm_back(weights, f"{layer}.before", first, inner, into)
    into["place"] = slope.sum(axis=0)
    into["word"] = np.zeros_like(weights["word"])
    np.add.at(into["word"], tokens, slope)
    return into
