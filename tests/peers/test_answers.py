"""Answers that were given are kept within bounds."""

from peers.answers import LARGEST, MAX_ANSWERS, MAX_KEPT, Answer, Answers


def identify(number: int) -> bytes:
    """Return a request id."""
    return number.to_bytes(16, "big")


def test_the_first_answer_stands() -> None:
    """What a request was answered with is found again, and not replaced."""
    answers = Answers()
    answers.keep(b"a", Answer(2, b"first"))
    answers.keep(b"a", Answer(2, b"second"))
    assert answers.find(b"a") == Answer(2, b"first")
    assert answers.find(b"b") is None


def test_those_longest_unused_go() -> None:
    """There are never more than MAX_ANSWERS."""
    answers = Answers()
    for number in range(MAX_ANSWERS):
        answers.keep(identify(number), Answer(2, b""))
    answers.find(identify(0))
    answers.keep(b"new", Answer(2, b""))
    assert answers.find(identify(0))
    assert answers.find(b"new")
    assert answers.find(identify(1)) is None


def test_bytes_are_bounded() -> None:
    """Large bodies are not kept, and of small ones no more than MAX_KEPT bytes."""
    answers = Answers()
    answers.keep(b"large", Answer(2, bytes(LARGEST + 1)))
    assert answers.find(b"large") is None
    for number in range(100):
        answers.keep(identify(number), Answer(2, bytes(LARGEST)))
    kept = [number for number in range(100) if answers.find(identify(number))]
    assert kept == list(range(100 - MAX_KEPT // LARGEST, 100))
