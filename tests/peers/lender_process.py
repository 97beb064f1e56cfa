"""A provider as a process, to be killed: `python -m tests.peers.lender_process HOME MOMENT HIT`.

It prints its ports, runs until its stdin is closed, and then prints how often each moment of
engine/durable.py came. At the HIT-th time that MOMENT comes, counted from when it listens, it is
killed.
"""

import json
import os
import signal
import sys
import threading
from collections import Counter
from pathlib import Path

from engine.durable import EVENT
from tests.peers.lenders import Lender


def main() -> None:
    """Run it."""
    home, moment, hit = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    counts: Counter[str] = Counter()
    lender = Lender(1, home)

    def hook(event: str, values: tuple[object, ...]) -> None:
        if event == EVENT:
            counts[str(values[0])] += 1
            if values[0] == moment and counts[moment] == hit:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    say({"control": lender.control.port, "bulk": lender.bulk.port})
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    while not ended.is_set():
        lender.turn()
    lender.close()
    say(counts)


def say(value: object) -> None:
    """Print a line at once."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
