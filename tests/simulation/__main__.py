"""Have one world happen again: `python -m tests.simulation [--node] SEED`; prints all of it."""

import sys
from pathlib import Path

from tests.simulation.edges import NodeWorld
from tests.simulation.many import folder
from tests.simulation.promises import Broken
from tests.simulation.world import World


def main() -> int:
    """Run the world of a seed."""
    *options, seed = sys.argv[1:]
    with folder() as place:
        is_node = options == ["--node"]
        world = NodeWorld(int(seed), Path(place), print) if is_node else World(int(seed), print)
        try:
            world.run()
        except Broken as broken:
            print(broken)
            return 1
    print(f"all holds; trace {world.trace}, {world.events} events")
    return 0


if __name__ == "__main__":
    sys.exit(main())
