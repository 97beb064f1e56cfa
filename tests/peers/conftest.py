"""What many tests of peers begin with."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.peers.banks import Bank


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Bank]]:
    """Return what opens the bank of a peer, by its number; all are closed."""
    banks: list[Bank] = []

    def bank(number: int, folder: str | None = None) -> Bank:
        banks.append(Bank(number, tmp_path / (folder or f"home{number}")))
        return banks[-1]

    yield bank
    for one in banks:
        one.close()
