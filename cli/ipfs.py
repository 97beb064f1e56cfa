"""The IPFS node of this machine: what is said of it, and what it is given."""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cli.report import human_size, note
from cli.settings import Settings
from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.errors import TallyError, Unavailable
from engine.ipfs.endpoint import find
from engine.ipfs.kubo import Kubo
from engine.sandbox.probe import Finding
from peers.kubo_streams import SETTING

# below, content named by BLAKE3 is cut otherwise at the largest directories
OLDEST: Final = (0, 39)
OFTEN_S: Final = 5.0  # between two words on how far it is

_ROOTS: Final = {"roots", "pinned+roots", "pinned"}  # strategies that announce no more than we say
_START: Final = "'ipfs daemon' starts one; without it peers share among themselves"
_QUIETER: Final = "'ipfs config Provide.Strategy roots', else it announces every block it has"
_STREAMS: Final = f"'ipfs config --json {SETTING} true' lets peers meet there"


def place(settings: Settings) -> str:
    """Return the multiaddress of the node's API; "" when none is to be asked."""
    return find(settings.ipfs, os.environ, Path.home())


def give(settings: Settings, store: BlockStore, root: Cid) -> bool:
    """Give the node all that a root leads to; return whether there is a node.

    Raises: Unavailable, Damaged as engine/ipfs/publish.py, but for a node that is away.
    """
    from engine.ipfs.publish import publish
    from peers.heap import keep_large_buffers

    address = place(settings)
    if not address:
        return False
    with Kubo(address) as kubo:
        try:
            kubo.identity()
        except Unavailable as away:
            if settings.ipfs:  # a person named it
                note(f"{away.what} ({away.where}): {away.fix}")
            return False
        keep_large_buffers()
        publish(kubo, store, root, _Given())
    return True


def take_back(settings: Settings, root: Cid) -> None:
    """Have the node forget what only a root leads to; say so when it is away."""
    address = place(settings)
    if not address:
        return
    with Kubo(address) as kubo:
        try:
            if root in kubo.pins():
                kubo.unpin(root)
        except Unavailable:
            if settings.ipfs:
                note(f"the IPFS node is away: 'ipfs pin rm {root}' there, when it is back")


def findings(settings: Settings) -> Iterator[Finding]:
    """Look at the node, for `tally doctor`; nothing of it is needed."""
    address = place(settings)
    if not address:
        yield Finding("ipfs", True, False, "not to be used (setting 'ipfs' is none)", "")
        return
    try:
        with Kubo(address) as kubo:
            yield from _look(kubo)
    except TallyError as error:
        why = error.what.rpartition(": ")[2]
        yield Finding("ipfs", False, False, f"{why}, at {address}", _START)


def _look(kubo: Kubo) -> Iterator[Finding]:
    found, peers = kubo.identity(), kubo.peers()
    detail = f"version {found.version}, connected to {_counted(peers)}, at {kubo.address}"
    old = f"use {'.'.join(map(str, OLDEST))} or newer"
    yield Finding("ipfs", _version(found.version) >= OLDEST, False, detail, old)
    strategy = str(kubo.setting("Provide.Strategy") or "all")
    fine = strategy in _ROOTS
    yield Finding("ipfs announces", fine, False, f"Provide.Strategy is {strategy}", _QUIETER)
    mounting = kubo.setting(SETTING) is True
    yield Finding("ipfs streams", mounting, False, "on" if mounting else "off", _STREAMS)


def _counted(nodes: int) -> str:
    return "1 node" if nodes == 1 else f"{nodes} nodes"


def _version(text: str) -> tuple[int, ...]:
    found = re.match(r"(\d{1,6})\.(\d{1,6})", text)
    return (int(found[1]), int(found[2])) if found else (0,)


class _Given:
    """Says how much was given, if that takes long."""

    def __init__(self) -> None:
        self._due_s = time.monotonic() + OFTEN_S

    def __call__(self, given: int) -> None:
        if time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + OFTEN_S
            note(f"giving the IPFS node what is published: {human_size(given)}")
