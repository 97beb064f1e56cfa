"""Credits: amounts that peers trade, as whole micro-credits. Pure.

A person writes and reads credits with up to six decimals; records, databases and JSON have
micro-credits. There is no fraction of one, and no float on the way (tests/peers/test_money.py).

>>> read("1.25"), show(1_250_000)
(1250000, '1.25 credits')
"""

import re
from typing import Final, NewType

from engine.errors import Damaged, Refused

Credits = NewType("Credits", int)  # micro-credits, from 0 to MAX_CREDITS

NOTHING: Final = Credits(0)
ONE: Final = Credits(1_000_000)
MAX_CREDITS: Final = Credits(2**53 - 1)  # what JSON readers hold exactly; nine milliard credits

_DECIMALS: Final = 6
_TEXT: Final = re.compile(r"([0-9]{1,10})(?:\.([0-9]{1,6}))?(?: credits?)?", re.ASCII)
_FIX: Final = "write credits with at most six decimals, as 1.25"


def check(amount: int, what: str = "an amount") -> Credits:
    """Return an amount from outside.

    Raises: Damaged when it is none.
    """
    if not 0 <= amount <= MAX_CREDITS:
        raise Damaged(f"{what} is from 0 to {MAX_CREDITS} micro-credits, not {amount}")
    return Credits(amount)


def show(amount: int) -> str:
    """Return an amount, or a balance, in credits: exactly."""
    return f"{digits(amount)} credit{'' if abs(amount) == ONE else 's'}"


def digits(amount: int) -> str:
    """Return the same without the word: what `read` reads, with a sign when it is negative."""
    whole, micro = divmod(abs(amount), ONE)
    part = f".{micro:0{_DECIMALS}}".rstrip("0").rstrip(".")
    return f"{'-' if amount < 0 else ''}{whole}{part}"


def read(text: str) -> Credits:
    """Read an amount that a person wrote in credits.

    Raises: Refused when it is none.
    """
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        raise Refused(f"{text[:40]!r} is no amount of credits", fix=_FIX)
    whole, part = found.groups(default="")
    amount = int(whole) * ONE + int(part.ljust(_DECIMALS, "0"))
    if amount > MAX_CREDITS:
        raise Refused(f"{text[:40]!r} is over {show(MAX_CREDITS)}", fix="write a smaller amount")
    return Credits(amount)
