"""What is asked for, and how much of it at once."""

from engine.questions import WINDOW, Questions


def test_no_more_is_asked_than_the_window_holds() -> None:
    """A long span comes in parts: what is asked, and what waits to start, take room."""
    questions = Questions()
    questions.add((5, WINDOW + 20))
    assert questions.next(queued=100) == (5, WINDOW - 100)
    assert questions.next(queued=100) is None
    questions.answered(WINDOW - 100)
    assert not questions.open
    assert questions.next(queued=WINDOW) is None
    assert questions.next(queued=0) == (5 + WINDOW - 100, 120)


def test_spans_come_by_rank() -> None:
    """Whatever the order in which they became possible."""
    questions = Questions()
    for span in ((9, 1), (3, 2), (7, 1)):
        questions.add(span)
    assert [questions.next(0) for _ in range(4)] == [(3, 2), (7, 1), (9, 1), None]
