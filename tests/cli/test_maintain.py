"""`tally gc` and `tally fsck`: what goes, and what is missed."""

from pathlib import Path

import pytest

from engine.content.cid import Cid
from tests.cli.program import Program, new_home, statuses

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


@pytest.fixture(scope="module")
def collected(tally: Program, letters: Path, place: Path) -> Program:
    """Return the program on a home of its own, with a run of the letters, after `tally gc`."""
    program = tally.at(new_home(place / "collected"))
    assert program("run", letters).code == 0
    assert program.told("gc")["dropped"] > 0
    return program


def test_what_gc_took_is_not_missed(collected: Program) -> None:
    """Intermediate outputs are gone on purpose: fsck says that everything is right."""
    done = collected("fsck")
    assert (done.code, done.out) == (0, "")
    assert "everything is right" in done.err


def test_what_gc_took_is_made_again(collected: Program, letters: Path) -> None:
    """A run that wants it does its step again; what reads the same bytes is reused."""
    run = collected.told("run", letters, "-p", "names=[Ada, Mary]")
    assert statuses(run) == {"greet[0]": "ran", "greet[1]": "ran", "letter": "ran"}


def test_environments_over_the_quota_are_not_missed(collected: Program, letters: Path) -> None:
    """An environment that gc took is made again from its lock when a run wants it."""
    assert collected("config", "set", "environment_quota", "1KiB").code == 0
    try:
        assert collected("gc").code == 0
        assert collected("fsck").code == 0
    finally:
        collected("config", "unset", "environment_quota")


def test_a_final_output_that_is_gone_is_missed(collected: Program, letters: Path) -> None:
    """What runs are for must be here: exit 3, and the CID."""
    run = collected.told("run", letters)
    cid = Cid.parse(run["outputs"]["letter"])
    with collected.open() as space, space.store.index.change() as change:
        change.execute("DELETE FROM blocks WHERE cid = ?", (cid.raw,))
    done = collected("fsck")
    assert done.code == 3
    assert str(cid) in done.out
