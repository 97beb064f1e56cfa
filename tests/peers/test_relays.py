"""A peer that nobody can dial is met through a relay, by the same protocol as any other."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from engine.clock import SystemClock
from engine.errors import Refused, TallyError
from peers.connection import Channel, Connection
from peers.envelope import Role
from peers.errors import RemoteFault
from peers.identity import Address
from peers.lines import BULK_TYPE, Lines
from peers.messages import notice
from peers.post import Came, Closed, Happened, Opened, Unanswered
from peers.reachable import MAX_RELAYS, Ends, Reachable
from peers.reaching import Reaching
from peers.relay import Limits, Relay
from peers.relay_desk import RelayDesk
from peers.relay_messages import KEEP_TYPE, REACH_TYPE, write_keep, write_reach
from peers.relay_port import RelayPort
from peers.relays import Relays
from peers.route import Route
from peers.tunnel import HOST
from tests.peers.keys import identity
from tests.peers.test_post import Speaker

CLOCK = SystemClock()
PATIENCE_S = 40
BLOCKS = notice(200)


class Peer:
    """A peer on loopback, with all that it needs to do with relays."""

    def __init__(self, number: int) -> None:
        """Listen on both channels; nobody is told where."""
        self.speaker = Speaker(number)
        self.peer = self.speaker.peer
        self.mail = self.speaker.post
        self.lines = Lines(self.mail)
        self.control, self.bulk = (self.speaker.wire.listen(one) for one in Channel)
        signed = self.mail._party.certificate
        ends = Ends(HOST, self.control.port, self.bulk.port, signed)
        self.relays = Relays(
            RelayDesk(self.mail, self.lines, CLOCK, self.log),
            Reachable(self.mail, self.lines, ends, self.log),
            Reaching(self.mail, self.lines, self.dial),
        )
        self.known: dict[Address, Peer] = {}  # whom it can dial itself
        self.said: list[tuple[str, dict[str, object]]] = []
        self.ended: list[Closed] = []
        self.came: list[Came] = []
        self.port: RelayPort | None = None
        self.is_closed = False
        self.turning = asyncio.create_task(self.turn())

    def log(self, event: str, **facts: object) -> None:
        """Remember what was said."""
        self.said.append((event, facts))

    def relay(self, limits: Limits = Limits()) -> Address:  # noqa: B008
        """Be a relay."""
        relay = Relay(limits)
        self.port = RelayPort.open(relay, HOST, 0, CLOCK)
        self.relays.desk.serve(relay, self.port.port)
        return Address(self.peer, HOST, 1 + self.control.port % 60_000)

    def dial(self, address: Address) -> None:
        """Dial a peer that can be."""
        if address in self.known:
            other = self.known[address]
            self.mail.dial(other.control, Channel.CONTROL, expected=other.peer)

    async def turn(self) -> None:
        """Let arrive what is there, again and again."""
        while True:
            self.speaker.happened.clear()
            self.speaker.turn()
            for happened in self.speaker.happened:
                self.take(happened)
            now_ms = CLOCK.monotonic_ms()
            self.lines.tick(now_ms)
            self.relays.tick(now_ms)
            await asyncio.sleep(0)

    def take(self, happened: Happened) -> None:
        """Hand on what happened, as a node does."""
        match happened:
            case Opened(connection, peer):
                self.lines.opened(connection, peer)
                self.relays.opened(connection, peer)
            case Came():
                self.take_message(happened)
            case Unanswered(connection, peer, key):
                self.relays.unanswered(connection, peer, key)
            case Closed(connection, peer):
                self.ended.append(happened)
                if peer is not None:
                    self.lines.closed(connection, peer)
                    self.relays.closed(connection, peer)

    def take_message(self, came: Came) -> None:
        """Hand on a message."""
        part = self.lines if came.type == BULK_TYPE else self.relays
        if came.type == BLOCKS:
            self.came.append(came)
            return
        try:
            part.came(came.connection, came.peer, came.role, came.type, came.request_id, came.body)
        except RemoteFault as fault:
            self.mail.end(came.connection, fault.what, is_fault=True)

    async def reach(self, address: Address) -> Route | TallyError:
        """Make a way to a peer; dial it there if there is one."""
        made = asyncio.get_running_loop().create_future()
        self.relays.reaching.reach(address, made.set_result)
        route = await made
        if isinstance(route, Route):
            self.mail.dial(route.control, Channel.CONTROL, expected=address.peer)
            self.lines.bulk_at(address.peer, route.bulk)
        return route

    async def close(self) -> None:
        """Be gone."""
        if self.is_closed:
            return
        self.is_closed = True
        self.turning.cancel()
        await asyncio.gather(self.turning, return_exceptions=True)
        self.relays.reachable.close()
        self.relays.reaching.close()
        if self.port is not None:
            self.port.close()
        self.speaker.wire.transport.close()


async def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    while not is_so():
        await asyncio.sleep(0.005)


def among(count: int, use: Callable[..., Awaitable[None]]) -> None:
    """Have some peers while something happens."""

    async def run() -> None:
        peers = [Peer(number) for number in range(1, count + 1)]
        try:
            async with asyncio.timeout(PATIENCE_S):
                await use(*peers)
        finally:
            for peer in peers:
                await peer.close()

    asyncio.run(run())


async def kept(provider: Peer, *relays: Peer) -> list[Address]:
    """Have a peer kept by relays; return where it is reached."""
    for relay in relays:
        address = relay.relay()
        provider.known[address] = relay
        provider.relays.reachable.use(address)
        provider.dial(address)
    await until(lambda: len(provider.relays.reachable.places) == len(relays))
    return [Address.at(provider.peer, place) for place in provider.relays.reachable.places]


def relay_of(address: Address) -> Address:
    """Return the address of the relay that an address is through."""
    assert address.via is not None
    return Address(address.via, address.host, address.port)


def test_a_peer_is_met_through_a_relay() -> None:
    """On lines for control and for blocks, by its own keys; the relay passes bytes on."""

    async def use(asker: Peer, relay: Peer, provider: Peer) -> None:
        (address,) = await kept(provider, relay)
        assert address.via == relay.peer
        asker.known[relay_of(address)] = relay
        assert isinstance(await asker.reach(address), Route)
        await until(lambda: asker.lines.control(provider.peer))
        await until(lambda: asker.lines.bulk(provider.peer))
        await until(lambda: provider.lines.bulk(asker.peer))
        body = bytes(2**21)
        asker.mail.tell(asker.lines.bulk(provider.peer), BLOCKS, body)
        provider.mail.tell(provider.lines.bulk(asker.peer), BLOCKS, body)
        await until(lambda: asker.came and provider.came)
        assert provider.came[0].body == asker.came[0].body == body
        assert (provider.came[0].peer, asker.came[0].peer) == (asker.peer, provider.peer)
        assert relay.port is not None
        assert relay.port.passed > 2 * len(body)
        assert not relay.came

    among(3, use)


def test_who_was_met_so_may_ask_for_a_line_for_blocks() -> None:
    """Who dialled makes it, through the relay again."""

    async def use(asker: Peer, relay: Peer, provider: Peer) -> None:
        (address,) = await kept(provider, relay)
        asker.known[relay_of(address)] = relay
        await asker.reach(address)
        await until(lambda: provider.lines.control(asker.peer))
        await until(lambda: provider.lines.bulk(asker.peer))

    among(3, use)


def test_a_relay_that_dies_is_replaced_by_another() -> None:
    """Both ends hear of it; the provider counts on it no more, and is reached by the other one."""

    async def use(asker: Peer, provider: Peer, one: Peer, other: Peer) -> None:
        first, second = await kept(provider, one, other)
        if first.via != one.peer:  # whichever of them kept it first
            one, other = other, one
        asker.known |= {relay_of(first): one, relay_of(second): other}
        changes: list[tuple[str, ...]] = []
        reachable = provider.relays.reachable
        reachable.changed = lambda: changes.append(reachable.places)
        await asker.reach(first)
        await until(lambda: asker.lines.control(provider.peer))
        await one.close()
        await until(lambda: not asker.lines.control(provider.peer))
        await until(lambda: not provider.lines.control(asker.peer))
        await until(lambda: changes == [(second.place,)])
        del asker.known[relay_of(first)]
        await asker.reach(second)
        await until(lambda: asker.lines.control(provider.peer))

    among(4, use)


def test_what_a_relay_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that it does not keep; one that is no relay keeps nobody."""

    async def use(asker: Peer, relay: Peer, provider: Peer) -> None:
        address = relay.relay(Limits(kept=0))
        asker.known[address] = provider.known[address] = relay
        provider.relays.reachable.use(address)
        provider.dial(address)
        await until(lambda: ("relay refuses") in [event for event, _ in provider.said])
        assert provider.relays.reachable.places == ()
        to = Address(provider.peer, address.host, address.port, via=relay.peer)
        refused = await asker.reach(to)
        assert isinstance(refused, TallyError)
        assert refused.what == "its relay says: that peer is not reached through this one"

    among(3, use)


