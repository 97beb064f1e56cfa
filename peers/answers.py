"""Answers: what one peer was answered of late, so that to ask again changes nothing. Pure.

They outlive a connection: who dials anew and asks with the same id is given the same answer.

>>> answers = Answers()
>>> answers.keep(b"id", Answer(6, b"yes"))
>>> answers.find(b"id")
Answer(type=6, body=b'yes')
"""

from collections import OrderedDict
from typing import Final, NamedTuple

MAX_ANSWERS: Final = 1024  # of one peer: 32 at once, many times over
MAX_KEPT: Final = 256 * 1024  # bytes of bodies of one peer; 256 peers take 64 MiB
LARGEST: Final = 16 * 1024  # bytes; a larger body is content: asked for again, it is read again


class Answer(NamedTuple):
    """What a request was answered with."""

    type: int
    body: bytes


class Answers:
    """The last answers that one peer was given."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Answer] = OrderedDict()
        self._size = 0

    def find(self, request_id: bytes) -> Answer | None:
        """Return what this request was answered with, if that is kept."""
        if request_id in self._kept:
            self._kept.move_to_end(request_id)
        return self._kept.get(request_id)

    def keep(self, request_id: bytes, answer: Answer) -> None:
        """Keep an answer, if it is small; those longest unused go."""
        if len(answer.body) > LARGEST or request_id in self._kept:
            return
        self._kept[request_id] = answer
        self._size += len(answer.body)
        while self._size > MAX_KEPT or len(self._kept) > MAX_ANSWERS:
            self._size -= len(self._kept.popitem(last=False)[1].body)
