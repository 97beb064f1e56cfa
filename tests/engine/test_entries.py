"""The entries of a directory, as trees."""

from pathlib import Path

import pytest

from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.entries import entries_of
from engine.errors import Refused
from engine.store.add import add_path
from tests.fakes.content import MemoryContent


def test_each_entry_is_a_tree_of_its_own(tmp_path: Path) -> None:
    """A file beside an executable one is named as if it had been added alone."""
    whole, folder = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    (folder / "sub").mkdir(parents=True)
    (folder / "plain").write_bytes(b"plain")
    (folder / "tool").write_bytes(b"tool")
    (folder / "sub/tool").write_bytes(b"tool")
    (folder / "tool").chmod(0o755)
    (folder / "sub/tool").chmod(0o755)
    store = MemoryContent(whole)

    found = entries_of(store, add_path(store, folder).cid)

    assert found["plain"] == Cid.of(RAW, b"plain")
    for name in ("tool", "sub"):
        assert found[name].codec == DAG_CBOR
        assert found[name] == add_path(store, folder / name).cid
    assert store.has(found["sub"])


def test_a_file_has_no_entries(tmp_path: Path) -> None:
    """Scattering over what is no directory is refused."""
    store = MemoryContent(tmp_path)
    (tmp_path / "file").write_bytes(b"x")

    with pytest.raises(Refused):
        entries_of(store, add_path(store, tmp_path / "file").cid)
