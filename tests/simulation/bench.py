"""Bench: stands for what runs steps and what writes, under the real parts of a node.

It has the methods of peers/workbench.py, peers/side_threads.py and engine/recorder.py; steps give
what a Conduct says.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import Any

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.errors import TallyError, Unavailable
from engine.recorder import Record
from peers.agreement import Said
from peers.carried import Carried
from peers.house import Share
from peers.made import Made
from peers.workbench import Outcome, Task, Told
from tests.simulation import work
from tests.simulation.agenda import Agenda
from tests.simulation.conduct import Conduct
from tests.simulation.disk import Writer
from tests.simulation.promises import Promises

LONGEST_MS = 1_000  # that a step takes
TOGETHER_MS = 20  # for which what came of a step waits for that of others, at most


class Recorder:
    """Makes records durable on a made-up disk; `change` is given what changes a database."""

    def __init__(self, writer: Writer, change: Callable[[Callable[[Any], None]], None]) -> None:
        self._writer = writer
        self._change = change

    def submit(self, record: Record) -> None:
        """Make a record durable, then say so."""
        self._writer.put((block.cid, block.data) for block in record.blocks)
        self._writer.perform(
            partial(self._change, record.change), partial(record.recorded, _done(None))
        )

    def hurry(self) -> None:
        """It is as fast as it can be."""


class Memo:
    """Keeps the first witness of each step in a table."""

    def add(self, memo: dict[Cid, Said], witnesses: Iterable[Any]) -> None:
        """Keep witnesses."""
        for one in witnesses:
            memo.setdefault(one.key, Said(one.key, one.result, one.attestation))


class Bench:
    """Runs steps, or does not, as a conduct has it."""

    running = 0

    def __init__(
        self, conduct: Conduct, writer: Writer, agenda: Agenda, promises: Promises
    ) -> None:
        self.luckless = 0.0
        self._conduct = conduct
        self._writer = writer
        self._agenda = agenda
        self._promises = promises
        self._tasks: set[Task] = set()
        self._ended: list[tuple[Task, Told, Outcome]] = []  # to be told

    def join(self, owner: Cid, share: Share) -> None:
        """Lend: there is always room."""

    def leave(self, owner: Cid) -> None:
        """Lend no more."""

    def tick(self) -> None:
        """Nothing is to be renewed."""

    def keep(self, needed: frozenset[Cid]) -> None:
        """Everything is kept."""

    def begin(self, task: Task, carried: Carried | None, told: Told) -> None:
        """Run a step."""
        if carried is not None:
            self._writer.put([(task.step, carried.block.data)])
        self._promises.runs_step(task.step)
        self._tasks.add(task)
        took_ms = self._conduct.random.randint(5, LONGEST_MS) * self._conduct.slowness
        if self._conduct.starts:
            self._later(took_ms, partial(self._end, task, told))

    def cancel(self, task: Task) -> int:
        """End a step of which nothing more is told; nothing is paid for how long it ran."""
        self._tasks.discard(task)
        return 0

    def read(self, job: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Read something and give it to `then`, a little later."""
        self._later(self._conduct.random.randint(0, 5), lambda: then(_done(job)))

    def place(self, environment: Cid, then: Callable[[Any], None]) -> None:
        """Unpack an environment, which is its own closure here."""
        self.read(lambda: environment, then)

    def records(self, said: Iterable[Said]) -> list[Block]:
        """Return the two records of each."""
        found = [(cid, self._writer.get(cid)) for one in said for cid in one[1:]]
        if any(data is None for _, data in found):
            raise Unavailable("a record is not here")
        return [Block(cid, data) for cid, data in found]

    def whole(self, said: Iterable[Said]) -> list[Made]:
        """Return what is still here of what was made."""
        return [_made(one) for one in said if self._writer.get(one.attestation) is not None]

    def _end(self, task: Task, told: Told) -> None:
        if task not in self._tasks:
            return
        if self._conduct.returns or self._conduct.random.random() < self.luckless:
            self._tell(task, told, Unavailable("there is no room"))
            return
        said, blocks = self._conduct.say(task.step)
        self._writer.put((block.cid, block.data) for block in blocks)
        small = tuple(block for block in blocks[2:] if block.cid.codec == RAW)
        made = _made(said)._replace(records=tuple(blocks[:2]), carried=small)
        self._writer.flush(partial(self._tell, task, told, made))

    def _tell(self, task: Task, told: Told, outcome: Outcome) -> None:
        if not self._ended:
            self._later(self._conduct.random.randint(0, TOGETHER_MS), self._pass_on)
        self._ended.append((task, told, outcome))

    def _pass_on(self) -> None:
        """Tell what came of steps, each owner of all of its own at once."""
        ended, self._ended = self._ended, []
        owners: dict[Told, list[tuple[Task, Outcome]]] = {}
        for task, told, outcome in ended:
            if task in self._tasks:
                self._tasks.remove(task)
                owners.setdefault(told, []).append((task, outcome))
        for told, outcomes in owners.items():
            told(outcomes)

    def _later(self, delay_ms: int, happens: Callable[[], None]) -> None:
        self._agenda.after(delay_ms, lambda: happens() if self._writer.is_alive else None)


def _made(said: Said) -> Made:
    failed = work.exit_code(said.step)
    outputs = () if failed else (work.output(said.step)[0].cid,)
    return Made(said, 300, (*said[1:], *outputs), not failed)


def _done(job: Any) -> "Future[Any]":
    """Return a future of what a job gives."""
    future: Future[Any] = Future()
    try:
        future.set_result(job() if job else None)
    except TallyError as error:
        future.set_exception(error)
    return future
