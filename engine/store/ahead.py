"""Ahead: the next item is made while the last one is used.

Reading and checking a block, and writing it elsewhere, take about as long as one another and hold
no Python lock: done side by side, a large file is got in about the time of the slower of the two.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield `items`, which are made one ahead in a thread of their own; errors come in turn."""
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = worker.submit(next, items, None)
            yield item
