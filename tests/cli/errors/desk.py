"""A desk: a node that signs nothing, and answers what is asked of credit as a real one would."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from peers.channel import Channel
from peers.control import Control, Visitor
from peers.credit_desk import CreditDesk, Then
from peers.identity import PeerId
from peers.limits import granted
from peers.plain import Plain
from peers.settling import acceptance, ending, refusal, reset

Account = Callable[[PeerId], Channel]


class _Answers:
    """What is refused, by how it stands with a peer."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def grant(self, peer: PeerId, limit: int, then: Then) -> None:
        """Look whether a limit may be signed."""
        granted(self._account(peer), limit)
        then()

    def end(self, peer: PeerId, then: Then) -> None:
        """Look whether an end may."""
        ending(self._account(peer))
        then()

    def propose(self, peer: PeerId, balance: int, reason: str, then: Then) -> None:
        """Look whether a reset may."""
        reset(self._account(peer), balance, reason)
        then()

    def accept(self, peer: PeerId, balance: int | None, then: Then) -> None:
        """Look whether there is one to be signed."""
        acceptance(self._account(peer), balance)
        then()

    def refuse(self, peer: PeerId, then: Then) -> None:
        """Look whether there is one to be refused."""
        refusal(self._account(peer))
        then()


async def _end(control: Control) -> None:
    control.close()
    await asyncio.sleep(0)  # for visitors to be sent away


@contextmanager
def served(home: Path, account: Account | None) -> Iterator[None]:
    """Serve the socket of a home; without accounts, whoever asks is sent away."""

    def begin(visitor: Visitor, value: Plain) -> None:
        if account is None:
            return visitor.close()
        assert isinstance(value, tuple)
        name, *words = value
        answers = _Answers(account)
        return CreditDesk(answers, answers).attend(visitor, str(name), words)

    loop, control = asyncio.new_event_loop(), Control(home, begin)
    loop.run_until_complete(control.open())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(_end(control), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
