"""Pins and their log: a process that is killed leaves no pin out of the log."""

import os
from pathlib import Path

import pytest

from engine.store.disk import DiskStore
from engine.store.pinlog import PinLog
from tests.engine.store.shelf import raw

A, B = raw(b"a").cid, raw(b"b").cid


def logged(store: DiskStore) -> set[tuple[str, str]]:
    """Return the pins in the log."""
    return {(name, str(cid)) for name, cid in PinLog(store.root).read()}


def in_index(store: DiskStore) -> set[tuple[str, str]]:
    """Return the pins in the index."""
    return {(name, str(cid)) for cid, name in store.pins.all()}


def test_pins_from_before_the_log_are_in_it_too(store: DiskStore) -> None:
    """The first line of a log comes with all pins that were there, whether it is + or -."""
    for name in ("one", "two", "three"):
        store.pins.pin(A, name)
    for deed in (store.pins.pin, store.pins.unpin):
        (store.root / "pins.log").unlink()
        deed(B, "new")
        assert logged(store) == in_index(store)


def test_a_killed_unpin_leaves_a_pin_too_many(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an unpin that was not committed, nothing is in the log."""
    store.pins.pin(A, "mine")

    def killed(point: str) -> None:
        if point == "database.changed":
            raise KeyboardInterrupt

    monkeypatch.setattr("engine.sqlite.reached", killed)
    with pytest.raises(KeyboardInterrupt):
        store.pins.unpin(A, "mine")
    assert logged(store) == in_index(store) == {("mine", str(A))}


def test_the_name_of_the_log_is_durable(
    store: DiskStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its directory is synced when it is made, and when it is written anew."""
    synced: list[Path] = []
    monkeypatch.setattr("engine.store.pinlog.sync_names", synced.append)
    store.pins.pin(A, "mine")
    assert synced == [store.root]
    os.truncate(store.root / "pins.log", 0)
    store.pins.settle_log()
    assert synced == [store.root, store.root]
    assert logged(store) == in_index(store)