def test_who_left_a_relay_is_not_reached_through_it() -> None:
    """From then on."""

    async def use(asker: Peer, relay: Peer, provider: Peer) -> None:
        (address,) = await kept(provider, relay)
        asker.known[relay_of(address)] = relay
        await provider.close()
        await until(lambda: not relay.lines.control(provider.peer))
        refused = await asker.reach(address)
        assert isinstance(refused, TallyError)
        assert refused.what == "its relay says: that peer is not reached through this one"

    among(3, use)


def test_a_relay_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """After some time."""
    monkeypatch.setattr("peers.reaching.MEET_S", 0.05)

    async def use(asker: Peer) -> None:
        to = Address(identity(8).peer, HOST, 9, via=identity(9).peer)
        failed = await asker.reach(to)
        assert isinstance(failed, TallyError)
        assert failed.what == "its relay is not reached"

    among(1, use)


def test_a_way_that_nobody_goes_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that is no longer gone."""
    monkeypatch.setattr("peers.reaching.MEET_S", 1)

    async def use(asker: Peer, relay: Peer, provider: Peer) -> None:
        (address,) = await kept(provider, relay)
        asker.known[relay_of(address)] = relay
        made = asyncio.get_running_loop().create_future()
        asker.relays.reaching.reach(address, made.set_result)
        await made
        assert asker.relays.reaching._tunnels
        await until(lambda: not asker.relays.reaching._tunnels)

        monkeypatch.setattr("peers.reaching.MEET_S", 10 * PATIENCE_S)
        await asker.reach(address)
        await until(lambda: asker.lines.control(provider.peer))
        await until(lambda: provider.lines.control(asker.peer))
        provider.mail.end(provider.lines.control(asker.peer), "enough", is_fault=False)
        await until(lambda: not asker.relays.reaching._tunnels)

    among(3, use)


async def meets(one: Peer, other: Peer) -> Connection:
    """Have one dial the other."""
    one.mail.dial(other.control, Channel.CONTROL, expected=other.peer)
    await until(lambda: one.lines.control(other.peer) and other.lines.control(one.peer))
    line = one.lines.control(other.peer)
    assert line is not None
    return line


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (KEEP_TYPE, b"\xc1"),
        (KEEP_TYPE, write_keep(b"junk")),
        (REACH_TYPE, write_keep(b"junk")),
    ],
)
def test_who_asks_what_no_peer_asks_is_cut_off(kind: int, body: bytes) -> None:
    """With a reason."""

    async def use(one: Peer, other: Peer) -> None:
        line = await meets(one, other)
        one.mail.ask(line, kind, body, 1_000)
        await until(lambda: any(closed.is_fault for closed in other.ended))

    among(2, use)


def test_nobody_is_kept_in_anothers_name() -> None:
    """Its certificate is its own."""

    async def use(one: Peer, other: Peer) -> None:
        other.relay()
        line = await meets(one, other)
        theirs = other.mail._party.certificate
        one.mail.ask(line, KEEP_TYPE, write_keep(theirs), 1_000)
        await until(lambda: any(closed.is_fault for closed in other.ended))

    among(2, use)


def test_a_relay_that_puts_itself_in_between_is_found_out() -> None:
    """The certificate that it passes on has to be the peer's."""

    async def use(asker: Peer, relay: Peer, provider: Peer) -> None:
        (address,) = await kept(provider, relay)
        asker.known[relay_of(address)] = relay
        relay.relays.desk._relay._kept[provider.peer] = relay.mail._party.certificate
        failed = await asker.reach(address)
        assert isinstance(failed, RemoteFault)
        assert "not signed by whom it is for" in failed.what

    among(3, use)


