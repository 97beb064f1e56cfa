"""How a crowd comes to know itself, by `python -m tests.peers.gossip N`.

Each peer is told of three others. A line for each round: records that peers still lack, on
average; messages and bytes that each peer has sent so far.
"""

import sys

from peers.rounds import SETTLED_MS
from tests.peers.crowd import Crowd

LONGEST = 200  # rounds; a crowd of 10 000 needs about 100


def main() -> None:
    """Run a crowd until all know all, then for an hour, and print what either took."""
    count = int(sys.argv[1]) if sys.argv[1:] else 1_000
    seed = int(sys.argv[2]) if sys.argv[2:] else 1
    crowd = Crowd(count, seed)
    for number in range(1, LONGEST + 1):
        crowd.round()
        lacking = crowd.missing()
        _show(f"{number:3} {lacking / count:10.3f} lacking", crowd)
        if not lacking:
            break
    _table(crowd)
    print("an hour later:")
    crowd.messages.clear()
    crowd.bytes.clear()
    for _ in range(3_600_000 // SETTLED_MS):
        crowd.round(SETTLED_MS)
    print(f"{crowd.missing() / count:14.3f} lacking")
    _table(crowd)


def _table(crowd: Crowd) -> None:
    count = len(crowd.members)
    for name, messages in sorted(crowd.messages.items()):
        each = messages / count, crowd.bytes[name] / count
        print(f"    {name:10} {each[0]:8.1f} messages {each[1]:12.0f} bytes per peer")


def _show(head: str, crowd: Crowd) -> None:
    count = len(crowd.members)
    messages = (sum(crowd.messages.values()) - crowd.messages["session"]) / count
    sent = sum(crowd.bytes.values()) / count
    print(f"{head} {messages:8.0f} messages {sent:10.0f} bytes per peer", flush=True)


if __name__ == "__main__":
    main()
