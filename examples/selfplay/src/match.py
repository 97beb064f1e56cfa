"""Matches between two players: each opening is played twice, once with either player on move."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import game
import net
from search import search

OPENING = 3  # moves already made when a match begins: there are no dice in the game itself


@dataclass(frozen=True)
class Player:
    """Who moves: a network with a search, a network alone (0 simulations), or chance (no network)."""

    weights: net.Weights | None
    simulations: int

    def moves(self, own: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return a column for each position."""
        if self.weights is None:
            return (rng.random((len(own), game.COLUMNS)) * game.legal(own, other)).argmax(axis=1)
        if self.simulations == 0:
            return net.judge(self.weights, own, other)[0].argmax(axis=1)
        return search(self.weights, own, other, self.simulations).argmax(axis=1)


def openings(seed: int, shard: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return COUNT of all openings, in an order drawn by SEED; no two shards have one in common."""
    own, other = game.positions(OPENING)
    order = np.random.default_rng(seed).permutation(len(own))
    mine = order[shard * count : (shard + 1) * count]
    if len(mine) < count:
        raise SystemExit(f"there are only {len(own)} openings: too few for {shard + 1} × {count}")
    return own[mine], other[mine]


def play(
    players: Sequence[Player],
    seats: np.ndarray,
    own: np.ndarray,
    other: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Play on from each position, and return how it ended for who began: 1, 0 or -1, [n].

    SEATS [2, n] says by their numbers who begins and who comes second. Whoever the opponents are,
    each player thinks about all positions where it is on move at once.
    """
    results = np.zeros(len(own))
    going, turn = np.arange(len(own)), 0
    while len(going):
        mover = seats[turn, going]
        column = np.zeros(len(going), np.int64)
        for number in np.unique(mover):
            at = mover == number
            column[at] = players[number].moves(own[at], other[at], rng)
        own, other = game.drop(own, other, column)
        turn = 1 - turn
        over, value = game.ending(own, other)
        results[going[over]] = value[over] * (-1 if turn else 1)
        going, own, other = going[~over], own[~over], other[~over]
    return results


def matches(
    players: Sequence[Player],
    pairs: Sequence[tuple[int, int]],
    own: np.ndarray,
    other: np.ndarray,
    rng: np.random.Generator,
) -> list[dict[str, int]]:
    """Play each opening twice for each of PAIRS; return what its first player won, drew and lost."""
    one, two = np.repeat(np.array(pairs), len(own), axis=0).T
    seats = np.stack([np.concatenate([one, two]), np.concatenate([two, one])])
    owns, others = (np.tile(stones, 2 * len(pairs)) for stones in (own, other))
    first, second = play(players, seats, owns, others, rng).reshape(2, len(pairs), len(own))
    scores = np.concatenate([first, -second], axis=1)
    return [
        {
            "won": int((score > 0).sum()),
            "drawn": int((score == 0).sum()),
            "lost": int((score < 0).sum()),
        }
        for score in scores
    ]
