"""Make an environment exist that a home has as blocks only: HOME CID. Print what that took."""

import gc
import json
import sys
import time
from pathlib import Path

from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.nix.environment import open_environment


def main() -> None:
    """Do it and print."""
    gc.set_threshold(50_000)  # as the program itself does (cli/start.py)
    home, cid = sys.argv[1:]
    with Workspace(Path(home)) as space:
        opened = open_environment(space.store, Cid.parse(cid))
        materialiser = space.materialiser
        began = time.perf_counter(), time.process_time()
        materialiser.ensure(opened.closure, opened.environment)
        seconds, processor = time.perf_counter() - began[0], time.process_time() - began[1]
    print(json.dumps({"seconds": seconds, "processor": processor}))


if __name__ == "__main__":
    main()
