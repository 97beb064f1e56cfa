"""Learning by playing: games against given opponents, and policy gradients from how they ended."""

from dataclasses import dataclass

import numpy as np

import net
from game import CARDS, ROUNDS, game

GAMES = 512  # per update
ENTROPY = 0.03  # its share of the loss, beside results of -1 to 1
RATE, LAST_RATE = 3e-3, 3e-4  # from one to the other in even steps
SLOPE_MEMORY, SQUARE_MEMORY, TINY = 0.9, 0.99, 1e-8  # Adam
VALUE_SHARE = 0.5  # of the loss of values, beside that of bids


@dataclass(frozen=True)
class Played:
    """Games from the side of the first, one row a bid: its state, the card, how the game ended."""

    state: np.ndarray
    card: np.ndarray
    result: np.ndarray


def drawn(chances: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw one card for each row of chances, [n, CARDS]."""
    mark = rng.random((len(chances), 1)) * chances.sum(axis=1, keepdims=True)
    return (chances.cumsum(axis=1) > mark).argmax(axis=1)


def play(first: np.ndarray, second: np.ndarray, whose: np.ndarray, rng: np.random.Generator) -> Played:
    """Play a game of the first, [states, CARDS], against each opponent second[whose]."""
    whole = game()
    mine = theirs = np.zeros(len(whose), np.int64)  # the choices so far, as in game.py
    states, cards = [], []
    for each in whole.rounds:
        left = each.hands.shape[1]
        state = each.state[mine, theirs]
        card = drawn(first[state], rng)
        reply = drawn(second[whose, each.state[theirs, mine]], rng)
        states.append(state)
        cards.append(card)
        slot = (each.hands[mine] < card[:, None]).sum(axis=1)
        their_slot = (each.hands[theirs] < reply[:, None]).sum(axis=1)
        mine, theirs = mine * left + slot, theirs * left + their_slot
    result = np.tile(whole.result[mine, theirs], ROUNDS)
    return Played(np.concatenate(states), np.concatenate(cards), result)


def judge(weights: net.Weights, played: Played, advantage: np.ndarray, entropy: float) -> tuple:
    """Return the loss over games and its slope for each weight.

    A bid with an ADVANTAGE [bids], after which the game went better than expected, is made likelier;
    a share of ENTROPY keeps bids mixed. What is to be expected is learnt by squared error.
    """
    seen, legal = game().features[played.state], game().legal[played.state]
    hidden, chance, value = net.forward(weights, seen, legal)
    count = len(value)
    logs = np.log(chance + TINY)
    mixed = -(chance * logs).sum(axis=1)
    loss = -(advantage * logs[np.arange(count), played.card]) - entropy * mixed
    loss += VALUE_SHARE * (value - played.result) ** 2

    d_scores = advantage[:, None] * (chance - np.eye(CARDS)[played.card])
    d_scores += entropy * chance * (logs + mixed[:, None])
    d_value = 2 * VALUE_SHARE * (value - played.result)
    return loss.mean(), net.backward(weights, seen, hidden, d_scores / count, d_value / count)


class Adam:
    """Steps along the mean of past slopes, divided by their usual size."""

    def __init__(self, weights: net.Weights):
        """Start with no past."""
        self.weights, self.count = weights, 0
        self.slope = {name: np.zeros_like(weight) for name, weight in weights.items()}
        self.square = {name: np.zeros_like(weight) for name, weight in weights.items()}

    def step(self, slopes: net.Weights, rate: float) -> None:
        """Move all weights once."""
        self.count += 1
        scale = np.sqrt(1 - SQUARE_MEMORY**self.count) / (1 - SLOPE_MEMORY**self.count)
        for name, slope in slopes.items():
            self.slope[name] += (1 - SLOPE_MEMORY) * (slope - self.slope[name])
            self.square[name] += (1 - SQUARE_MEMORY) * (slope**2 - self.square[name])
            pace = self.slope[name] / (np.sqrt(self.square[name]) + TINY)
            self.weights[name] -= rate * scale * pace


def policy(weights: net.Weights) -> np.ndarray:
    """Return the chances of the cards in all states."""
    return net.forward(weights, game().features, game().legal)[1]


def learn(
    weights: net.Weights,
    opponents: np.ndarray,
    odds: np.ndarray,
    updates: int,
    snapshots: int,
    rng: np.random.Generator,
) -> list[net.Weights]:
    """Train on from WEIGHTS and return equally many steps apart so many snapshots, the last at the end.

    Each game is against one of OPPONENTS [n, states, CARDS] by ODDS [n + 1], whose last is the
    learner's own policy, as it is by then.
    """
    adam = Adam({name: weight.copy() for name, weight in weights.items()})
    kept = []
    for done, rate in enumerate(np.linspace(RATE, LAST_RATE, updates), start=1):
        own = policy(adam.weights)
        pool = np.concatenate([opponents, own[None]])
        played = play(own, pool, rng.choice(len(pool), size=GAMES, p=odds), rng)
        seen, legal = game().features[played.state], game().legal[played.state]
        advantage = played.result - net.forward(adam.weights, seen, legal)[2]
        adam.step(judge(adam.weights, played, advantage, ENTROPY)[1], rate)
        if done * snapshots // updates > len(kept):
            kept.append({name: weight.copy() for name, weight in adam.weights.items()})
    return kept
