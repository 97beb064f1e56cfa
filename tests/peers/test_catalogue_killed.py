"""kill -9 while the catalogue of a home, or a key of it, is written: nothing is lost."""

from pathlib import Path

import pytest

from peers.catalogue_file import FILE, CatalogueFile
from peers.keyring import Keyring
from peers.ledger_place import differs, read_head
from peers.order import START
from peers.own_postings import OwnPostings
from tests.fakes.killed import killed_at
from tests.peers.catalogues import NOW_MS, announced

OPEN = """
from pathlib import Path
from peers.catalogue_file import CatalogueFile, Cid
file = CatalogueFile(Path({!r}))
"""
MAKE = "from pathlib import Path; from peers.keyring import Keyring; Keyring(Path({!r})).{}()"
JUNK = b"no database" * 1000


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that has announced two versions."""
    with CatalogueFile(tmp_path) as file:
        for version in (1, 2):
            file.put(announced(1, version=version).data, NOW_MS)
    return tmp_path


def noticed(home: Path) -> set[int]:
    """Return which versions are announced."""
    with CatalogueFile(home) as file:
        return {one.announcement.version for one in file.notices(NOW_MS)}


@pytest.mark.parametrize("moment", ["database.changed", "database.committed", "database.opened"])
def test_while_it_is_made_anew(home: Path, moment: str) -> None:
    """A file that was gone has all that the home announced as soon as it is there."""
    (home / FILE).unlink()
    killed_at(moment, OPEN.format(str(home)))
    assert noticed(home) == {1, 2}


@pytest.mark.parametrize("moment", ["salvage.made", "salvage.cleared", "salvage.named"])
def test_while_a_damaged_one_is_mended(home: Path, moment: str) -> None:
    """The same holds of one that takes a damaged one's place."""
    (home / FILE).write_bytes(JUNK)
    killed_at(moment, OPEN.format(str(home)))
    assert noticed(home) == {1, 2}


@pytest.mark.parametrize("moment", ["database.changed", "database.committed", "word.dropped"])
def test_while_something_is_taken_back(home: Path, moment: str) -> None:
    """Taking it back again does what is left to do: it is announced neither now nor later."""
    one = announced(1, version=1)
    act = f"file.withdraw(Cid.parse({str(one.release)!r}))"
    killed_at(moment, OPEN.format(str(home)) + act)
    with CatalogueFile(home) as file:
        file.withdraw(one.release)
    assert noticed(home) == {2}
    (home / FILE).unlink()
    assert noticed(home) == {2}


def test_what_is_taken_back_while_the_file_is_gone_stays_away(home: Path) -> None:
    """A home without the file still has what it announced, and can take it back."""
    (home / FILE).unlink()
    assert CatalogueFile.is_here(home)
    with CatalogueFile(home) as file:
        assert file.withdraw(announced(1, version=1).release)
    assert [one.signer for one in OwnPostings(home)] == [announced(1).signer]
    assert noticed(home) == {2}


@pytest.mark.parametrize("moment", ["key.noted", "key.named"])
def test_while_a_key_is_made(tmp_path: Path, moment: str) -> None:
    """The key of a peer is there with the word that it signed nothing, once, or not at all."""
    killed_at(moment, MAKE.format(str(tmp_path / "keys"), "identity"))
    path = tmp_path / "keys" / "identity"
    before = path.read_bytes() if path.exists() else None
    Keyring(tmp_path / "keys").identity()
    assert before in (None, path.read_bytes())
    assert differs(tmp_path, read_head(tmp_path), 0, lambda _: START) is None
    assert [one.name for one in path.parent.iterdir()] == ["identity"]


def test_while_a_key_for_nix_is_made(tmp_path: Path) -> None:
    """Once it has its name it is the key, and it is in no other file."""
    killed_at("key.named", MAKE.format(str(tmp_path / "keys"), "nix"))
    (path,) = (tmp_path / "keys").iterdir()
    before = path.read_bytes()
    Keyring(tmp_path / "keys").nix()
    assert path.read_bytes() == before
