"""Untold: what came of the steps of one agreement, until a batch tells it.

What is told of a step that has just been run is this peer's word, for one result of it and never
two (own_word.py): what that may not be given for is not told. What an earlier run gave, and
failures, are told as they are.

>>> untold.take(made)                                                    # doctest: +SKIP
[Ran(said=Said(...), size=312, succeeded=True)]
>>> made = untold.leave(said)                                            # doctest: +SKIP
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from sqlite3 import Connection

from engine.content.cid import Cid
from engine.errors import TallyError
from peers.agreement import Said
from peers.identity import PeerId
from peers.made import Made
from peers.own_word import DIFFERS
from peers.service_events import Ran
from peers.tools import Tools


class Untold:
    """That of one agreement. For the node's thread, unless it says so."""

    def __init__(
        self,
        requester: PeerId,
        tools: Tools,
        is_open: Callable[[Cid], bool],
        fail: Callable[[Cid, str], None],
        ended: Counter[str],
    ) -> None:
        """Call `fail` with a step that our word is not given for, and why; count the others."""
        self._requester = requester
        self._shown = tools.shown
        self._word = tools.book.word
        self._is_open = is_open
        self._fail = fail
        self._ended = ended
        self._made: dict[Cid, Made] = {}  # by step

    def take(self, made: Sequence[Made]) -> list[Ran]:
        """Take what came of steps that ended by themselves; return what is to be told of it."""
        given = [one for one in made if one.is_word and self._is_open(one.said.step)]
        refused = self._refused(given)
        for step, why in refused.items():
            self._fail(step, why)
        told = [one for one in made if not one.is_word]
        told += [one for one in given if one.said.step not in refused]
        gave = (root for one in told for root in one.roots)
        self._shown.add(self._requester, gave)  # it may read what it made
        for one in told:
            self._keep(one)
        return [Ran(one.said, one.size, one.succeeded) for one in told]

    def leave(self, said: Iterable[Said]) -> list[Made]:
        """Return what of a batch was just made: it is told now."""
        return [one for each in said if (one := self._made.pop(each.step, None))]

    def enter(self, made: Iterable[Made], book: Connection) -> None:
        """Write what this peer gives its word for with a batch. For any thread."""
        words = [(one.said, one.started_ms or 0) for one in made if one.is_word]
        self._word.enter(words, book)

    def drop(self, made: Iterable[Made]) -> None:
        """Hold results here no more: they are entered, or are not told."""
        for one in made:
            if one.is_word:
                self._word.drop(one.said)

    def close(self) -> None:
        """Tell no more."""
        self.drop(self._made.values())

    def _refused(self, made: Sequence[Made]) -> dict[Cid, str]:
        """Give our word for results; return the steps of those that it is not given for, and why.

        They are looked up at once, by their keys: to wait for another thread would take longer.
        """
        try:
            refused = self._word.objections([(one.said, one.started_ms or 0) for one in made])
        except TallyError as error:
            return dict.fromkeys((one.said.step for one in made), error.what)
        for one in made:
            if one.said.step not in refused and not self._word.take(one.said):
                refused[one.said.step] = DIFFERS
        return refused

    def _keep(self, one: Made) -> None:
        """Count what came of a step, and keep it, if that is still open, in place of any other."""
        self._ended["done" if one.succeeded else "failed"] += 1
        step = one.said.step
        if self._is_open(step):
            before = self._made.get(step)
            if before is not None and before is not one:
                self.drop([before])
            self._made[step] = one
