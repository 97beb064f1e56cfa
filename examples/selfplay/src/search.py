"""Monte-Carlo tree search guided by a network (PUCT), for many games at once.

Each game has a tree of its own. A simulation walks down each tree to a position not seen before,
asks the network about all of these positions in one batch, and carries their values back up. The
trees grow in step, so node number k of a tree is what simulation k found there.
"""

import numpy as np

import game
import net

EXPLORATION = 1.5  # weight of the network's opinion against what the search has found
NOISE_SHARE = 0.25  # of the root's priors in self-play, so that each move is tried some day
NOISE_SHAPE = 1.0  # of the Dirichlet noise: about ten over the number of moves
UNSEEN = -1


class Trees:
    """One search tree for each of n games: arrays [n, nodes] and, for moves, [n, nodes, 7]."""

    def __init__(self, weights: net.Weights, own: np.ndarray, other: np.ndarray, size: int):
        """Plant trees with room for SIZE simulations at the positions OWN, OTHER."""
        nodes = (len(own), size + 1)
        moves = (*nodes, game.COLUMNS)
        self.weights = weights
        self.games = np.arange(len(own))
        self.own, self.other = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
        self.over, self.value = np.zeros(nodes, bool), np.zeros(nodes, np.float32)
        self.child = np.full(moves, UNSEEN)
        self.legal = np.zeros(moves, bool)
        self.prior = np.zeros(moves, np.float32)
        self.visits, self.total = np.zeros(moves, np.float32), np.zeros(moves, np.float32)
        self.add(self.games, 0, own, other)

    def add(self, games: np.ndarray, node: int, own: np.ndarray, other: np.ndarray) -> None:
        """Make the positions OWN, OTHER node NODE of the trees of GAMES."""
        prior, value = net.judge(self.weights, own, other)
        over, result = game.ending(own, other)
        self.own[games, node], self.other[games, node] = own, other
        self.over[games, node], self.value[games, node] = over, np.where(over, result, value)
        self.legal[games, node], self.prior[games, node] = game.legal(own, other), prior

    def disturb_roots(self, rng: np.random.Generator) -> None:
        """Mix noise into the priors of the legal moves at each root."""
        noise = rng.gamma(NOISE_SHAPE, size=(len(self.games), game.COLUMNS)) * self.legal[:, 0]
        noise /= noise.sum(axis=1, keepdims=True)
        self.prior[:, 0] += NOISE_SHARE * (noise - self.prior[:, 0])

    def choose(self, games: np.ndarray, node: np.ndarray) -> np.ndarray:
        """Return the move to follow: good so far, or likely by the network and seldom tried."""
        visits = self.visits[games, node]
        mean = self.total[games, node] / np.maximum(visits, 1)
        tried = np.sqrt(1 + visits.sum(axis=1, keepdims=True))
        score = mean + EXPLORATION * tried * self.prior[games, node] / (1 + visits)
        return np.where(self.legal[games, node], score, -np.inf).argmax(axis=1)

    def simulate(self, number: int) -> None:
        """Add node NUMBER to each tree, unless the walk ends where the game does."""
        path = []
        games, node = self.games, np.zeros(len(self.games), np.int64)
        leaf = np.full(len(self.games), number)
        while len(games):
            column = self.choose(games, node)
            path.append((games, node, column))
            below = self.child[games, node, column]
            seen = below != UNSEEN
            self.grow(games[~seen], node[~seen], column[~seen], number)
            games, node = games[seen], below[seen]
            over = self.over[games, node]
            leaf[games[over]] = node[over]
            games, node = games[~over], node[~over]
        value = self.value[self.games, leaf]
        for games, node, column in reversed(path):
            value[games] *= -1  # what is good for one player is bad for the other
            self.visits[games, node, column] += 1
            self.total[games, node, column] += value[games]

    def grow(self, games: np.ndarray, node: np.ndarray, column: np.ndarray, number: int) -> None:
        """Hang node NUMBER under NODE of GAMES, by the move COLUMN."""
        if len(games):
            self.child[games, node, column] = number
            own, other = self.own[games, node], self.other[games, node]
            self.add(games, number, *game.drop(own, other, column))


def search(
    weights: net.Weights,
    own: np.ndarray,
    other: np.ndarray,
    simulations: int,
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """Return how often each move was visited, [n, 7]; with RNG, the roots have noise."""
    trees = Trees(weights, own, other, simulations)
    if rng is not None:
        trees.disturb_roots(rng)
    for number in range(1, simulations + 1):
        trees.simulate(number)
    return trees.visits[:, 0]
