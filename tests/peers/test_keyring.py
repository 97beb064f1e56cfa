"""The keys of a peer stay, are nobody else's, and the one for connections is renewed."""

import os
import shutil
from pathlib import Path

import pytest
from nacl.public import PrivateKey

from engine.errors import Damaged, Refused, Unavailable
from engine.nix.signature import SecretKey
from peers.certificate import CERTIFICATE, holds
from peers.keyring import IN_FORCE_MS, RENEW_MS, Keyring
from peers.ledger_place import HEAD, LOST, differs, read_head
from peers.order import START
from peers.signed import unseal

NOW_MS = 1_800_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the keys are."""
    return tmp_path / "keys"


def test_a_peer_stays_who_it_is(folder: Path) -> None:
    """The same directory gives the same keys."""
    first, again = Keyring(folder), Keyring(folder)
    identity = first.identity()
    assert again.identity().peer == identity.peer
    transport = first.transport(identity, NOW_MS)
    assert again.transport(identity, NOW_MS + 1) == transport


def test_a_new_key_has_signed_nothing(folder: Path) -> None:
    """So one that comes back without that word, or as a copy, and no ledger, has lost one."""
    home = folder.parent / "home"
    Keyring(home / "keys").identity()
    assert differs(home, read_head(home), 0, lambda _: START) is None
    copy = home.with_name("copy")
    shutil.copytree(home, copy)
    assert differs(copy, read_head(copy), 0, lambda _: START) == LOST
    home.rename(home.with_name("moved"))
    moved = home.with_name("moved")
    assert differs(moved, read_head(moved), 0, lambda _: START) is None
    (moved / HEAD).unlink()
    Keyring(moved / "keys").identity()
    assert differs(moved, read_head(moved), 0, lambda _: START) == LOST
    assert differs(moved, read_head(moved), 1, lambda _: START) is None


def test_nobody_else_may_read_a_key(folder: Path) -> None:
    """Files are made for their owner alone, and others are refused with the fix."""
    ring = Keyring(folder)
    ring.transport(ring.identity(), NOW_MS)
    assert folder.stat().st_mode & 0o777 == 0o700
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o640)
        with pytest.raises(Refused, match="others may read") as caught:
            ring.transport(ring.identity(), NOW_MS)
        assert caught.value.fix == f"chmod 600 {path}"
        path.chmod(0o600)
    assert sorted(path.name for path in folder.iterdir()) == ["identity", "transport"]


def test_the_certificate_is_of_the_key(folder: Path) -> None:
    """Signed by the peer, for the public half of the secret, in force now."""
    ring = Keyring(folder)
    identity = ring.identity()
    transport = ring.transport(identity, NOW_MS)
    opened = unseal(CERTIFICATE, transport.signed)
    assert opened.signer == identity.peer
    assert opened.value.curve_key == bytes(PrivateKey(transport.secret).public_key)
    assert holds(opened.value, NOW_MS)
    assert not holds(opened.value, NOW_MS + 2 * IN_FORCE_MS)
    assert not holds(opened.value, 0)


def test_a_key_is_renewed_before_its_end(folder: Path) -> None:
    """Another key with the next serial; the peer is the same."""
    ring = Keyring(folder)
    identity = ring.identity()
    first = ring.transport(identity, NOW_MS)
    second = ring.transport(identity, NOW_MS + IN_FORCE_MS - RENEW_MS)
    third = ring.rotate(identity, NOW_MS)
    assert [one.certificate.serial for one in (first, second, third)] == [1, 2, 3]
    assert len({one.secret for one in (first, second, third)}) == 3
    assert ring.transport(identity, NOW_MS) == third


def test_a_secret_is_not_printed(folder: Path) -> None:
    """A log has the certificate at most."""
    ring = Keyring(folder)
    transport = ring.transport(ring.identity(), NOW_MS)
    assert repr(transport.secret) not in repr(transport)


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_damaged_identity_is_not_made_anew(folder: Path, content: bytes) -> None:
    """It would be another peer; the file stays for whoever can mend it."""
    Keyring(folder).identity()
    path = folder / "identity"
    path.write_bytes(content)
    with pytest.raises(Damaged, match="key of this peer is damaged"):
        Keyring(folder).identity()
    assert path.read_bytes() == content


def test_a_key_of_another_peer_is_damage(folder: Path, tmp_path: Path) -> None:
    """So is one with another secret."""
    ring, other = Keyring(folder), Keyring(tmp_path / "other")
    ring.transport(ring.identity(), NOW_MS)
    path = folder / "transport"
    mine = path.read_bytes()
    other.transport(other.identity(), NOW_MS)
    theirs = (tmp_path / "other" / "transport").read_bytes()
    for content in (theirs, theirs[:32] + mine[32:], mine[:-1], b""):
        path.write_bytes(content)
        with pytest.raises(Damaged, match="key for connections"):
            ring.transport(ring.identity(), NOW_MS)


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Where a file is in the way, and where there is no right to write."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(Unavailable):
        Keyring(tmp_path / "file" / "keys")
    if os.geteuid() != 0:
        (tmp_path / "closed").mkdir(mode=0o500)
        with pytest.raises(Unavailable):
            Keyring(tmp_path / "closed" / "keys")


def test_a_key_for_nix_is_made_once(tmp_path: Path) -> None:
    """It is in Nix's form, and another peer's has another name, since Nix knows keys by that."""
    ring = Keyring(tmp_path / "keys")
    key = ring.nix()
    assert SecretKey.parse((tmp_path / "keys/nix-cache").read_text()) == key == ring.nix()
    assert key.name.startswith("tallystick-")
    assert key.name != Keyring(tmp_path / "others").nix().name


def test_a_damaged_key_for_nix_is_not_used(tmp_path: Path) -> None:
    """Nor is a new one made in its place: somebody trusts the old one."""
    ring = Keyring(tmp_path / "keys")
    ring.nix()
    (tmp_path / "keys/nix-cache").write_text("tallystick-x-1:AAAA")
    with pytest.raises(Damaged):
        ring.nix()
