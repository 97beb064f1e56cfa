"""What is exactly true of policies: their plans, results against each other, best responses.

A *policy* is a table of chances, [states, cards]. Its *plan*, [24, 24], says for each end (i, j)
how likely its own bids are to be choice i if the opponent's are j: the product of its chances on the
way. Plans make mixtures easy: who plays one of several policies, chosen before the game, has the
mean of their plans, though there is no single table for what it does.
"""

import numpy as np

from game import game


def plan(policy: np.ndarray) -> np.ndarray:
    """Return the plan of a policy."""
    reach = np.ones((1, 1))
    for each in game().rounds:
        count, left = each.hands.shape
        chance = policy[each.state[:, :, None], each.hands[:, None, :]]  # [P, P, left]
        further = (reach[:, :, None] * chance).transpose(0, 2, 1)  # [P, left, P]
        reach = np.repeat(further.reshape(count * left, count), left, axis=1)
    return reach


def results(plans: np.ndarray) -> np.ndarray:
    """Return the mean result of each plan against each, [n, n], from the side of the first."""
    count = len(plans)
    theirs = plans.transpose(0, 2, 1) * game().result
    return plans.reshape(count, -1) @ theirs.reshape(count, -1).T


def exploitability(opponent: np.ndarray) -> float:
    """Return the mean result of the best response to a plan.

    From the end back: in each history the best card is the one with the most to come over all that
    the opponent may bid. The response knows the plan, and what was bid, but not who was chosen.
    """
    worth = opponent.T * game().result
    for each in reversed(game().rounds):
        count, left = each.hands.shape
        worth = worth.reshape(count, left, count, left).sum(axis=3).max(axis=1)
    return float(worth[0, 0])
