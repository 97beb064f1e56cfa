"""Sources: content that is not here, had from elsewhere: each source in its turn.

The store of this home is looked at first, block by block: what is here is never asked for, and a
root of which only a part is here is completed. What comes is content that nothing pins: it is
held while this process lives, then whatever uses it pins it, or a gc has it.

Nobody is believed: each block is checked as it is put in the store, and a source that says it is
done is only done when all of it is found there.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol, TypeAlias

from engine.content.blocks import ManyStore
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.content.links import OURS, STRANGER, links, reachable
from engine.errors import Damaged, NotHere, Nowhere, TallyError, Unavailable
from engine.presence import Presence

MAX_BROUGHT: Final = 1_000  # blocks that a source is asked for at a time, one by one

Came: TypeAlias = Callable[[int], None]  # is told how many bytes of blocks came so far
Watch: TypeAlias = Callable[[str, Cid, Cid, int], None]  # source, root, and within what
Ask: TypeAlias = Callable[["Source"], None]


class Source(Protocol):
    """Whoever may have content that is not here. Passes tests/conformance/source.py.

    `within`: the public root by which it may be had, of which it is a part.
    """

    @property
    def name(self) -> str:
        """What it is called, to people and in settings."""
        ...

    def fetch(self, store: ManyStore, root: Cid, within: Cid, came: Came) -> None:
        """Put all that a root leads to in a store, as far as it is not there.

        Raises: Unavailable when it does not come, or the store cannot take it; Damaged when what
        comes is not what it is named.
        """
        ...

    def bring(self, store: ManyStore, cids: Sequence[Cid], within: Cid) -> None:
        """Put some blocks in a store, up to MAX_BROUGHT, and nothing that they lead to.

        Raises: as fetch does.
        """
        ...


class Holding(ManyStore, Protocol):
    """A store that can keep content from a gc."""

    def hold(self, cids: Iterable[Cid]) -> None:
        """Keep these, and all they link to, while this process lives."""
        ...


def _to_nobody(source: str, root: Cid, within: Cid, came: int) -> None:
    """Tell nobody."""


class Sources:
    """Where content comes from, the nearest first. For one thread."""

    def __init__(
        self, store: Holding, sources: Sequence[Source], watch: Watch = _to_nobody
    ) -> None:
        """Have nothing from anywhere when there are no sources."""
        self._store = store
        self._sources = tuple(sources)
        self._watch = watch

    def __bool__(self) -> bool:
        """Whether anybody could be asked."""
        return bool(self._sources)

    def have(self, roots: Iterable[Cid], within: Cid | None = None) -> None:
        """Have roots, and all that they lead to, in the store.

        Raises: NotHere when nobody gives it, with who was asked; Damaged when all that anybody
        gives is wrong; Unavailable when the store cannot take it.
        """
        for root in dict.fromkeys(roots):
            if not self._is_whole(root):
                self._fetch(root, within or root)

    def get(self, cid: Cid, within: Cid | None = None) -> bytes:
        """Return one block, which is then in the store.

        Raises: as have does; Damaged when it is here, but changed, and nobody else has it.
        """
        try:
            return self._store.get(cid)
        except (NotHere, Damaged):
            if not self._sources:
                raise
        self._bring([cid], within or cid)
        return self._store.get(cid)

    def some(self, cids: Sequence[Cid], within: Cid | None = None) -> None:
        """Have some blocks in the store, and nothing that they lead to; without sources, no change.

        Raises: as have does.
        """
        here = self._store.has_many(cids) if self._sources else {*cids}
        missing = [cid for cid in dict.fromkeys(cids) if cid not in here]
        if missing:
            self._bring(missing, within or missing[0])

    def records(self, root: Cid, within: Cid | None = None) -> None:
        """Have in the store the record that a root is, and all records that it leads to.

        They are small beside what else is linked to from there, of which nothing is asked for.

        Raises: as have does; Damaged for more than an honest run has.
        """
        known, level = {root}, [root]
        for _ in range(STRANGER.depth):
            self.some(level, within or root)
            below = dict.fromkeys(link for cid in level for link in self._links(cid, within))
            level = [cid for cid in below if cid.codec == DAG_CBOR and cid not in known]
            known.update(level)
            if not level:
                return
            if len(known) > STRANGER.blocks:
                break
        raise Damaged("records that lead to more than any honest ones do", where=str(root))

    def _links(self, cid: Cid, within: Cid | None) -> Iterable[Cid]:
        return links(cid, self.get(cid, within))

    def _bring(self, cids: Sequence[Cid], within: Cid) -> None:
        for at in range(0, len(cids), MAX_BROUGHT):
            self._bring_some(cids[at : at + MAX_BROUGHT], within)

    def _bring_some(self, cids: Sequence[Cid], within: Cid) -> None:
        def missing() -> list[Cid]:
            here = self._store.has_many(cids)
            return [cid for cid in cids if cid not in here]

        self._ask(
            cids[0],
            within,
            lambda source: source.bring(self._store, missing(), within),
            lambda: not missing(),
        )

    def _fetch(self, root: Cid, within: Cid) -> None:
        def ask(source: Source) -> None:
            source.fetch(
                self._store, root, within, lambda came: self._watch(source.name, root, within, came)
            )

        self._ask(root, within, ask, lambda: self._is_whole(root))

    def _ask(self, cid: Cid, within: Cid, ask: Ask, is_here: Callable[[], bool]) -> None:
        """Ask each source until something is here."""
        asked: list[tuple[str, TallyError]] = []
        for source in self._sources:
            try:
                ask(source)
            except (Unavailable, Damaged) as error:
                asked.append((source.name, error))
                continue
            if is_here():
                return
            asked.append((source.name, Unavailable("it did not give all of it")))
        raise _nowhere(self._why(cid, within), asked)

    def _why(self, root: Cid, within: Cid) -> TallyError:
        """Return why not all that a root leads to is here: of what was asked for, by its name."""
        try:
            for cid in reachable(self._store.get, [root], OURS):
                if cid.codec == RAW and not self._store.has(cid):
                    self._store.get(cid)
        except (Unavailable, Damaged) as error:
            if not isinstance(error, NotHere) or error.where:  # a source of it that has changed
                return error
        what = str(root) if self._store.has(root) is False else f"a part of {root}"
        what = what if root == within else f"a part of {within}"
        return NotHere(f"{what} is not here", fix="import a bundle that has it, or add it again")

    def _is_whole(self, root: Cid) -> bool:
        return bool(Presence(self._store, self._store.hold).whole([root]))


def _nowhere(here: TallyError, asked: Sequence[tuple[str, TallyError]]) -> TallyError:
    """Return what is said of content that nobody gave: why it is not here, and what each said."""
    if not asked:
        return here
    damaged = [error for _, error in asked if isinstance(error, Damaged)]
    if len(damaged) == len(asked):
        return damaged[0]
    said = ", ".join(f"{name} ({error.what.rpartition(': ')[2]})" for name, error in asked)
    ways = _ways(asked)
    if isinstance(here, NotHere):
        return Nowhere(here.what, where=here.where, fix=here.fix, asked=said, ways=ways)
    here.fix = ", or ".join(filter(None, (here.fix, ways)))
    return here


def _ways(asked: Sequence[tuple[str, TallyError]]) -> str:
    """Return what can be done so that one of those who were asked gives it, each once."""
    fixes = dict.fromkeys(error.fix.partition(";")[0] for _, error in asked)
    return ", or ".join(filter(None, fixes))
