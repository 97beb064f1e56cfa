"""A process that puts batches and whole files for ever, and says on stdout what is acknowledged.

Each line is the number of a batch whose put returned: `python putter.py STORE SEED FIRST`.
"""

import sys
from pathlib import Path

from engine.store.disk import DiskStore
from tests.engine.store.shelf import put_file, raw


def batch(seed: str, number: int) -> list[bytes]:
    """Return the blocks of a batch: small ones, and now and then a larger one."""
    return [b"%s/%d/%d " % (seed.encode(), number, part) * (1 + part * 7) for part in range(5)]


def content(seed: str, number: int) -> bytes:
    """Return the whole file that goes with every third batch."""
    return b"".join(batch(seed, number)) * 20


def has_file(number: int) -> bool:
    """Return whether a file goes with a batch."""
    return number % 3 == 0


def main() -> None:
    """Put until killed."""
    path, seed, first = sys.argv[1:]
    store = DiskStore(Path(path))
    number = int(first)
    while True:
        store.put(raw(data) for data in batch(seed, number))
        if has_file(number):
            put_file(store, content(seed, number))
        print(number, flush=True)  # noqa: T201
        number += 1


if __name__ == "__main__":
    main()
