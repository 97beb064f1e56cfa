"""What a run is told, and what not."""

from peers.plain import Plain
from peers.voice import MAX_NOTES, Voice


class Hearing:
    """Keeps what a run is told."""

    def __init__(self) -> None:
        self.heard: list[Plain] = []

    def send(self, value: Plain) -> None:
        """Keep it."""
        self.heard.append(value)

    def close(self) -> None:
        """Keep that, too."""
        self.heard.append("closed")


def test_a_person_is_told_something_once() -> None:
    """However often it is so."""
    hearing = Hearing()
    voice = Voice(hearing)
    for text in ("one", "two", "one"):
        voice.note(text)
    assert hearing.heard == [("note", "one"), ("note", "two")]


def test_a_person_is_told_so_much_at_most() -> None:
    """Peers write some of it."""
    hearing = Hearing()
    voice = Voice(hearing)
    for number in range(MAX_NOTES + 1):
        voice.note(f"{number}")
    assert len(hearing.heard) == MAX_NOTES


def test_of_no_steps_nothing_is_said() -> None:
    """Not even an empty frame."""
    hearing = Hearing()
    voice = Voice(hearing)
    voice.begun([])
    voice.ended([])
    voice.lost([])
    assert hearing.heard == []
