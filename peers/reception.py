"""Reception: what commands of the same user may ask of a node, and what they are answered.

The first frame of a visitor names it; all but "run", what is fetched and what is signed is answered
at once.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from engine.errors import Refused, TallyError
from peers.addressbook import AddressBook
from peers.commission import Commission
from peers.content_desk import ContentDesk
from peers.control import Visitor
from peers.control_frames import frame_of
from peers.credit_desk import CreditDesk, Granting, Settling
from peers.credits import check
from peers.identity import Address, PeerId
from peers.lines import Lines
from peers.loopback import is_carried
from peers.peer_record import Notice
from peers.plain import Plain
from peers.registrar import Registrar
from peers.royalties import Royalties

Facts = dict[str, Any]  # what JSON can hold


class Lending(Protocol):
    """What is asked of the part that runs steps for others."""

    def pause(self) -> None:
        """Take no more offers; go on with what was agreed."""
        ...

    def resume(self) -> None:
        """Take offers again."""
        ...

    def status(self) -> Facts:
        """Return what it does."""
        ...


class Borrowing(Protocol):
    """What is asked of the part that has others run steps."""

    def attend(self, visitor: Visitor, commission: Commission) -> None:
        """Have the steps of a run run, as the visitor goes on to say."""
        ...

    def status(self) -> Facts:
        """Return what it does."""
        ...

    def credit(self, notice: Notice) -> int:
        """Return for how many micro-credits more a peer would run steps of this one."""
        ...


class Whole(Protocol):
    """What is asked of the node itself."""

    def facts(self) -> Facts:
        """Return who and where this peer is."""
        ...

    def drain(self) -> None:
        """Take nothing new, and end when all is done."""
        ...

    def stop(self) -> None:
        """End now."""
        ...


class Reception:
    """Answers visitors. For the node's thread."""

    def __init__(
        self,
        book: AddressBook,
        lines: Lines,
        registrar: Registrar,
        lending: Lending,
        borrowing: Borrowing,
        content: ContentDesk,
        whole: Whole,
        granting: Granting,
        settling: Settling,
    ) -> None:
        self._book = book
        self._lines = lines
        self._registrar = registrar
        self._lending = lending
        self._borrowing = borrowing
        self._content = content
        self._whole = whole
        self._desk = CreditDesk(granting, settling)
        self._answers: Final[dict[str, Callable[..., Plain]]] = {
            "status": self._status,
            "add": self._add,
            "remove": self._remove,
            "pause": self._do(lending.pause),
            "resume": self._do(lending.resume),
            "drain": self._do(whole.drain),
            "stop": self._do(whole.stop),
        }

    def begin(self, visitor: Visitor, first: Plain) -> None:
        """Answer the first frame of a visitor, and each that follows unless somebody attends."""
        match first:
            case ("run", str(run), int(most), tuple(signed), tuple(parents)):
                self._attend(visitor, run, most, signed, parents)
            case (str(name), *words) if name in self._answers:
                visitor.send(self._answer(name, words))
            case (str(name), *words) if self._content.knows(name):
                self._content.attend(visitor, name, words)
            case (str(name), *words) if self._desk.knows(name):
                self._desk.attend(visitor, name, words)
            case _:
                fix = "stop the node and start it again: it may be of another version"
                visitor.send(frame_of(Refused("the node does not know this request", fix=fix)))

    def _attend(
        self, visitor: Visitor, run: str, most: int, signed: Sequence[Any], parents: Sequence[Any]
    ) -> None:
        try:
            royalties = Royalties(signed, parents)
            commission = Commission(run, check(most), royalties)
        except TallyError as error:
            visitor.send(frame_of(error))
            return
        self._borrowing.attend(visitor, commission)

    def _answer(self, name: str, words: list[Plain]) -> Plain:
        try:
            return ("ok", self._answers[name](*words))
        except TallyError as error:
            return frame_of(error)
        except TypeError:
            return frame_of(Refused(f"'{name}' is asked with other words"))

    def _do(self, act: Callable[[], None]) -> Callable[[], Plain]:
        def done() -> Plain:
            act()
            return None

        return done

    def _status(self) -> Plain:
        known = {notice.signer: notice for notice in self._registrar.directory.notices()}
        peers = sorted({*known, *self._lines.peers(), *(a.peer for a in self._book.addresses())})
        facts = self._whole.facts()
        return json.dumps(
            {
                **facts,
                "running": True,
                "lending": self._lending.status(),
                "borrowing": self._borrowing.status(),
                "content": self._content.status(),
                "peers": [
                    self._peer(peer, known.get(peer))
                    for peer in peers
                    if str(peer) != facts["peer"]
                ],
            }
        )

    def _peer(self, peer: PeerId, notice: Notice | None) -> Facts:
        line = self._lines.control(peer)
        named = [str(address) for address in self._book.addresses() if address.peer == peer]
        said = [f"tally://{peer}@{place}" for place in notice.record.addresses] if notice else []
        return {
            "peer": str(peer),
            "address": (*named, *said, "")[0],
            "state": "up" if line else "down",
            "by": "ipfs" if line and is_carried(line.host) else "",
            "named": bool(named),
            **(_lends(notice, self._borrowing.credit(notice)) if notice else {}),
        }

    def _add(self, text: str) -> Plain:
        address = Address.parse(text)
        if str(address.peer) == self._whole.facts()["peer"]:
            raise Refused("this is the address of this peer itself", fix="give another's")
        self._book.add(address)
        self._registrar.add(address)
        return str(address)

    def _remove(self, text: str) -> Plain:
        peer = Address.parse(text).peer if "@" in text else PeerId.parse(text)
        if not self._book.remove(peer):
            raise Refused(f"no peer {peer} was named", fix="'tally peer list' shows them")
        self._registrar.remove(peer)
        return str(peer)


def _lends(notice: Notice, credit: int) -> Facts:
    record = notice.record
    return {
        "system": record.platform.system,
        "requires": record.platform.requires,
        "cores": record.cores,
        "memory": record.memory,
        "free_slots": record.free_slots,
        "sandbox": record.sandbox,
        "prices": {price.name: price.micro_credits for price in record.prices},
        "expires_ms": record.expires_ms,
        "credit": credit,
    }
