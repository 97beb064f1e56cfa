"""`tally peer`: the peer of this home: start it, and say whom it knows and what it lends."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cli.options import common, ipfs_node
from cli.peerview import print_peers, said
from cli.report import emit_json, emit_table, note
from cli.setting_kinds import BORROWERS
from cli.settings import Settings
from engine.errors import Refused, Unavailable
from peers.identity import Address, PeerId

if TYPE_CHECKING:
    from peers.addressbook import AddressBook

_LOOK_S: Final = 0.2
MAX_WORD: Final = 64  # characters of an owner's name


@click.group()
def peer() -> None:
    """Run a peer, and say whom it knows and what it lends."""


@peer.command()
@click.option("--listen", metavar="HOST:PORT", help="Where others connect; port 0: free ones.")
@click.option(
    "--address", metavar="HOST[:PORT]", multiple=True, help="Where others reach this peer."
)
@ipfs_node
@click.option("--network", metavar="NETWORK|none", help="Whose peers to find on IPFS.")
@click.option("--lend-to", type=click.Choice(BORROWERS), help="Whose steps to run.")
@click.option("--lend-jobs", metavar="N", help="Steps of others that run at the same time.")
@click.option("--lend-memory", metavar="SIZE", help="Memory for them together.")
@click.option("--lend-disk", metavar="SIZE", help="Disk for them, with what is cached.")
@click.option("--prices", metavar="NAME=C,...", help="What others pay, in credits.")
@click.option("--metrics", metavar="PORT", type=click.IntRange(0, 65535), help="Serve metrics.")
@click.option("--http", metavar="[HOST:]PORT", help="Serve what is published, to anybody.")
@click.option("--lan/--no-lan", default=True, show_default=True, help="Find peers of this network.")
@click.option("--via", metavar="ADDRESS", multiple=True, help="Be reached through this peer.")
@click.option("--relay", is_flag=True, help="Pass on connections to peers that name this one.")
@click.option("--while-stdin", is_flag=True, hidden=True)  # stop when whoever started us is gone
@common
def start(
    settings: Settings,
    address: tuple[str, ...],
    metrics: int | None,
    http: str | None,
    lan: bool,
    via: tuple[str, ...],
    relay: bool,
    while_stdin: bool,
) -> int:
    """Run the peer of this home, in the foreground, until Ctrl-C or SIGTERM.

    It then takes nothing new, ends what it runs for others, and stops; the second time, at once.
    """
    from cli.node import Options, run_node

    relays = tuple(map(Address.parse, via))
    return run_node(settings, Options(address, metrics, http, lan, relays, relay, while_stdin))


@peer.command()
@common
def status(settings: Settings) -> None:
    """Say whether the peer runs, what it does, and whom it knows."""
    facts = _facts(settings.home)
    if settings.json:
        return emit_json(facts)
    emit_table(said(facts))
    return print_peers(facts)


@peer.command("id")
@common
def id_(settings: Settings) -> None:
    """Print who this peer is: the id that others know it by."""
    found = _peer_id(settings.home)
    return emit_json({"peer": str(found)}) if settings.json else click.echo(str(found))


@peer.command()
@click.argument("address", metavar="tally://PEERID@HOST:PORT")
@common
def add(settings: Settings, address: str) -> None:
    """Name a peer; it is connected to whenever both run."""
    named = Address.parse(address)
    if named.peer == _peer_id(settings.home):
        raise Refused("this is the address of this peer itself", fix="give another's")
    if _told(settings.home, "add", str(named)):
        note("it is dialled now: 'tally peer list' says whether it is up")
    else:
        _book(settings.home).add(named)
        note("no peer runs in this home now: it is dialled as soon as one does")
    if settings.json:
        emit_json({"peer": str(named.peer), "address": str(named)})


@peer.command()
@click.argument("peer_id", metavar="PEERID")
@click.argument("name", metavar="[OWNER]", default="")
@common
def owner(settings: Settings, peer_id: str, name: str) -> None:
    """Note whose machine a peer is: peers of one OWNER are one word; without, forget it."""
    from cli.creditfile import peer_called
    from cli.workspace import Workspace

    found = peer_called(settings.home, peer_id)
    if len(name) > MAX_WORD or not name.isprintable():
        raise Refused(f"an owner has a name of up to {MAX_WORD} characters", fix="give another")
    with Workspace(settings.home, writing=True) as space:
        space.trust.own(found.key, name)
    if settings.json:
        emit_json({"peer": str(found), "owner": name or None})


@peer.command("list")
@common
def list_(settings: Settings) -> None:
    """List the peers that are known."""
    facts = _facts(settings.home)
    return emit_json({"peers": facts["peers"]}) if settings.json else print_peers(facts)


@peer.command()
@click.argument("peer_id", metavar="PEERID|ADDRESS")
@common
def remove(settings: Settings, peer_id: str) -> None:
    """Forget a peer that was named."""
    from cli.creditfile import peer_called

    home = settings.home
    gone = Address.parse(peer_id).peer if "@" in peer_id else peer_called(home, peer_id)
    if not _told(home, "remove", str(gone)) and not _book(home).remove(gone):
        raise Refused(f"no peer {gone} was named", fix="'tally peer list' shows them")


@peer.command()
@common
def pause(settings: Settings) -> None:
    """Run nothing new for others; go on with what was agreed."""
    _tell(settings.home, "pause")


@peer.command()
@common
def resume(settings: Settings) -> None:
    """Run steps for others again."""
    _tell(settings.home, "resume")


@peer.command()
@click.option(
    "--timeout", metavar="SECONDS", type=click.IntRange(0), help="Then stop all the same."
)
@common
def drain(settings: Settings, timeout: int | None) -> None:
    """Take nothing new, end what runs for others, and stop; return when it has stopped."""
    _tell(settings.home, "drain")
    until = None if timeout is None else time.monotonic() + timeout
    while _runs(settings.home):
        if until is not None and time.monotonic() >= until:
            return _tell(settings.home, "stop")
        time.sleep(_LOOK_S)
    return None


@peer.command()
@common
def stop(settings: Settings) -> None:
    """Stop the peer now; what it ran for others, they have run elsewhere."""
    _tell(settings.home, "stop")
    while _runs(settings.home):
        time.sleep(_LOOK_S)


def _facts(home: Path) -> dict[str, Any]:
    """Return what the node says, or is known without one; of peers, what was found here, too."""
    from cli.standing import with_standing

    facts = _said_by_node(home)
    return {**facts, "peers": with_standing(home, facts["peers"])}


def _said_by_node(home: Path) -> dict[str, Any]:
    from peers.control_client import connect

    try:
        node = connect(home)
    except Unavailable:
        note("no peer runs in this home; 'tally peer start' starts one")
        named = {address.peer: _named(address) for address in _book(home).addresses()}
        return {"peer": str(_peer_id(home)), "running": False, "peers": [*named.values()]}
    with node:
        facts: dict[str, Any] = json.loads(str(node.call("status")))
        return facts


def _named(address: Address) -> dict[str, Any]:
    return {
        "peer": str(address.peer),
        "address": str(address),
        "state": "down",
        "named": True,
    }


def _tell(home: Path, *words: str) -> None:
    from peers.control_client import connect

    with connect(home) as node:
        node.call(*words)


def _told(home: Path, *words: str) -> bool:
    """Tell the node something; False when none runs."""
    from peers.control_client import connect

    try:
        node = connect(home)
    except Unavailable:
        return False
    with node:
        node.call(*words)
    return True


def _runs(home: Path) -> bool:
    from peers.control_client import connect

    try:
        connect(home).close()
    except Unavailable:
        return False
    return True


def _book(home: Path) -> "AddressBook":
    from peers.addressbook import AddressBook

    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return AddressBook(home / "peers")


def _peer_id(home: Path) -> PeerId:
    from peers.keyring import Keyring

    return Keyring(home / "keys").identity().peer
