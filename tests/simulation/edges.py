"""Edges: worlds in which the requester and the provider are those of a node, not stand-ins.

Real are peers/requester.py and provider.py with all that they are made of: tickets, deals, the
judge, engagements, the book in SQLite. What runs steps, the disk and the network stay made up, and
the network is as TCP is: nothing is lost on a connection that stands.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast
from unittest import mock

from engine.content.cid import Cid
from engine.errors import TallyError, Unavailable
from peers.allowance import Rate
from peers.assignment import State
from peers.batch_messages import BATCH_TYPE, read_batch, write_batch
from peers.book import Book
from peers.commission import Commission
from peers.credits import NOTHING
from peers.envelope import Role
from peers.errors import RemoteFault
from peers.house import House, Share
from peers.identity import PeerId
from peers.judge import Case, Judge, Tell, Verdict
from peers.lines import Lines
from peers.offer_messages import END_TYPE, OFFER_TYPE
from peers.office import Office
from peers.provider import Provider
from peers.provider_book import ProviderBook
from peers.recruiter import Directory
from peers.requester import Requester
from peers.royalties import NOBODY
from peers.shown import Shown
from peers.step_messages import LEASE_TYPE, STOP_TYPE
from peers.tools import Tools
from tests.peers.free import Tab, free_credit
from tests.simulation import conduct, work
from tests.simulation.agenda import Agenda
from tests.simulation.bench import Bench, Memo, Recorder
from tests.simulation.client import Clients
from tests.simulation.conduct import Conduct
from tests.simulation.depot import Depot, Fetching
from tests.simulation.disk import Writer
from tests.simulation.hashed import Hashed
from tests.simulation.network import Wire
from tests.simulation.peer import Life, Peer
from tests.simulation.post import WALL_MS, Post
from tests.simulation.promises import Promises
from tests.simulation.registrar import Registrar
from tests.simulation.watch import Held, Watch
from tests.simulation.world import World

CORES = 2  # of each peer: a run needs several
LONGEST_MS = 7 * 24 * 3600 * 1000
FREE = Commission("run", NOTHING, NOBODY)
BAD = tuple(kind for kind in conduct.BAD if kind is not conduct.Invents)  # that only a rerun tells
TO_PROVIDER = (OFFER_TYPE, LEASE_TYPE, STOP_TYPE, END_TYPE)


class Clock:
    """The time of a world."""

    def __init__(self, agenda: Agenda) -> None:
        self._agenda = agenda

    def now_ms(self) -> int:
        """Return the time of day."""
        return WALL_MS + self._agenda.now_ms

    def monotonic_ms(self) -> int:
        """Return the time since the beginning."""
        return self._agenda.now_ms


class Shelf:
    """The depot of the simulation, as a node asks it."""

    def __init__(self, depot: Depot, me: PeerId, promises: Promises) -> None:
        self.on_pass: Callable[[PeerId, bytes], None] = lambda *_: None  # nobody gives passes here
        self._depot = depot
        self._me = me
        self._promises = promises
        self.withdraw = depot.withdraw

    def offer(
        self,
        scope: Cid,
        roots: Iterable[Cid],
        asker: PeerId,
        without: frozenset[Cid] = frozenset(),
    ) -> None:
        """Let a peer have what roots lead to: steps among them are handed to it."""
        roots = tuple(roots)
        self._promises.handed(self._me, self._promises.wanted.intersection(roots))
        self._depot.offer(scope, roots, asker, without)

    def look(self, roots: tuple[Cid, ...], said: Callable[[frozenset[Cid]], None]) -> None:
        """Nothing stays with its maker here, so that nobody asks."""
        raise AssertionError(roots)

    def roots(self) -> set[Cid]:
        """Nothing is let go of here."""
        return set()

    def granted(self, peer: PeerId, rate: Rate) -> None:
        """All may send plenty here."""

    def ungranted(self, peer: PeerId) -> None:
        """As above."""

    def fetch(
        self,
        scope: Cid,
        roots: tuple[Cid, ...],
        sources: Iterable[PeerId],
        done: Callable[[TallyError | None], None],
        *,
        most_bytes: int = 0,
        skip: Iterable[Cid] = (),
        is_anew: bool = False,
        word: bytes = b"",
    ) -> "Going":
        """Bring what roots lead to."""
        (source,) = sources
        told = lambda why: done(Unavailable(why) if why else None)  # noqa: E731
        return Going(self._depot, self._depot.fetch(scope, roots, source, told))


class Going:
    """A fetch that may be stopped."""

    came_bytes = 0  # nothing is paid for here

    def __init__(self, depot: Depot, fetching: Fetching) -> None:
        self._depot = depot
        self._fetching = fetching

    def stop(self) -> None:
        """Stop it."""
        self._depot.stop(self._fetching)


class Looking(Judge):
    """A judge of whom is noted what it looks at, and what it believes."""

    me: PeerId
    promises: Promises

    def look(self, case: Case, tell: Tell) -> None:
        """Look at a batch."""
        batch = case.told.batch
        agreement = batch.value.agreement
        self.promises.counted(agreement, batch.value.number, batch.cid)

        def noted(verdicts: Sequence[Verdict]) -> None:
            for verdict in verdicts:
                if verdict.testimony is not None:
                    self.promises.accepted(self.me, verdict.step, agreement)
            tell(verdicts)

        super().look(case, noted)


class Lying(Post):
    """A post whose batches are signed as a conduct has it."""

    conduct: Conduct
    promises: Promises

    def ask(self, wire: Wire, kind: int, body: bytes, deadline_ms: int) -> bytes:
        """Send a request."""
        told = read_batch(body) if kind == BATCH_TYPE else None
        if told and self.conduct.is_honest:
            batch = told.batch
            self.promises.signed(batch.value.agreement, batch.value.number, batch.cid)
        elif told:
            signed, said = self.conduct.sign(told.batch.value, told.said)
            known = {block.cid: block for block in told.records}
            for one in said:
                for by in (self.conduct.signer.peer, Hashed(99).peer):
                    known |= {block.cid: block for block in work.made(one.step, by)[1][:2]}
            body = write_batch(signed, said, [known[cid] for one in said for cid in one[1:]])
        return super().ask(wire, kind, body, deadline_ms)


class NodeLife(Life):
    """A life with the parts of a node."""

    def __init__(self, peer: Peer, folder: Path) -> None:
        agenda, random, promises = peer.agenda, peer.random, peer.promises
        self.me = peer.name
        self._promises = promises
        self._watch = Watch(self, peer)
        self._agenda = agenda
        self.writer = Writer(peer.disk, agenda, random)
        self.post = Lying(peer.signer, peer.network, agenda, random)
        self.post.conduct, self.post.promises = peer.conduct, promises
        self.post.part = self
        self.post.note = peer.note
        self.depot = Depot(self.post, self.writer, lambda: agenda.now_ms, peer.conduct.answer)
        self.depot.blame = self._blame
        self.registrar = Registrar(peer.signer, self.post, random, lambda: agenda.now_ms, CORES)
        self.lines = Lines(self.post)
        self.provider = Bench(peer.conduct, self.writer, agenda, promises)
        self.provider.luckless = peer.luckless
        self.book = Book(folder / f"{peer.number}.db")
        self._parts(peer, Clock(agenda), Shelf(self.depot, self.me, promises))
        self.requester = Clients(
            peer.name,
            self.writer,
            agenda,
            promises,
            lambda client: self._asking.attend(client, FREE),  # nobody asks anything
        )

    def _parts(self, peer: Peer, clock: Clock, shelf: Shelf) -> None:
        """Make what a node makes."""
        lent = Share(CORES, 2**40, 2**50)
        tools = Tools(
            depot=shelf,
            workbench=cast("Any", self.provider),
            threads=cast("Any", self.provider),
            book=ProviderBook(self.book),
            recorder=cast("Any", Recorder(self.writer, self._enter)),
            signer=peer.signer,
            clock=clock,
            wake=self._wake,
            free_bytes=lambda: 2**60,
            most_bytes=2**50,
            shown=Shown(),
            credit=free_credit(),
            meet=lambda _: None,
            log=lambda *_, **__: None,
        )
        house = House(lent, lent, LONGEST_MS)
        self._running = Provider(self.post, self.lines, house, tools)
        if peer.conduct.declines:
            self._running.pause()
        memo = Recorder(self.writer, lambda change: change(self.writer.table("memo")))
        judge = Looking(
            shelf.fetch,
            shelf.look,
            cast("Any", memo),
            cast("Any", Memo()),
            cast("Any", None),
            self._wake,
            *(cast("Any", None),) * 3,  # nothing is run anew
        )
        judge.me, judge.promises = self.me, self._promises

        def log(event: str, **about: object) -> None:
            peer.note(peer.number, event, *about.values())

        office = Office(self.post, self.lines, shelf, peer.signer, judge, log, Tab())
        self._asking = Requester(
            office,
            Directory(self.registrar.notices, frozenset, lambda _: None),  # nothing stays away
            clock,
        )

    def _enter(self, change: Callable[[Any], None]) -> None:
        with self.book.change() as database:
            change(database)

    def _wake(self, happens: Callable[[], None]) -> None:
        self._agenda.after(0, lambda: happens() if self.writer.is_alive else None)

    # a part

    def _met(self, wire: Wire, peer: PeerId) -> None:
        self.lines.opened(wire, peer)
        self.registrar.opened(wire, peer)
        self.depot.opened(wire, peer)
        self._running.opened(wire, peer)
        self._asking.opened(wire, peer)

    def closed(self, wire: Wire, peer: PeerId) -> None:
        """Tell all parts."""
        self.lines.closed(wire, peer)
        self.depot.closed(wire, peer)
        self._running.closed(wire, peer)
        self._asking.closed(wire, peer)
        if not self.post.wires(peer):
            self.registrar.closed(peer)

    def unanswered(self, wire: Wire, peer: PeerId, key: bytes) -> None:
        """Tell who may have asked."""
        self._asking.unanswered(wire, peer, key)
        self._running.unanswered(wire, peer, key)

    def tick(self) -> None:
        """Tell all parts the time."""
        self.post.tick()
        self.registrar.tick()
        now_ms = self._agenda.now_ms
        self.lines.tick(now_ms)
        self.depot.tick()
        self._running.tick(now_ms)
        self._asking.tick(now_ms)
        self._watch.tick()

    def held(self) -> Iterable[Held]:
        """Return the open steps that providers have."""
        for ticket in self._asking._tickets:
            for step, out in ticket._work._copies._out.items():
                states = (deal._assignment.states.get(step) for deal in ticket.deals.values())
                yield Held(step, frozenset(out.providers), State.ATTESTED in states)

    def _work(
        self, wire: Wire, peer: PeerId, role: Role, kind: int, key: bytes, body: bytes
    ) -> None:
        is_answer = role is Role.ANSWER
        request = kind - 1 if is_answer else kind
        part = self._running if (request in TO_PROVIDER) != is_answer else self._asking
        try:
            part.came(wire, peer, role, kind, key, body)
        except RemoteFault as fault:
            self._promises.blamed(self.me, peer, fault.what)
            raise


class NodeWorld(World):
    """A world of nodes."""

    bad = BAD

    def __init__(self, seed: int, folder: Path, say: Callable[[str], None] | None = None) -> None:
        super().__init__(seed, say)
        self.network.is_tcp = True
        self.command = "python -m tests.simulation --node"
        for peer in self.peers:
            peer.life_of = lambda peer: NodeLife(peer, folder)

    def _run(self) -> None:
        with ExitStack() as stack:
            stack.enter_context(mock.patch.object(secrets, "token_bytes", self.random.randbytes))
            super()._run()
