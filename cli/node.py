"""The peer of a home, put together from the home's parts, and run until it is stopped."""

import asyncio
import gc
import os
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from functools import partial
from typing import Final, Literal, NamedTuple

import click

from cli import gateway, ipfs
from cli.lend import Ground, open_provider
from cli.report import emit_json
from cli.settings import Settings
from cli.workspace import Workspace
from engine.clock import Clock, SystemClock
from engine.errors import Refused, TallyError
from engine.ipfs import endpoint
from engine.ipfs.handover import Handover
from engine.recorder import Recorder
from engine.sandbox.bubblewrap import Bubblewrap
from engine.store.public_roots import public_roots
from peers.addressbook import AddressBook
from peers.agreement import MAX_LEASE_MS
from peers.book import Book
from peers.credit_line import CreditLine
from peers.depot import Depot
from peers.dues import Dues
from peers.heap import keep_large_buffers
from peers.house import House, Share
from peers.identity import Address, place_of
from peers.keyring import Identity, Keyring
from peers.ledger_book import signing
from peers.limits import Policy
from peers.lines import Lines
from peers.log import Log
from peers.mail import Mail
from peers.metrics import MetricsPort
from peers.node import Node
from peers.node_home import Home
from peers.provider import Provider
from peers.wake import Wake
from peers.whereabouts import Beside, Keys, Lent, Listening

CLAIM: Final = b"peer"  # on a home, by the peer that runs in it

LEFT_FREE: Final = 256 * 1024 * 1024  # bytes of disk that a fetch leaves to everything else
_FAR: Final = ("192.0.2.1", 9)  # an address of nobody (RFC 5737); nothing is sent there


class Options(NamedTuple):
    """What was said when it was started."""

    addresses: tuple[str, ...]  # "HOST" or "HOST:PORT", as others reach it
    metrics: int | None  # a port of loopback
    http: str | None  # "[HOST:]PORT", where anybody reads what is public
    lan: bool
    via: tuple[Address, ...]  # peers through which others reach it
    relay: bool  # whether it is one for others
    while_stdin: bool


def run_node(settings: Settings, options: Options) -> int:
    """Run the peer of a home until it is stopped.

    Raises: Refused when one runs there already; Unavailable when it cannot listen.
    """
    keep_large_buffers()
    clock = SystemClock()
    log = Log(sys.stderr, clock)
    with Workspace(settings.home, writing=True) as space:
        if not space.claims.take(CLAIM):
            fix = "'tally peer status' shows it"
            raise Refused("a peer runs in this home already", where=str(space.home), fix=fix)
        keys = _keys(space, clock)
        with (
            signing(space.home, keys.identity.peer) as ledger,
            closing(Book(space.home / "peers.db")) as book,
            closing(Recorder(space.store, space.database)) as recorder,
        ):
            named = AddressBook(space.home / "peers")
            lend = partial(_lend, space, book, settings, named, keys.identity, clock)
            limits = Policy(
                settings.newcomer_limit,
                settings.limit_growth,
                settings.limit_most,
                settings.strangers_limit,
            )
            dues = Dues(space.database)
            kept = (space.home, space.store, space.memo, dues, recorder)
            seen = (partial(public_roots, space.store.pins), partial(_room, space))
            home = Home(*kept, named, lend, ledger, book, limits, *seen)
            lent = _lent(space, settings, log)
            node = Node(home, keys, _listening(settings, options), lent, clock, log.say)
            gc.freeze()  # as before a run (execute.py)
            find = partial(ipfs.place, settings)
            with Handover(find, space.store, partial(public_roots, space.store.pins), log.say):
                asyncio.run(_run(node, settings, options, log))
    return 0


async def _run(node: Node, settings: Settings, options: Options, log: Log) -> None:
    if options.while_stdin:
        loop = asyncio.get_running_loop()
        watch = threading.Thread(target=_wait_for_end, args=(loop, node), daemon=True)
        watch.start()
    async with AsyncExitStack() as closing:
        if options.metrics is not None:
            metrics = await MetricsPort.open(options.metrics, node.figures)
            closing.push_async_callback(metrics.close)
        if options.http is not None:
            serving = gateway.serving(settings.home, options.http, log.say)
            node.http = await closing.enter_async_context(serving)
            log.say("http", address=node.http)
        await node.run(lambda address: _say(settings, node, address))


def _say(settings: Settings, node: Node, address: Address) -> None:
    """Print who it is, for a person or whoever started it."""
    if settings.json:
        emit_json(node.facts())
    else:
        click.echo(f"peer {address.peer} address {address}")
    sys.stdout.flush()


def _wait_for_end(loop: asyncio.AbstractEventLoop, node: Node) -> None:
    """Stop when nobody holds the other end of stdin any more."""
    while os.read(0, 1024):
        pass
    loop.call_soon_threadsafe(node.stop)


def _keys(space: Workspace, clock: Clock) -> Keys:
    keyring = Keyring(space.home / "keys")
    identity = keyring.identity()
    return Keys(identity, keyring.transport(identity, clock.now_ms()))


@contextmanager
def _lend(
    space: Workspace,
    book: Book,
    settings: Settings,
    named: AddressBook,
    identity: Identity,
    clock: Clock,
    mail: Mail,
    lines: Lines,
    depot: Depot,
    wake: Wake,
    meet: Callable[[Address], None],
    log: Callable[..., None],
    credit: CreditLine,
) -> Iterator[Provider]:
    only = named if settings.lend_to == "named" else None  # whoever is named later, too
    share = _share(settings)
    door: Literal["open", "paused"] = "paused" if settings.lend_to == "nobody" else "open"
    house = House(share, share, MAX_LEASE_MS, settings.prices, only, door)
    ground = Ground(mail, lines, depot, identity, clock, wake, meet, log, credit)
    with open_provider(space, book, house, settings.lend_jobs, ground) as provider:
        yield provider


def _room(space: Workspace) -> int:
    """Return how many bytes of content the disk takes, and has some left."""
    return max(0, shutil.disk_usage(space.home).free - LEFT_FREE)


def _share(settings: Settings) -> Share:
    return Share(settings.lend_jobs, settings.lend_memory, settings.lend_disk)


def _lent(space: Workspace, settings: Settings, log: Log) -> Lent:
    """Return what this machine lends: nothing when it has no sandbox, which is said."""
    share = _share(settings)
    if settings.lend_to == "nobody":
        return Lent(share, "")
    try:
        with closing(Bubblewrap(space.work)) as sandbox:
            return Lent(share, sandbox.tier, settings.prices, settings.newcomer_limit)
    except TallyError as error:
        log.say("no sandbox", why=error.what)
        return Lent(share, "")


def _listening(settings: Settings, options: Options) -> Listening:
    host, port = place_of(settings.listen)
    addresses = options.addresses
    if not addresses and host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        addresses = (_own_host(),)
    is_dialled = bool(options.addresses or not options.via)
    where = Listening(host, port, addresses, options.lan, options.via)
    beside = _beside(settings)
    return where._replace(is_dialled=is_dialled, is_relay=options.relay, beside=beside)


def _beside(settings: Settings) -> Beside | None:
    """Return where the IPFS node is: the node itself says it anew each time that it starts."""
    if settings.ipfs == endpoint.NONE:
        return None
    return Beside(partial(ipfs.place, settings), settings.network)


def _own_host() -> str:
    """Return the address of this machine by which it would reach others."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(_FAR)
        except OSError:
            return "127.0.0.1"
        return str(asking.getsockname()[0])
