"""What the instances of a run gave."""

from engine.content.cid import RAW, Cid
from engine.products import Products, left_over
from engine.rows import WHOLE, StepRow, StepStatus

ANY = Cid.of(RAW, b"")


def row(index: int, status: StepStatus) -> StepRow:
    """Return what became of an instance."""
    return StepRow("a", index, status, ANY, ANY, ANY, None, 0, None, None, "")


def test_what_was_done_and_not_asked_for_again_is_left_over() -> None:
    """Instances of a directory that has fewer entries now; one may have given nothing."""
    products = Products()
    products.add("a", 0, {"o": ANY})
    products.add("a", 1, {})
    rows = [row(0, "ran"), row(1, "reused"), row(2, "ran"), row(3, "reused"), row(WHOLE, "skipped")]
    assert left_over(rows, products) == [("a", 2), ("a", 3)]
