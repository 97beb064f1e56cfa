"""Receipts: their lines, and what those come to."""

from dataclasses import replace

import pytest

from engine.content.cid import RAW, Cid
from engine.errors import Damaged
from peers.receipts import LINES, MAX_LINES, Line, Lines, objection, receipt_of

STEP = Cid.of(RAW, b"step")
LINE = Line(STEP, None, "ran", 2, 0, 1_500, 0, 3_000)
PRICES = {"core-second": 1_000, "cache-hit": 7}


def of(*lines: Line) -> Lines:
    """Return the lines of a receipt."""
    return Lines(STEP, None, lines)


def test_a_receipt_is_for_the_sum_of_its_lines() -> None:
    """Amount, count and root follow from the lines, and nothing else does for them."""
    lines = of(LINE, replace(LINE, step=Cid.of(RAW, b"other"), outcome="known", amount=7))
    receipt = receipt_of(lines)
    assert (receipt.amount, receipt.count) == (3_007, 2)
    assert objection(receipt, LINES.encode(lines), PRICES) == ""
    assert objection(replace(receipt, amount=3_006), LINES.encode(lines))
    assert objection(receipt, LINES.encode(of(LINE)))
    assert objection(receipt, b"junk")


@pytest.mark.parametrize(
    "line",
    [replace(LINE, amount=2_999), replace(LINE, wall_ms=1_501), replace(LINE, outcome="known")],
)
def test_a_line_is_at_the_price_that_was_agreed(line: Line) -> None:
    """Whoever has the prices sees a line that costs more or less."""
    lines = of(line)
    assert objection(receipt_of(lines), LINES.encode(lines), PRICES)


def test_what_is_cancelled_may_cost_less() -> None:
    """An agreement has no more than its cap."""
    lines = of(replace(LINE, outcome="cancelled", amount=5))
    assert objection(receipt_of(lines), LINES.encode(lines), PRICES) == ""


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (LINE, LINE),
        (replace(LINE, outcome="lost"),),
        (replace(LINE, amount=-1),),
        (replace(LINE, wall_ms=-1),),
        tuple(
            replace(LINE, step=Cid.of(RAW, bytes([at % 256, at // 256])))
            for at in range(MAX_LINES + 1)
        ),
    ],
)
def test_lines_that_cannot_be_are_damaged(lines: tuple[Line, ...]) -> None:
    """None, one step twice, unknown outcomes, less than nothing, too many."""
    with pytest.raises((Damaged, ValueError)):
        LINES.encode(of(*lines))
