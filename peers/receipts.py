"""Receipts: the lines of one: for each step what of it is paid, and how that comes about. Pure.

They are a record of their own, which the receipt names; its root gives each line a proof without
the others.

>>> lines = Lines(agreement, batch, (line,))                             # doctest: +SKIP
>>> receipt_of(lines).amount == line.amount                              # doctest: +SKIP
True
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from engine import merkle
from engine.content.cid import Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.values import dataclass
from peers.credits import MAX_CREDITS, check
from peers.entries import Receipt
from peers.price_list import Prices
from peers.prices import Outcome, Usage, charge

MAX_LINES: Final = 256  # of one receipt, 50 KiB: as many as a batch has results

_OUTCOMES: Final = frozenset(one.value for one in Outcome)


@dataclass(frozen=True, slots=True)
class Line:
    """What is paid for one step."""

    step: Cid
    attestation: Cid | None  # what the provider said of it; none: nothing
    outcome: str  # of prices.Outcome
    cores: int  # that it had
    memory: int  # bytes that it had
    wall_ms: int  # for so long, as whoever pays measured it at most
    transferred: int  # bytes that came from the provider for it
    amount: int  # micro-credits


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one receipt."""

    agreement: Cid
    batch: Cid | None  # the provider's signed word for these; none: they were stopped
    lines: tuple[Line, ...]


def receipt_of(lines: Lines) -> Receipt:
    """Return the receipt that has some lines.

    Raises: Damaged when they come to more than there are credits.
    """
    total = check(sum(line.amount for line in lines.lines), "what a receipt is for")
    root = merkle.root([LINE.encode(line) for line in lines.lines])
    return Receipt(lines.agreement, root, len(lines.lines), total)


def objection(receipt: Receipt, data: bytes, prices: Prices | None = None) -> str:
    """Return why a record is not the lines of a receipt at some prices; "" when it is.

    What is cancelled may cost less than its price: an agreement has an end.
    """
    try:
        lines = LINES.decode(data)
        if receipt_of(lines) != receipt:
            return "its lines are not those of the receipt"
        wrong = () if prices is None else (line for line in lines.lines if not _fits(line, prices))
        return "a line of it is not what was agreed" if any(True for _ in wrong) else ""
    except Damaged as damaged:
        return damaged.what


def _fits(line: Line, prices: Prices) -> bool:
    outcome = Outcome(line.outcome)
    price = charge(prices, outcome, usage_of(line))
    return line.amount == price or (outcome is Outcome.CANCELLED and line.amount < price)


def priced(prices: Prices, line: Line) -> Line:
    """Return a line with what it comes to."""
    return replace(line, amount=charge(prices, Outcome(line.outcome), usage_of(line)))


def usage_of(line: Line) -> Usage:
    """Return what a step used."""
    return Usage(line.cores, line.memory, line.wall_ms, 0, line.transferred)


def within(lines: Iterable[Line], left: int) -> Iterator[Line]:
    """Yield the lines that cost something, as far as an agreement has credit left for them."""
    for line in lines:
        if 0 < line.amount <= left:
            left -= line.amount
            yield line


def _check_line(line: Line) -> None:
    if line.outcome not in _OUTCOMES:
        raise Damaged(f"nothing is paid for what is {line.outcome[:20]!r}")
    if min(line.cores, line.memory, line.wall_ms, line.transferred) < 0:
        raise Damaged("a figure in it is less than nothing")
    if not 0 <= line.amount <= MAX_CREDITS:
        raise Damaged("an amount in it is none")


def _check_lines(lines: Lines) -> None:
    if not 1 <= len(lines.lines) <= MAX_LINES:
        raise Damaged(f"a receipt has 1 to {MAX_LINES} lines")
    if len({line.step for line in lines.lines}) < len(lines.lines):
        raise Damaged("a receipt has one step twice")
    for line in lines.lines:
        _check_line(line)


LINE: Final = Record("tallystick/receipt-line/1", Line, _check_line)
LINES: Final = Record("tallystick/receipt-lines/1", Lines, _check_lines)