def test_calls_of_who_is_no_relay_of_ours_are_not_answered() -> None:
    """Nobody has us dial where they like."""

    async def use(one: Peer, other: Peer, third: Peer) -> None:
        address = one.relay()
        other.known[address] = one
        line = await meets(other, one)
        other.mail.ask(line, KEEP_TYPE, write_keep(other.mail._party.certificate), 1_000)
        await until(lambda: one.relays.desk._relay._kept)
        asking = await meets(third, one)
        third.mail.ask(asking, REACH_TYPE, write_reach(other.peer, Channel.CONTROL), 1_000)
        await until(lambda: ("call not answered") in [event for event, _ in other.said])

    among(3, use)


def test_relays_are_few_and_dialled_themselves() -> None:
    """Else it is refused."""

    async def use(one: Peer) -> None:
        for number in range(MAX_RELAYS):
            one.relays.reachable.use(Address(identity(10 + number).peer, HOST, 9))
        with pytest.raises(Refused, match="already"):
            one.relays.reachable.use(Address(identity(30).peer, HOST, 9))
        with pytest.raises(Refused, match="itself"):
            one.relays.reachable.use(Address(identity(10).peer, HOST, 9, via=identity(11).peer))

    among(1, use)


def test_a_line_for_blocks_carries_nothing_about_relays() -> None:
    """Nor is there any other type."""

    async def use(one: Peer) -> None:
        bulk = Connection(1, bytes(32), Channel.BULK, HOST, is_dialled=False)
        control = Connection(2, bytes(32), Channel.CONTROL, HOST, is_dialled=False)
        for line, kind in ((bulk, KEEP_TYPE), (control, KEEP_TYPE + 2)):
            with pytest.raises(RemoteFault, match=str(kind)):
                one.relays.came(line, one.peer, Role.REQUEST, kind, bytes(16), b"")

    among(1, use)
