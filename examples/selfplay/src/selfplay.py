"""Let the champion play itself: selfplay.py CHAMPION.npz SEED GENERATION SHARD GAMES SIMULATIONS PLAYED.npz

All games of a shard are played at once. PLAYED holds each position (own, other), how often the
search visited each move there (policy) and how the game ended for who was on move (result).
"""

import sys

import numpy as np

import game
import net
from search import search

FREE_PLIES = 8  # moves drawn by their visits; after that the most visited is taken


def pick(visits: np.ndarray, ply: int, rng: np.random.Generator) -> np.ndarray:
    """Return a move for each row of VISITS [n, 7]."""
    if ply >= FREE_PLIES:
        return visits.argmax(axis=1)
    marks = visits.cumsum(axis=1)
    return (marks > rng.random((len(marks), 1)) * marks[:, -1:]).argmax(axis=1)


def record(weights: net.Weights, games: int, simulations: int, rng: np.random.Generator) -> dict:
    """Play GAMES to the end and return the positions, policies and results of all of them."""
    own, other = game.start(games)
    going = np.arange(games)
    final = np.zeros(games, np.float32)  # results as the player sees them who moved first
    pages = []
    while len(going):
        ply = len(pages)
        visits = search(weights, own, other, simulations, rng)
        policy = visits / visits.sum(axis=1, keepdims=True)
        pages.append((own, other, policy, going))
        own, other = game.drop(own, other, pick(visits, ply, rng))
        over, value = game.ending(own, other)
        final[going[over]] = value[over] * (1 if ply % 2 else -1)
        going, own, other = going[~over], own[~over], other[~over]
    results = [final[page[3]] * (-1 if ply % 2 else 1) for ply, page in enumerate(pages)]
    owns, others, policies, _ = zip(*pages, strict=True)
    return {
        "own": np.concatenate(owns),
        "other": np.concatenate(others),
        "policy": np.concatenate(policies),
        "result": np.concatenate(results),
        "first_player": np.array([(final > 0).mean(), (final == 0).mean()]),
    }


def main(champion: str, *rest: str) -> None:
    """Play and write PLAYED."""
    seed, generation, shard, games, simulations = map(int, rest[:5])
    rng = np.random.default_rng([seed, generation, shard])
    played = record(net.load(champion), games, simulations, rng)
    with open(rest[5], "wb") as file:
        np.savez(file, **played)
    won, drawn = played["first_player"]
    print(f"{len(played['own'])} positions; who began won {won:.0%} and drew {drawn:.0%}")


if __name__ == "__main__":
    main(*sys.argv[1:])
