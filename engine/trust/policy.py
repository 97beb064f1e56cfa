"""Policy: when a result that another peer gave is believed. Pure.

    any         as it comes
    own         when this machine has run the step too, and it gave the same
    K or K/N    when K owners gave it, of N that are asked at most
    audit[:P]   unless a check is drawn; P: how likely at least, however well a peer stands

>>> parse("2/3")
Policy(owners=2, asked=3, by_own=False, least=None)
"""

import re
from typing import Final

from engine.errors import Refused
from engine.values import dataclass

MAX_ASKED: Final = 9  # owners for one step: each further one costs as much as the step
MILLION: Final = 1_000_000  # likelihoods are counted in millionths
LEAST: Final = MILLION // 20  # of the steps of a peer that was right for long, so many are checked

_COUNTED: Final = re.compile(r"([1-9])(?:/([1-9]))?", re.ASCII)
_AUDIT: Final = re.compile(r"audit(?::(0(?:\.\d{1,6})?|1(?:\.0{1,6})?))?", re.ASCII)
_FIX: Final = "write any, own, audit, audit:0.1, or how many owners are to agree, as 2 or 2/3"


@dataclass(frozen=True, slots=True)
class Policy:
    """When a result is believed."""

    owners: int  # that have to give the same
    asked: int  # at most
    by_own: bool  # this machine is one of those
    least: int | None  # how likely a check is at least, in millionths; None: it is not drawn

    @property
    def checks(self) -> bool:
        """Whether any result is checked at all."""
        return self.owners > 1 or self.least is not None


ANY: Final = Policy(owners=1, asked=1, by_own=False, least=None)
AUDIT: Final = Policy(owners=1, asked=1, by_own=False, least=LEAST)
OWN: Final = Policy(owners=2, asked=2, by_own=True, least=None)


def parse(text: str) -> Policy:
    """Return the policy that some text says.

    Raises: Refused for another text.
    """
    if text == "any":
        return ANY
    if text == "own":
        return OWN
    if found := _AUDIT.fullmatch(text):
        least = LEAST if found[1] is None else int(float(found[1]) * MILLION + 0.5)
        return Policy(owners=1, asked=1, by_own=False, least=least)
    if found := _COUNTED.fullmatch(text):
        owners, asked = int(found[1]), int(found[2] or found[1])
        if owners <= asked <= MAX_ASKED:
            return Policy(owners=owners, asked=asked, by_own=False, least=None)
    raise Refused(f"no results are believed by {text[:40]!r}", fix=_FIX)
