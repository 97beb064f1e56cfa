"""Goofspiel: four cards each, four prizes; both bid at once, and the higher bid takes the prize.

Both players see everything but the bid that is being made, so who can be foreseen loses: one must
mix. The prizes come in an order that both know, the highest first. Who has the most points at the
end wins; equal bids throw a prize away.

The game is small enough to have all of it in arrays. A *history* of a round is what both have bid so
far, (i, j), each an index into the P ordered choices of so many cards: 1, 4, 12, 24, and 24 once
more, as the last card plays itself. Choice i goes on as choices i * left + slot of the next round,
one for each *slot*, which counts the cards that are left in rising order.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

PRIZES = (4, 3, 2, 1)  # in the order in which they are bid for
CARDS = len(PRIZES)
ROUNDS = CARDS - 1  # in which there is a choice
FEATURES = 2 * CARDS + ROUNDS + 1  # both hands, the round, the lead


@dataclass(frozen=True)
class Round:
    """All histories with equally many bids made, P of them for each player."""

    hands: np.ndarray  # [P, left]: which cards a player has after each choice, from 0
    lead: np.ndarray  # [P, P]: by how many points the first is ahead of the second
    state: np.ndarray  # [P, P]: the row of `Game.features` that is all the first needs to know


@dataclass(frozen=True)
class Game:
    """The rounds in which there is a choice, the states in them, and how it ends."""

    rounds: tuple[Round, ...]
    features: np.ndarray  # [states, FEATURES]
    legal: np.ndarray  # [states, CARDS]: which cards are in the hand
    result: np.ndarray  # [24, 24]: 1 where the first wins, 0 for a draw, -1 where it loses


def extend(hands: np.ndarray, lead: np.ndarray, prize: int) -> tuple[np.ndarray, np.ndarray]:
    """Return hands and lead of the next round, after every pair of bids for PRIZE."""
    count, left = hands.shape
    rest = [np.delete(hand, slot) for hand in hands for slot in range(left)]
    won = np.sign(hands[:, :, None, None] - hands[None, None])  # [P, left, P, left]
    after = lead[:, None, :, None] + prize * won
    return np.array(rest).reshape(count * left, left - 1), after.reshape(2 * (count * left,))


def described(hands: np.ndarray, lead: np.ndarray) -> np.ndarray:
    """Return what the first sees in each history, [P, P, FEATURES]: both hands, round, lead."""
    count, left = hands.shape
    held = np.zeros((count, CARDS))
    np.put_along_axis(held, hands, 1, axis=1)
    seen = np.zeros((count, count, FEATURES))
    seen[:, :, :CARDS] = held[:, None]
    seen[:, :, CARDS : 2 * CARDS] = held[None]
    seen[:, :, 2 * CARDS + CARDS - left] = 1
    seen[:, :, -1] = lead / max(PRIZES)
    return seen


@cache
def game() -> Game:
    """Return the whole game."""
    hands, lead = np.arange(CARDS)[None], np.zeros((1, 1), np.int64)
    rounds, known = [], []
    for prize in PRIZES[:-1]:
        seen = described(hands, lead).reshape(-1, FEATURES)
        kinds, state = np.unique(seen, axis=0, return_inverse=True)
        state = state.reshape(lead.shape) + sum(map(len, known))
        rounds.append(Round(hands, lead, state))
        known.append(kinds)
        hands, lead = extend(hands, lead, prize)
    _, lead = extend(hands, lead, PRIZES[-1])
    features = np.concatenate(known)
    return Game(tuple(rounds), features, features[:, :CARDS] > 0, np.sign(lead).astype(float))


def random_policy() -> np.ndarray:
    """Return the policy that bids any card of the hand alike."""
    return game().legal / game().legal.sum(axis=1, keepdims=True)
