"""Who plays whom: opponents by past results, as AlphaStar has it (prioritised fictitious self-play)."""

import numpy as np

from league import League

OWN_SHARE = 0.35  # of a main agent's games are against itself
LEAST = 1e-3  # nobody is forgotten
RESET = 0.25  # chance that a league exploiter begins anew in a generation


def hard(results: np.ndarray) -> np.ndarray:
    """Return odds of opponents by one's RESULTS against them: who one loses to comes up most."""
    win_rate = (1 + results) / 2
    weight = (1 - win_rate) ** 2 + LEAST
    return weight / weight.sum()


def odds(league: League, agent: str) -> np.ndarray:
    """Return how often AGENT meets each member, [N], and itself, as the last: [N + 1].

    Main agents play themselves and everybody who was ever there, the harder the more often. Main
    exploiters play the main agents as they are now, and league exploiters everybody.
    """
    own = (league.last(agent) or [0])[-1]
    if agent.startswith("main-exploiter"):
        mains = [at for at in league.last("main-") if "exploiter" not in league.names[at]] or [0]
        met = np.isin(np.arange(len(league.names)), mains) / len(mains)
        return np.append(met, 0.0)
    share = 0.0 if agent.startswith("league-exploiter") else OWN_SHARE
    return np.append((1 - share) * hard(league.results[own]), share)


def begins_anew(league: League, agent: str, rng: np.random.Generator) -> bool:
    """Say whether AGENT forgets what it learnt: always if it is new or is to find new weaknesses."""
    if agent.startswith("main-exploiter") or not league.last(agent):
        return True
    return agent.startswith("league-exploiter") and bool(rng.random() < RESET)
