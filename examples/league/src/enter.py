"""Enter what was trained into the league: enter.py GENERATION LEAGUE.npz NEXT.npz TRAINED.npz...

NEXT has everybody's results against everybody, by which the next generation is matched, and the
mixture that nobody in it does well against.
"""

import sys

import numpy as np

import exact
import learn
import league
import net


def main(generation: str, path: str, following: str, *trained: str) -> None:
    """Write the league with the snapshots of all TRAINED."""
    known = league.load(path)
    names, members = list(known.names), list(known.members)
    for one in trained:
        with np.load(one) as arrays:
            stacked = {name: arrays[name] for name in net.NAMES}
            count = len(stacked["hidden"])
            names += [str(arrays["agent"])] * count
            members += [{name: stacked[name][at] for name in net.NAMES} for at in range(count)]
    come = [int(generation)] * (len(names) - len(known.names))
    whole = league.gather(names, known.generations + come, members)
    league.save(following, whole)
    plans = np.array([exact.plan(learn.policy(weights)) for weights in members])
    left = exact.exploitability(np.tensordot(whole.mixture, plans, 1))
    print(f"{len(names)} members; their mixture can be exploited by {left:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
