"""Keyring: a peer's keys on disk: the one it is, and the one that carries its connections.

    DIRECTORY/identity     Ed25519 seed, 32 bytes
    DIRECTORY/transport    X25519 secret, 32 bytes, and its signed certificate
    DIRECTORY/nix-cache    a secret key in Nix's form, for what is published to stock Nix

They are for nobody but their owner to read. The identity is made once; who loses it is somebody
else from then on, so no damage is mended by making a new one.
"""

import os
import secrets
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from nacl.public import PrivateKey
from nacl.signing import SigningKey

from engine.dsse import pae
from engine.durable import reached
from engine.errors import Damaged, Refused, Unavailable
from engine.faults import disk_full, is_full
from engine.folder import sync_names
from engine.locks import locked
from engine.nix import nix32
from engine.nix.signature import SecretKey
from peers import ledger_place
from peers.certificate import CERTIFICATE, CURVE_BYTES, SKEW_MS, Certificate
from peers.identity import KEY_BYTES, PeerId
from peers.signed import Unsealed, seal, unseal

IN_FORCE_MS: Final = 90 * 24 * 3600 * 1000  # of a transport key: leaked ones end soon enough
RENEW_MS: Final = 30 * 24 * 3600 * 1000  # before its end: a peer that is off for weeks is in time
MAKING: Final = "keys.lock"  # beside the directory: held while a key is made

_LONGEST: Final = 4096  # bytes of a file here, and more


class Identity:
    """The key of this peer: a Signer."""

    def __init__(self, seed: bytes) -> None:
        self._key = SigningKey(seed)
        self.public_key = bytes(self._key.verify_key)

    @property
    def peer(self) -> PeerId:
        """Who that is."""
        return PeerId(self.public_key)

    def sign(self, domain: bytes, payload: bytes) -> bytes:
        """Return the signature over `domain || 0x00 || payload`, 64 bytes."""
        return self._key.sign(domain + b"\0" + payload).signature

    def sign_envelope(self, kind: str, payload: bytes) -> bytes:
        """Return the signature on an envelope of DSSE, which is on no record."""
        return self._key.sign(pae(kind, payload)).signature


class Transport(NamedTuple):
    """The key of this peer's connections."""

    secret: bytes  # X25519, 32 bytes
    signed: bytes  # its certificate, as other peers are shown it
    certificate: Certificate

    def __repr__(self) -> str:
        return f"Transport({self.certificate})"  # the secret is in no log


class Keyring:
    """The keys in one directory, made when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, made when absent.

        Raises: Unavailable when it cannot be made.
        """
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unavailable(error, folder) from error

    def identity(self) -> Identity:
        """Return the key that this peer is.

        Raises: Refused when others may read it; Damaged, Unavailable when it cannot be read.
        """
        path = self._folder / "identity"
        if not path.exists():
            begin = partial(ledger_place.begin, self._folder.parent)
            self._write(path, secrets.token_bytes(KEY_BYTES), replace=False, first=begin)
        seed = _read(path)
        if len(seed) != KEY_BYTES:
            fix = "restore it from a backup: without it, this is another peer"
            raise Damaged("the key of this peer is damaged", where=str(path), fix=fix)
        return Identity(seed)

    def transport(self, identity: Identity, now_ms: int) -> Transport:
        """Return the key for connections, a new one when the last one's end is near.

        Raises: as `identity`.
        """
        path = self._folder / "transport"
        held = _transport(path, identity) if path.exists() else None
        if held is None or held.certificate.not_after_ms - now_ms < RENEW_MS:
            return self.rotate(identity, now_ms)
        return held

    def rotate(self, identity: Identity, now_ms: int) -> Transport:
        """Make a new key for connections; the old one is gone.

        Raises: as `identity`.
        """
        path = self._folder / "transport"
        serial = _transport(path, identity).certificate.serial + 1 if path.exists() else 1
        key = PrivateKey.generate()
        begins = max(0, now_ms - SKEW_MS)
        certificate = Certificate(bytes(key.public_key), begins, begins + IN_FORCE_MS, serial)
        signed = seal(CERTIFICATE, certificate, identity).data
        self._write(path, bytes(key) + signed, replace=True)
        return Transport(bytes(key), signed, certificate)

    def nix(self) -> SecretKey:
        """Return the key that signs store paths for stock Nix: another one than this peer is.

        Raises: as `identity`.
        """
        path = self._folder / "nix-cache"
        if not path.exists():
            key = SecretKey("", secrets.token_bytes(KEY_BYTES))
            # Nix trusts keys by name: two peers' keys must not have one
            name = f"tallystick-{nix32.encode(key.public().key[:5])}-1"
            self._write(path, SecretKey(name, key.seed).show().encode(), replace=False)
        text = _read(path).decode("ascii", "replace")
        try:
            return SecretKey.parse(text)
        except Refused as error:
            fix = "restore it from a backup, or remove it: a new one is made"
            raise Damaged(
                f"the key for Nix is damaged: {error.what}", where=str(path), fix=fix
            ) from None

    def _write(
        self,
        path: Path,
        content: bytes,
        *,
        replace: bool,
        first: Callable[[Path], None] | None = None,
    ) -> None:
        """Write a file whole or not at all; without `replace`, the first one there stands.

        `first` is told of it just before it has its name: whoever is killed has both, or no key.
        """
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            with locked(self._folder.parent / MAKING):  # alone
                for left in self._folder.glob(f".{path.name}.*"):
                    left.unlink()  # of a process that was killed: a secret is in one place
                if replace or not path.exists():
                    _make(fresh, content)
                    if first is not None:
                        first(fresh)
                        reached("key.noted")
                    fresh.replace(path)
                    reached("key.named")
            sync_names(self._folder)
        except OSError as error:
            raise _unavailable(error, path) from error


def _make(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _transport(path: Path, identity: Identity) -> Transport:
    content = _read(path)
    secret, signed = content[:CURVE_BYTES], content[CURVE_BYTES:]
    try:
        opened = unseal(CERTIFICATE, signed)
        is_whole = _belongs(secret, opened, identity)
    except Damaged:
        is_whole = False
    if not is_whole:
        fix = "remove it: a new one is made"
        raise Damaged("the key for connections is damaged", where=str(path), fix=fix)
    return Transport(secret, signed, opened.value)


def _belongs(secret: bytes, opened: Unsealed[Certificate], identity: Identity) -> bool:
    is_ours = opened.signer == identity.peer
    return is_ours and bytes(PrivateKey(secret).public_key) == opened.value.curve_key


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                what = "others may read a key of this peer"
                raise Refused(what, where=str(path), fix=f"chmod 600 {path}")
            return file.read(_LONGEST)
    except OSError as error:
        raise _unavailable(error, path) from error


def _unavailable(error: OSError, path: Path) -> Unavailable:
    if is_full(error):
        return disk_full(path.parent, _LONGEST)
    what = f"the keys of this peer cannot be had: {error.strerror}"
    return Unavailable(what, where=str(path), fix="check who owns this directory")
