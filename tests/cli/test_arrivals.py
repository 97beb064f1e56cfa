"""What is said while content comes from elsewhere."""

from pathlib import Path
from unittest.mock import patch

import pytest

from cli.arrivals import MUCH, OFTEN_S, SOON_S, Arrivals, size_of
from engine.content.cid import Cid
from engine.content.walk import open_tree
from engine.store.add import add_path
from engine.store.disk import DiskStore
from tests.peers.graphs import leaf, node

OTHER = leaf(b"other").cid


def test_what_is_here_soon_is_not_spoken_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What takes longer is, now and then; each thing that comes by itself."""
    (tmp_path / "file").write_bytes(bytes(3_000_000))
    with DiskStore(tmp_path / "store") as store, patch("time.monotonic") as clock:
        file = add_path(store, tmp_path / "file").cid
        arrivals = Arrivals(store)

        def told(at_s: float, root: Cid, came: int) -> str:
            clock.return_value = at_s
            arrivals("peers", root, root, came)
            return capsys.readouterr().err

        assert told(0, file, 0) == told(SOON_S / 2, file, 100) == ""
        assert told(SOON_S, file, 2**20) == f"fetching {file} from peers: 1.0 MiB of 2.9 MiB\n"
        assert told(SOON_S + OFTEN_S / 2, file, 2**20) == ""
        assert told(SOON_S + OFTEN_S, file, 2**22) == f"fetching {file} from peers: 4.0 MiB\n"
        assert told(20, OTHER, 0) == ""
        assert told(20 + SOON_S, OTHER, 5) == f"fetching {OTHER} from peers: 5 B\n"


def test_how_large_something_is(tmp_path: Path) -> None:
    """As its first block claims; of a tree, what it marks files of; of another record, nothing."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "run").write_bytes(bytes(2_000_000))
    (tmp_path / "tree" / "run").chmod(0o755)
    with DiskStore(tmp_path / "store") as store:
        tree = add_path(store, tmp_path / "tree").cid
        assert 2_000_000 < size_of(store, tree) < 2_001_000
        assert size_of(store, tree) == size_of(store, open_tree(store.get, tree).link)
        record = node([])
        store.put([record])
        assert size_of(store, record.cid) == 0


def test_what_comes_is_called_as_a_person_called_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a part that has no name by what it is a part of; much is spoken of at once."""
    with DiskStore(tmp_path / "store") as store:
        arrivals = Arrivals(store)
        arrivals.call(OTHER, "environment 'ml'")
        arrivals("ipfs", OTHER, OTHER, MUCH)
        assert capsys.readouterr().err == "fetching environment 'ml' from ipfs: 16.0 MiB\n"
        arrivals("ipfs", leaf(b"part").cid, OTHER, MUCH)
        said = capsys.readouterr().err
        assert said == "fetching a part of environment 'ml' from ipfs: 16.0 MiB\n"
