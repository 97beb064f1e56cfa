"""Supply: has what the steps of one agreement take brought here: environments, and their inputs.

Steps are fetched some at a time, in the order in which they came: a few at first, so that one may
begin soon, then many at once. When something of many cannot be had, each is fetched by itself. An
environment is fetched and unpacked once, whichever steps take it.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import Final, Protocol

from engine.content.cid import Cid
from engine.errors import TallyError
from peers.allowance import Rate
from peers.identity import PeerId
from peers.shown import Shown

FIRST: Final = 4  # steps of the first fetch; each has four times as many as the one before
MOST: Final = 256  # of one fetch: what is lost when one of them cannot be had
AT_ONCE: Final = 2  # fetches of steps: one is on its way while the other is asked for

Done = Callable[[TallyError | None], None]


class Fetching(Protocol):
    """Content on its way here."""

    def stop(self) -> None:
        """Want it no more; nothing is told of it."""
        ...


class Depot(Protocol):
    """Has content brought here, and serves it (depot.py)."""

    def offer(self, scope: Cid, roots: Iterable[Cid], asker: PeerId | None) -> None:
        """Serve what some roots lead to, to one peer or to everybody."""
        ...

    def withdraw(self, scope: Cid) -> None:
        """Serve nothing more of a scope."""
        ...

    def roots(self) -> set[Cid]:
        """Return the roots of what is on its way here, for whomever."""
        ...

    def granted(self, peer: PeerId, rate: Rate) -> None:
        """Let a peer send at a rate, as was agreed."""
        ...

    def ungranted(self, peer: PeerId) -> None:
        """Note that an agreement has ended."""
        ...

    def fetch(
        self,
        scope: Cid,
        roots: tuple[Cid, ...],
        sources: Iterable[PeerId],
        done: Done,
        *,
        most_bytes: int = ...,
        is_anew: bool = ...,
    ) -> Fetching:
        """Bring what some roots lead to; `done` is called when all of it is durable, or why not.

        `is_anew`: also what is here.
        """
        ...


Place = Callable[[Cid, Callable[["Future[Cid]"], None]], None]


class Supply:
    """What is on its way here for one agreement. For the node's thread."""

    def __init__(
        self,
        scope: Cid,
        source: PeerId,
        most_bytes: Callable[[], int],
        depot: Depot,
        place: Place,
        shown: Shown,
        ready: Callable[[Cid, Cid], None],
        failed: Callable[[Cid, TallyError], None],
    ) -> None:
        """Call `ready` with a step and its closure, or `failed` with why not."""
        self._scope = scope
        self._source = source
        self._most_bytes = most_bytes
        self._depot = depot
        self._place = place
        self._shown = shown
        self._ready = ready
        self._failed = failed
        self._wanted: dict[Cid, Cid] = {}  # step -> its environment
        self._parts: dict[Cid, tuple[Cid, ...]] = {}  # of a step whose record is here
        self._takers: Counter[Cid] = Counter()  # environment -> how many of those take it
        self._queue: dict[Cid, None] = {}
        self._alone: dict[Cid, None] = {}  # steps that are fetched one by one
        self._size = FIRST
        self._here: dict[Cid, None] = {}  # steps that wait for their environments
        self._closures: dict[Cid, Cid] = {}  # environment -> the closure it carries, in its place
        self._coming: dict[Cid, None] = {}  # environments; the first is fetched, then unpacked
        self._under_way: Cid | None = None  # of them
        self._fetches: dict[int, Fetching] = {}
        self._number = 0
        self._flying = 0  # fetches of steps

    def want(self, needs: Iterable[tuple[Cid, Cid, tuple[Cid, ...] | None]]) -> None:
        """Have steps brought here, each with its environment; of some, only parts are lacking."""
        whole: list[Cid] = []
        for step, environment, parts in needs:
            if step in self._wanted:
                continue
            self._wanted[step] = environment
            self._takers[environment] += 1
            if environment not in self._closures:
                self._coming.setdefault(environment)
            if parts is not None:
                self._parts[step] = parts
            if parts == ():
                whole.append(step)
            else:
                self._queue[step] = None
        for step in whole:
            self._arrive(step)
        self._begin_environment()
        self._go_on()

    def drop(self, step: Cid) -> None:
        """Want a step no more, nor an environment that no other step takes."""
        environment = self._wanted.pop(step, None)
        self._parts.pop(step, None)
        for held in (self._here, self._queue, self._alone):
            held.pop(step, None)
        if environment is None:
            return
        self._takers[environment] -= 1
        if not self._takers[environment]:
            del self._takers[environment]
            if environment != self._under_way:
                self._coming.pop(environment, None)

    def close(self) -> None:
        """Want nothing more."""
        for fetch in self._fetches.values():
            fetch.stop()
        self._fetches.clear()
        self._coming.clear()
        for step in tuple(self._wanted):
            self.drop(step)

    def _go_on(self) -> None:
        while self._flying < AT_ONCE and (steps := self._next()):
            self._flying += 1
            roots = (root for step in steps for root in self._parts.get(step, (step,)))
            self._fetch(tuple(dict.fromkeys(roots)), partial(self._on_steps, steps))
        if not self._wanted:
            self._size = FIRST

    def _begin_environment(self) -> None:
        """Have the first environment that is to come brought here, one after the other."""
        first = next(iter(self._coming), None)
        if first is not None and first is not self._under_way:
            self._under_way = first
            self._fetch((first,), partial(self._on_environment, first))

    def _end_environment(self, environment: Cid) -> None:
        self._coming.pop(environment, None)
        self._under_way = None
        self._begin_environment()

    def _next(self) -> tuple[Cid, ...]:
        """Return the steps that are fetched next."""
        queue, size = (self._queue, self._size) if self._queue else (self._alone, 1)
        taken: list[Cid] = []
        while queue and len(taken) < size:
            step = next(iter(queue))
            del queue[step]
            taken.append(step)
        self._size = min(MOST, 4 * size) if size > 1 else self._size
        return tuple(taken)

    def _fetch(self, roots: tuple[Cid, ...], done: Done) -> None:
        """Have roots brought here: first, anew, those that the source has not shown to have."""
        new = self._shown.lacks(self._source, roots)
        old = tuple(root for root in roots if root not in set(new))

        def shown(error: TallyError | None) -> None:
            if error is None:
                self._shown.add(self._source, new)
            if error is None and old:
                self._begin(old, done)
            else:
                done(error)

        if new:
            self._begin(new, shown, is_anew=True)
        else:
            self._begin(old, done)

    def _begin(self, roots: tuple[Cid, ...], done: Done, *, is_anew: bool = False) -> None:
        self._number += 1
        number = self._number

        def ended(error: TallyError | None) -> None:
            self._fetches.pop(number, None)
            done(error)

        self._fetches[number] = self._depot.fetch(
            self._scope,
            roots,
            (self._source,),
            ended,
            most_bytes=self._most_bytes(),
            is_anew=is_anew,
        )

    def _on_steps(self, steps: tuple[Cid, ...], error: TallyError | None) -> None:
        self._flying -= 1
        if error is not None and len(steps) > 1:
            self._alone.update((step, None) for step in steps if step in self._wanted)
        for step in steps:
            if step in self._wanted and error is None:
                self._arrive(step)
            elif step in self._wanted and len(steps) == 1 and error is not None:
                self._fail(step, error)
        self._go_on()

    def _on_environment(self, environment: Cid, error: TallyError | None) -> None:
        if error is not None:
            self._lack(environment, error)
        else:
            self._place(environment, partial(self._on_placed, environment))

    def _on_placed(self, environment: Cid, placed: "Future[Cid]") -> None:
        try:
            self._closures[environment] = placed.result()
        except TallyError as error:
            self._lack(environment, error)
            return
        self._end_environment(environment)
        for step in [step for step in self._here if self._wanted[step] == environment]:
            self._arrive(step)

    def _lack(self, environment: Cid, error: TallyError) -> None:
        """Give up the steps of an environment; one that comes later has it tried again."""
        self._end_environment(environment)
        for step in [step for step, takes in self._wanted.items() if takes == environment]:
            self._fail(step, error)

    def _arrive(self, step: Cid) -> None:
        closure = self._closures.get(self._wanted[step])
        if closure is None:
            self._here[step] = None
        else:
            self.drop(step)
            self._ready(step, closure)

    def _fail(self, step: Cid, error: TallyError) -> None:
        self.drop(step)
        self._failed(step, error)
