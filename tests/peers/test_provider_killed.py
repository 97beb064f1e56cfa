"""A provider that is killed forgets nothing that it said or took (more: `tests.long provider`)."""

from pathlib import Path

import pytest

from tests.peers.killings import trial


@pytest.mark.parametrize(
    ("moment", "hit"),
    [
        ("record.entered", 2),  # a lease is in the book, but the commit
        ("record.durable", 2),  # it is, and was not answered
        ("record.durable", 4),  # a result is, or the batch that tells of it
    ],
)
def test_what_was_answered_is_run_or_given_back(tmp_path: Path, moment: str, hit: int) -> None:
    """Killed with -9 and started anew: every step is heard of, and no batch is signed otherwise."""
    assert trial(tmp_path, moment, hit)
