"""An environment as a binary cache that anybody's Nix may use: made, signed, and said how."""

import os
import socket
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cli.report import emit_json, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Refused, TallyError, Unavailable
from engine.nix.signature import PublicKey, SecretKey
from engine.nix.storepath import STORE_DIR
from engine.values import dataclass

if TYPE_CHECKING:
    from engine.nix.environment import Opened
    from engine.nix.vouched import Signatures

VOUCHED_PIN: Final = "signatures"  # what others signed of paths that came from their caches

_ANSWER_S: Final = 1.0  # a gateway of this machine takes less
_SERVE: Final = "'tally peer start --http PORT' serves it from here"


@dataclass(frozen=True, slots=True)
class Published:
    """A binary cache, and what a Nix is told to use it."""

    cid: Cid
    opened: "Opened"
    key: PublicKey
    vouched: tuple[str, ...]  # the names of others' keys whose signatures hold
    unverified: tuple[str, ...]  # names beside other signatures: anybody may have written those
    gateways: tuple[str, ...]  # where it can be had by HTTP now, the peer's own first


def publish(
    space: Workspace, settings: Settings, opened: "Opened", named: Cid | None, key: Path | None
) -> Published:
    """Sign the cache of an environment, which was `named` by a CID or not, and share it.

    Raises: Refused for a key that is none; Unavailable on a full disk.
    """
    from cli import builders
    from cli.sharing import share
    from engine.nix.environment import publish as sign
    from engine.nix.vouched import verified
    from engine.sourced import Sourced
    from peers.keyring import Keyring

    secret = _read(key) if key is not None else Keyring(space.home / "keys").nix()
    vouched = _vouched(space, opened, named, secret.name)
    store = Sourced(space.store, space.sources, named or opened.cid)
    words = [space.store.get(word.cid) for word in builders.carried(space, opened)]
    cid = sign(store, opened, secret, vouched, words)
    share(space, settings, cid)
    names = {one.partition(":")[0] for signed in vouched.values() for one in signed}
    sound = verified(vouched, opened.closure, _known_keys(space)) if names else frozenset()
    gateways = (*_own(settings), *kubo(settings))
    return Published(cid, opened, secret.public(), _sorted(sound), _sorted(names - sound), gateways)


def _sorted(names: AbstractSet[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _known_keys(space: Workspace) -> list[PublicKey]:
    """Return the keys that this machine's Nix trusts, and this home's own."""
    from peers.keyring import Keyring

    found: list[PublicKey] = []
    with suppress(Unavailable):  # there is no Nix
        for text in space.nix.system_setting("trusted-public-keys").split():
            with suppress(Refused):
                found.append(PublicKey.parse(text))
    if (space.home / "keys" / "nix-cache").exists():  # looking makes none
        found.append(Keyring(space.home / "keys").nix().public())
    return found


def _vouched(space: Workspace, opened: "Opened", named: Cid | None, without: str) -> "Signatures":
    """Return what others signed of it, as far as this home, or Nix's store, knows."""
    from engine.nix.signed_here import signed_here
    from engine.nix.vouched import collect, merged

    folders = [cid for cid, name in space.store.pins.all() if name == VOUCHED_PIN]
    if named is not None and named.codec != DAG_CBOR:
        folders.append(named)
    kept = collect(space.store.get, folders, opened.closure)
    here: Signatures = {}
    with suppress(Unavailable):  # there is no Nix
        here = signed_here(space.nix, opened.closure)
    return merged(kept, here, without=without)


def _own(settings: Settings) -> tuple[str, ...]:
    """Return where this home's peer serves by HTTP, if it does."""
    import json

    from peers.control_client import connect

    try:
        with connect(settings.home) as node:
            http = json.loads(str(node.call("status"))).get("http")
    except TallyError:
        return ()
    return (http,) if http else ()


def kubo(settings: Settings) -> tuple[str, ...]:
    """Return where the gateway of this machine's Kubo node is, if one listens there."""
    from engine.ipfs.endpoint import GATEWAY, NONE, gateway

    if settings.ipfs == NONE:
        return ()
    found = GATEWAY if settings.ipfs else gateway(os.environ, Path.home())
    place = urlsplit(found)
    try:
        with socket.create_connection((place.hostname, place.port or 80), _ANSWER_S):
            return (found,)
    except (OSError, ValueError):
        return ()


def tell(settings: Settings, published: Published) -> None:
    """Print its CID; say to a person, or in JSON, how a Nix uses it."""
    if settings.json:
        return emit_json(_as_json(published))
    note(f"signed by {published.key}")
    if published.vouched:
        note(f"beside the signatures of {', '.join(published.vouched)}")
    if published.unverified:
        names = ", ".join(published.unverified)
        note(f"beside unverified signatures, which anybody may have written; they name {names}")
    note("for nix.conf:")
    for line in conf(published):
        note(f"    {line}")
    note(f"or once: {command(published)}")
    if not published.gateways:
        note(f"no gateway of an IPFS node listens there now; {_SERVE}")
    import click

    return click.echo(str(published.cid))


def substituters(published: Published) -> list[str]:
    """Return the addresses of a cache."""
    return [f"{gateway}/ipfs/{published.cid}" for gateway in published.gateways]


def _substituter(published: Published) -> str:
    """Return the address that is shown: where a node's gateway would be, if there is none yet."""
    from engine.ipfs.endpoint import GATEWAY

    return next(iter(substituters(published)), f"{GATEWAY}/ipfs/{published.cid}")


def conf(published: Published) -> list[str]:
    """Return the lines of nix.conf that use a cache beside those that it names already."""
    return [
        f"extra-substituters = {_substituter(published)}",
        f"extra-trusted-public-keys = {published.key}",
    ]


def command(published: Published) -> str:
    """Return the command that has Nix take the environment from its cache."""
    roots = " ".join(f"{STORE_DIR}/{root}" for root in published.opened.closure.roots)
    options = (
        f"--option substituters {_substituter(published)} "
        f"--option trusted-public-keys {published.key}"
    )
    return f"nix-store --realise {roots} {options}"


def _as_json(published: Published) -> dict[str, object]:
    return {
        "cid": str(published.cid),
        "environment": str(published.opened.cid),
        "public_key": str(published.key),
        "signed_by": [published.key.name, *published.vouched],
        "unverified": list(published.unverified),
        "substituters": substituters(published),
        "nix_conf": conf(published),
        "command": command(published),
    }


def _read(path: Path) -> SecretKey:
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        fix = "name a file that 'nix-store --generate-binary-cache-key' wrote"
        reason = getattr(error, "strerror", None) or "it is not text"
        raise Refused(f"the key cannot be read: {reason}", where=str(path), fix=fix) from None
    try:
        return SecretKey.parse(text)
    except Refused as error:
        raise Refused(error.what, where=str(path), fix=error.fix) from None
