"""Sender: says to the node what of a run is started, many steps at a time.

Their records are durable before: the node serves them from the store.

>>> sender = Sender(client, store, brief)                                # doctest: +SKIP
>>> sender.put(step)                                                     # doctest: +SKIP
>>> sender.run()                                                         # doctest: +SKIP
"""

from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Protocol

from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.rows import Name
from engine.runner import Order
from peers.brief import Brief, Kept, reads, record_of
from peers.plain import Plain
from peers.remote_step import RemoteStep
from peers.run_frames import MAX_TASKS, Held, Task, write_held, write_tasks


class Client(Protocol):
    """The conversation with the node (control_client.py): one thread sends, another receives."""

    def send(self, value: Plain) -> None:
        """Send a value. Raises: Unavailable when the node is gone."""
        ...

    def receive(self, timeout_ms: int | None = None) -> Plain:
        """Return the next value, None when none comes in time. Raises: as `send`."""
        ...

    def close(self) -> None:
        """Go."""
        ...


class Sender:
    """What is said of one run. For any thread."""

    def __init__(
        self, client: Client, store: BlockStore, brief: Callable[[Name, Order], Brief]
    ) -> None:
        self._client = client
        self._store = store
        self._brief = brief
        self._kinds: dict[str, int] = {}  # by the thread that sends alone
        self._away: set[Cid] = set()  # what stayed where it was made; it only grows
        self._outbox: SimpleQueue[RemoteStep | Kept | Plain] = SimpleQueue()

    def put(self, said: RemoteStep | Kept | Plain) -> None:
        """Have something said."""
        self._outbox.put(said)

    def stays(self, roots: Iterable[Cid]) -> None:
        """Take what stayed where it was made: it is said of what reads it."""
        self._away.update(roots)

    def close(self) -> None:
        """Have it said that nothing more comes."""
        self._outbox.put(("end",))
        self._outbox.put(None)

    def run(self) -> None:
        """Send all that is put, in order, until it is closed.

        Raises: Unavailable when the node is gone; as the store does.
        """
        while (first := self._outbox.get()) is not None:
            self._send([first])

    def _send(self, said: list[RemoteStep | Kept | Plain]) -> None:
        """Send what has piled up."""
        try:
            while len(said) < MAX_TASKS:
                said.append(self._outbox.get_nowait())
        except Empty:
            pass
        kept = [one for one in said if isinstance(one, Kept)]
        started = [one for one in said if isinstance(one, RemoteStep) and not one.end.done()]
        if kept or started:
            orders = [one.order for one in kept] + [one.order for one in started]
            self._store.put([block for order in orders for block in order.blocks])
        if kept:
            self._client.send(write_held([self._held(one) for one in kept]))
        if started:
            tasks = [self._task(one.number, one.name, one.order) for one in started]
            self._client.send(write_tasks(tasks))
        for one in said:
            if isinstance(one, tuple) and not isinstance(one, Kept):
                self._client.send(one)
        if None in said:
            self._outbox.put(None)

    def _held(self, kept: Kept) -> Held:
        return Held(self._task(0, kept.name, kept.order), kept.roots, kept.provider)

    def _task(self, number: int, name: Name, order: Order) -> Task:
        brief = self._brief(name, order)
        return Task(
            number,
            order.key,
            brief.need,
            self._kinds.setdefault(name[0], len(self._kinds)),
            brief.usual_ms,
            tuple(order.step.outputs),
            brief.sizes,
            brief.is_private,
            brief.stays,
            order.apart,
            record_of(order),
            tuple(cid for cid in reads(order) if cid in self._away) if self._away else (),
        )
