"""The address book (peers/addressbook.py)."""

from pathlib import Path

import pytest

from engine.errors import Refused
from peers.addressbook import AddressBook
from peers.identity import Address
from tests.peers.keys import identity


def _address(number: int, port: int = 4177) -> Address:
    return Address(identity(number).peer, "10.0.0.1", port)


def test_what_is_written_down_is_read_again(tmp_path: Path) -> None:
    """Addresses are there in order after the file is opened anew; twice is once."""
    book = AddressBook(tmp_path / "peers")
    for number in (2, 1, 2):
        book.add(_address(number))
    assert AddressBook(tmp_path / "peers").addresses() == (_address(2), _address(1))


def test_a_peer_is_struck_out_with_all_its_addresses(tmp_path: Path) -> None:
    """Removing names a peer, and says whether it was there."""
    book = AddressBook(tmp_path / "peers")
    for port in (1, 2):
        book.add(_address(1, port))
    assert identity(1).peer in book
    assert book.remove(identity(1).peer)
    assert identity(1).peer not in book
    assert not book.remove(identity(1).peer)
    assert AddressBook(tmp_path / "peers").addresses() == ()


def test_a_line_that_is_no_address_is_named(tmp_path: Path) -> None:
    """A file that somebody edited wrongly is refused with the line's number, and kept."""
    path = tmp_path / "peers"
    path.write_text(f"{_address(1)}\nnonsense\n")
    with pytest.raises(Refused) as refused:
        AddressBook(path)
    assert refused.value.where.endswith(":2")
    assert "nonsense" in path.read_text()
