"""Content desk: content that commands of the same user have brought here from other peers.

A few peers are asked at first, those who are said to have it, then more as long as nothing comes.
The command is told now and then how much has come, and at the end that all of it is durable, or why
not: at once when all who are connected have said that they have it not. When it goes, its fetch is
stopped; what came of it stays until a gc, so that the next begins where it ended.
"""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from engine.content.cid import Cid
from engine.errors import Refused, TallyError, Unavailable
from peers.control import Visitor
from peers.control_frames import frame_of
from peers.fetch import MAX_SOURCES
from peers.fetching import Fetching, Said
from peers.identity import PeerId
from peers.plain import Plain
from peers.public_scopes import PublicScopes

MAX_HAVING: Final = 16  # fetches for commands at a time: more take no less time
MAX_ROOTS: Final = 1_000  # of one of them
AT_A_TIME: Final = 8  # peers that are asked: each takes a line for blocks
AWAITED: Final = 6  # times TOLD_MS: for one who is dialled and may have it
TOLD_MS: Final = 500  # how often a command is told how much has come


class Depot(Protocol):
    """What fetches (depot.py)."""

    def fetch(
        self,
        scope: Cid,
        roots: tuple[Cid, ...],
        sources: Iterable[PeerId],
        done: Said,
        *,
        is_shallow: bool,
    ) -> Fetching:
        """Have all that roots lead to brought into the store."""
        ...

    def status(self) -> dict[str, int]:
        """Return what it does."""
        ...

    def also_from(self, fetching: Fetching, peers: Iterable[PeerId]) -> None:
        """Have more peers asked."""
        ...


class Company(Protocol):
    """Whom to ask (company.py)."""

    def of(self, scope: Cid) -> tuple[PeerId, ...]:
        """Return who is connected, the likeliest to have something first."""
        ...

    def seek(self, scope: Cid) -> bool:
        """Dial who may have something and is not connected; return whether there is one."""
        ...


class _Having:
    """What one command waits for."""

    def __init__(self, visitor: Visitor, scope: Cid) -> None:
        self.visitor = visitor
        self.scope = scope
        self.patience = 0  # how often it is still waited for somebody who is dialled
        self.fetching: Fetching | None = None
        self.told_bytes = 0


class ContentDesk:
    """Has brought what visitors ask for. For the node's thread."""

    def __init__(
        self,
        depot: Depot,
        company: Company,
        room: Callable[[], int],
        scopes: PublicScopes,
    ) -> None:
        """Take who is connected, how many bytes the disk takes, and what offers what is public."""
        self.nudged: Callable[[], None] = lambda: None  # who else looks at what is published
        self._depot = depot
        self._company = company
        self._room = room
        self._scopes = scopes
        self._under_way: dict[Visitor, _Having] = {}
        self._told_ms = 0

    def status(self) -> dict[str, int]:
        """Return what there is to be said of content."""
        return {**self._depot.status(), "public": self._scopes.count}

    def knows(self, name: str) -> bool:
        """Return whether this is where something is asked for."""
        return name in {"have", "published"}

    def attend(self, visitor: Visitor, name: str, words: list[Plain]) -> None:
        """Do what a visitor asks for, and answer."""
        try:
            self._do(visitor, name, words)
        except TallyError as error:
            visitor.send(frame_of(error))

    def tick(self, now_ms: int) -> None:
        """Look at what is public, and go on with what is under way."""
        self._scopes.tick(now_ms)
        if now_ms - self._told_ms < TOLD_MS:
            return
        self._told_ms = now_ms
        if not self._under_way:
            return
        is_full = self._room() <= 0
        for having in tuple(self._under_way.values()):
            if having.fetching is not None:
                self._go_on(having, having.fetching, is_full=is_full)

    def _go_on(self, having: _Having, fetching: Fetching, *, is_full: bool) -> None:
        """Tell how much has come; ask more peers when that is nothing, or end it."""
        came = fetching.came_bytes
        connected = self._company.of(having.scope)
        others = [peer for peer in connected if peer not in fetching.sources]
        room = MAX_SOURCES - len(fetching.sources)
        if is_full:
            self._give_up(having, fetching, _full())
        elif others and room > 0 and came == having.told_bytes:
            self._depot.also_from(fetching, others[: min(AT_A_TIME, room)])
        elif having.patience:
            having.patience -= 1
        elif fetching.is_refused:
            self._give_up(having, fetching, _refused(len(fetching.sources)))
        if having.visitor in self._under_way:
            having.told_bytes = came
            having.visitor.send(("came", came))

    def _give_up(self, having: _Having, fetching: Fetching, error: TallyError) -> None:
        fetching.stop()
        self._ended(having, error)

    def _do(self, visitor: Visitor, name: str, words: list[Plain]) -> None:
        match (name, *words):
            case ("published",):
                self._scopes.look()
                self.nudged()
                visitor.send(("ok", None))
            case ("have", bytes(scope), bool(is_shallow), *roots) if 0 < len(roots) <= MAX_ROOTS:
                self._have(visitor, _cid(scope), tuple(map(_cid, roots)), is_shallow=is_shallow)
            case _:
                raise Refused(f"'{name}' is asked with other words")

    def _have(
        self, visitor: Visitor, scope: Cid, roots: tuple[Cid, ...], *, is_shallow: bool
    ) -> None:
        sources = self._company.of(scope)[:AT_A_TIME]
        is_awaited = self._company.seek(scope)
        if not (sources or is_awaited):
            fix = "name one: 'tally peer add ADDRESS'; 'tally peer status' shows who is connected"
            raise Unavailable("no peer is connected", fix=fix)
        if visitor in self._under_way:
            raise Refused("one thing at a time: something is being fetched for this command")
        if len(self._under_way) >= MAX_HAVING:
            what = f"{MAX_HAVING} other commands have content fetched"
            raise Unavailable(what, fix="try again when one of them has ended")
        having = self._under_way[visitor] = _Having(visitor, scope)
        having.patience = AWAITED if is_awaited else 0
        self._until_gone(visitor)
        having.fetching = self._depot.fetch(
            scope,
            roots,
            sources,
            lambda error: self._ended(having, error),
            is_shallow=is_shallow,
        )

    def _until_gone(self, visitor: Visitor) -> None:
        forget = visitor.on_closed

        def gone() -> None:
            having = self._under_way.pop(visitor, None)
            if having is not None and having.fetching is not None:
                having.fetching.stop()
            forget()

        visitor.on_closed = gone

    def _ended(self, having: _Having, error: TallyError | None) -> None:
        self._under_way.pop(having.visitor, None)
        came = 0 if having.fetching is None else having.fetching.came_bytes
        having.visitor.send(("ok", came) if error is None else frame_of(error))


def _refused(count: int) -> Unavailable:
    who = "the peer that is connected has it not"
    if count > 1:
        who = f"none of the {count} peers that are connected has it"
    return Unavailable(who, fix="try again when a peer that published it is connected")


def _full() -> Unavailable:
    fix = "free some, or run 'tally gc', then run the command again: it goes on from there"
    return Unavailable("the disk is nearly full", fix=fix)


def _cid(raw: Plain) -> Cid:
    if not isinstance(raw, bytes):
        raise Refused("content is asked for by its CID")
    return Cid.from_bytes(raw)
