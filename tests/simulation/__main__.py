"""Have one world happen again: `python -m tests.simulation SEED`; prints what happens in it."""

import sys

from tests.simulation.promises import Broken
from tests.simulation.world import World


def main() -> int:
    """Run the world of a seed."""
    world = World(int(sys.argv[1]), print)
    try:
        world.run()
    except Broken as broken:
        print(broken)
        return 1
    print(f"all holds; trace {world.trace}, {world.events} events")
    return 0


if __name__ == "__main__":
    sys.exit(main())
