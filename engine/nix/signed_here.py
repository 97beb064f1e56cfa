"""What others signed of the paths in this machine's Nix store: `nix path-info --sigs`.

Its JSON has had several shapes since Nix 2.8: a list of paths, a map of them, a map below `info`;
signatures as text, or as two fields. What is not understood is left out, since it is only of use
to others.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

from engine.errors import Refused, Unavailable
from engine.nix import sha256
from engine.nix.command import Command
from engine.nix.inventory import AT_ONCE
from engine.nix.records import Closure
from engine.nix.storepath import STORE_DIR, StorePath
from engine.nix.vouched import Signatures

_ASK: Final = ("--extra-experimental-features", "nix-command", "path-info", "--json", "--sigs")


def signed_here(command: Command, closure: Closure) -> Signatures:
    """Return what is signed of a closure's paths; nothing on a machine without Nix."""
    hashes = {path.name: path.nar_hash for path in closure.paths}
    names = list(hashes)
    found: dict[str, tuple[str, ...]] = {}
    with suppress(Unavailable):
        for start in range(0, len(names), AT_ONCE):
            asked = (f"{STORE_DIR}/{name}" for name in names[start : start + AT_ONCE])
            ended = command.run("nix", *_ASK, *asked)
            for name, nar_hash, signatures in _told(ended.output):
                if signatures and hashes.get(name) == nar_hash:
                    found[name] = signatures
    return found


def _told(text: str) -> Iterator[tuple[str, bytes, tuple[str, ...]]]:
    """Yield the base name, the NAR's hash and the signatures of each path that Nix has."""
    for path, facts in _items(text):
        digest, signatures = _get(facts, "narHash"), _get(facts, "signatures")
        if not isinstance(path, str) or not isinstance(digest, str):
            continue  # it is not in the store
        with suppress(Refused):
            yield StorePath.parse(path).base, sha256.parse(digest), tuple(_texts(signatures))


def _items(text: str) -> list[tuple[object, object]]:
    """Return what Nix says of each path, whichever way it says it."""
    try:
        told = json.loads(text)
    except ValueError:
        return []
    told = told.get("info", told) if isinstance(told, dict) else told
    if isinstance(told, list):
        return [(_get(one, "path"), one) for one in told]
    return list(told.items()) if isinstance(told, dict) else []


def _texts(signatures: object) -> Iterator[str]:
    for one in signatures if isinstance(signatures, list) else ():
        if isinstance(one, dict):
            one = f"{one.get('keyName')}:{one.get('sig')}"
        if isinstance(one, str):
            yield one


def _get(facts: Any, name: str) -> object:  # noqa: ANN401 - whatever JSON can hold
    return facts.get(name) if isinstance(facts, dict) else None
