"""Environments by CID: the Environment record, or the binary cache that it is carried as.

Both name the same thing: from the directory follows the Closure, and from both the Environment.
"""

from collections.abc import Sequence
from itertools import islice
from types import MappingProxyType
from typing import Final

from engine.content import reader
from engine.content.blocks import Block, BlockStore
from engine.content.budget import MAX_SIZE
from engine.content.cid import DAG_CBOR, Cid
from engine.content.dagpb import Link
from engine.content.reader import Get
from engine.content.schema import kind_of
from engine.errors import Damaged, Refused
from engine.nix import narinfo
from engine.nix.cache import NARS, RECORD, WORDS, cache, nar_name, texts
from engine.nix.records import CLOSURE, ENVIRONMENT, Closure, Environment
from engine.nix.signature import SecretKey
from engine.nix.vouched import Signatures
from engine.values import dataclass

MOST_WORDS: Final = 64  # of builders, in one cache

_FIX: Final = "give the CID of an Environment, or of a directory made by `tally env publish`"


@dataclass(frozen=True, slots=True)
class Opened:
    """An environment and its closure, which belong together, with their addresses."""

    cid: Cid
    environment: Environment
    closure: Closure

    @property
    def closure_cid(self) -> Cid:
        """What step keys hold."""
        return self.environment.closure


def make(closure: Closure, nars: dict[str, Link]) -> tuple[Opened, tuple[Block, ...]]:
    """Make the environment that carries a closure by these NARs; return its new blocks too."""
    made = cache(closure, nars)
    record = CLOSURE.block(closure)
    links = {name: link.cid for name, link in nars.items()}
    environment = Environment(record.cid, links, made.link.cid)
    block = ENVIRONMENT.block(environment)
    return Opened(block.cid, environment, closure), (record, *made.blocks, block)


def open_environment(store: BlockStore, cid: Cid) -> Opened:
    """Find what a CID names as an environment; the records of it are then in the store.

    Raises: Refused when it is no environment; Damaged when its parts do not fit together;
    Unavailable when some of it is not here.
    """
    if cid.codec != DAG_CBOR:
        opened, blocks = _from_cache(store.get, cid)
        store.put(blocks)
        return opened
    data = store.get(cid)
    if kind_of(data) != ENVIRONMENT.kind:
        what = f"this is no environment, but a record: {kind_of(data) or 'of no known kind'}"
        raise Refused(what, where=str(cid), fix=_FIX)
    environment = ENVIRONMENT.decode(data)
    closure = CLOSURE.decode(store.get(environment.closure))
    if environment.nars.keys() != {path.name for path in closure.paths}:
        raise Damaged("an environment that carries other paths than its closure", where=str(cid))
    return Opened(cid, environment, closure)


def publish(
    store: BlockStore,
    opened: Opened,
    key: SecretKey,
    vouched: Signatures = MappingProxyType({}),
    words: Sequence[bytes] = (),
) -> Cid:
    """Put a view of the environment's binary cache with signatures, sharing its NARs.

    Those `vouched` are of others, and stay beside those of `key`; `words` are builders'.

    Raises: Unavailable when the directory is not here, or on a full disk.
    """
    nars = _nars(store.get, opened.environment.cache, opened.closure)
    made = cache(opened.closure, nars, key, vouched, words)
    store.put(made.blocks)
    return made.link.cid


def words_in(get: Get, cid: Cid) -> tuple[bytes, ...]:
    """Return what builders say, in a published cache; whether it is true is not looked at.

    Raises: Unavailable when some of it is not here; Damaged when it is malformed.
    """
    folder = reader.lookup(get, cid, WORDS)
    if folder is None:
        return ()
    links = islice(reader.entries(get, folder.cid), MOST_WORDS)
    return tuple(b"".join(reader.read(get, link.cid, length=MAX_SIZE)) for link in links)


def _from_cache(get: Get, cid: Cid) -> tuple[Opened, Sequence[Block]]:
    kind = reader.stat(get, cid).kind
    record = reader.lookup(get, cid, RECORD) if kind == "directory" else None
    if record is None:
        what = f"this {kind} is no environment: there is no '{RECORD}' in it"
        raise Refused(what, where=str(cid), fix=_FIX)
    closure = CLOSURE.decode(b"".join(reader.read(get, record.cid, length=MAX_SIZE + 1)))
    opened, blocks = make(closure, _nars(get, cid, closure))
    if opened.environment.cache != cid:
        _check_view(get, cid, closure)
    return opened, blocks


def _nars(get: Get, cid: Cid, closure: Closure) -> dict[str, Link]:
    """Return the links to a cache's NARs by the base names of their store paths."""
    folder = reader.lookup(get, cid, NARS)
    found = {link.name: link for link in reader.entries(get, folder.cid)} if folder else {}
    try:
        return {path.name: found[nar_name(path)] for path in closure.paths}
    except KeyError as error:
        raise Damaged(f"a binary cache without {error}", where=str(cid)) from None


def _check_view(get: Get, cid: Cid, closure: Closure) -> None:
    """Check that a directory differs from the cache of its closure in what others say of it only.

    Raises: Damaged when it does not.
    """
    expected = texts(closure)
    found = {
        link.name: link.cid for link in reader.entries(get, cid) if link.name not in {NARS, WORDS}
    }
    if found.keys() != expected.keys():
        raise Damaged("a binary cache with other files than its closure has", where=str(cid))
    for name, text in expected.items():
        data = b"".join(reader.read(get, found[name], length=narinfo.MAX_BYTES + 1))
        if data != text and (not name.endswith(".narinfo") or narinfo.unsigned(data) != text):
            raise Damaged(f"'{name}' of a binary cache does not fit its closure", where=str(cid))
