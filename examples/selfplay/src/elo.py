"""Ratings from results: the Bradley-Terry model, on Elo's scale of 400 points for odds of ten to one.

A draw is half a win and half a loss. Each pair is given one drawn game that was not played, without
which a player who never lost would be infinitely strong.
"""

import numpy as np

ROUNDS = 500  # of the fit; it has settled to far below one point by then
SCALE = 400 / np.log(10)


def ratings(scores: np.ndarray) -> np.ndarray:
    """Return ratings [..., n] from SCORES [..., n, n], what each has scored against each.

    Player 0 is rated 0. Each round sets every strength to what its own score and the strengths of
    the others make likeliest (the minorise-maximise steps of Zermelo, 1929, and Hunter, 2004).
    """
    count = scores.shape[-1]
    scores = scores + 0.5 * (1 - np.eye(count))
    games = scores + np.swapaxes(scores, -1, -2)
    strength = np.ones(scores.shape[:-1])
    for _ in range(ROUNDS):
        both = strength[..., :, None] + strength[..., None, :]
        strength = scores.sum(axis=-1) / (games / both).sum(axis=-1)
        strength /= strength[..., :1]
    return SCALE * np.log(strength)


def table(results: np.ndarray, count: int) -> np.ndarray:
    """Return SCORES of COUNT players from RESULTS [..., pairs, 5]: one, two, won, drawn, lost."""
    scores = np.zeros((*results.shape[:-2], count, count))
    for pair in np.moveaxis(results, -2, 0):
        one, two = (int(player) for player in pair.reshape(-1, 5)[0, :2])
        won, drawn, lost = np.moveaxis(pair[..., 2:], -1, 0)
        scores[..., one, two] += won + drawn / 2
        scores[..., two, one] += lost + drawn / 2
    return scores


def redrawn(results: np.ndarray, times: int, rng: np.random.Generator) -> np.ndarray:
    """Draw each pair's games again TIMES, from those played: [times, pairs, 5] (the bootstrap)."""
    played = results[:, 2:].sum(axis=1)
    drawn = [
        rng.multinomial(count, row[2:] / count, size=times)
        for row, count in zip(results, played, strict=True)
    ]
    pairs = np.broadcast_to(results[:, :2], (times, len(results), 2))
    return np.concatenate([pairs, np.stack(drawn, axis=1)], axis=2)
