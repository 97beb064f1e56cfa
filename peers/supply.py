"""Supply: has what the steps of one agreement take brought here: environments, and their inputs.

Steps are fetched some at a time, in the order in which they came: a few at first, so that one may
begin soon, then many at once. When something of many cannot be had, each is fetched by itself. An
environment is fetched and unpacked once, whichever steps take it.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import Final, NamedTuple

from engine.content.cid import Cid
from engine.errors import TallyError
from peers.intake import Intake, Origin

FIRST: Final = 4  # steps of the first fetch; each has four times as many as the one before
MOST: Final = 256  # of one fetch: what is lost when one of them cannot be had
AT_ONCE: Final = 2  # fetches of steps: one is on its way while the other is asked for

Place = Callable[[Cid, Callable[["Future[Cid]"], None]], None]


class Lacking(NamedTuple):
    """What is to be brought here for a step."""

    step: Cid
    environment: Cid
    parts: tuple[Cid, ...] | None  # of it; None for all of it
    skip: frozenset[Cid] = frozenset()  # what it links to and is here, or had from elsewhere


class Supply:
    """What is on its way here for one agreement. For the node's thread."""

    def __init__(
        self,
        origin: Origin,
        intake: Intake,
        place: Place,
        ready: Callable[[Cid, Cid], None],
        failed: Callable[[Cid, TallyError], None],
    ) -> None:
        """Call `ready` with a step and its closure, or `failed` with why not."""
        self._origin = origin
        self._intake = intake
        self._place = place
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
        self._skips: dict[Cid, frozenset[Cid]] = {}  # step -> what is had from elsewhere
        self._flying = 0  # fetches of steps

    def want(self, needs: Iterable[Lacking]) -> None:
        """Have steps brought here, each with its environment."""
        whole: list[Cid] = []
        for step, environment, parts, skip in needs:
            if step in self._wanted:
                continue
            if skip:
                self._skips[step] = skip
                parts = parts and tuple(one for one in parts if one not in skip)
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
        self._skips.pop(step, None)
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
        self._coming.clear()
        for step in tuple(self._wanted):
            self.drop(step)

    def _go_on(self) -> None:
        while self._flying < AT_ONCE and (steps := self._next()):
            self._flying += 1
            skip = frozenset[Cid]().union(*(self._skips.get(step, ()) for step in steps))
            parts = (root for step in steps for root in self._parts.get(step, (step,)))
            roots = tuple(dict.fromkeys(parts))
            self._intake.fetch(self._origin, roots, partial(self._on_steps, steps), skip)
        if not self._wanted:
            self._size = FIRST

    def _begin_environment(self) -> None:
        """Have the first environment that is to come brought here, one after the other."""
        first = next(iter(self._coming), None)
        if first is not None and first is not self._under_way:
            self._under_way = first
            self._intake.fetch(self._origin, (first,), partial(self._on_environment, first))

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
