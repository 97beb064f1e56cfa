"""Mistake: an error of ours at what a stranger sent, which costs that and no more. Pure."""

from traceback import format_exception
from typing import Final

from engine.errors import TallyError, Unavailable

_TRACE: Final = 2_000  # characters of a traceback that are written down


class Mistake(Unavailable):
    """Something of ours failed as it never should, at what a stranger sent: no more ends by it."""


def contained(error: BaseException) -> TallyError:
    """Return an error as one that is told of a step: `where` says where a mistake of ours is."""
    if isinstance(error, TallyError):
        return error
    where = "".join(format_exception(error))[-_TRACE:]
    return Mistake("this peer made a mistake", where=where, fix="report it")
