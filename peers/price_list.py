"""Price list: prices as a person writes and reads them, in credits. Pure.

>>> read("core-second=0.001, failure=0.5")
{'core-second': 1000, 'failure': 500000}
>>> show({"core-second": 1_000})
'core-second=0.001'
"""

from engine.errors import Refused
from engine.workflow.names import did_you_mean
from peers.credits import digits
from peers.credits import read as read_credits
from peers.prices import NAMES, Prices


def read(text: str) -> dict[str, int]:
    """Read prices: names and credits, parted by commas; none is a list, too.

    Raises: Refused when it is no such list.
    """
    prices: dict[str, int] = {}
    for one in filter(None, map(str.strip, text.split(","))):
        name, _, amount = (part.strip() for part in one.partition("="))
        if name not in NAMES:
            fix = did_you_mean(name, NAMES, f"known: {', '.join(NAMES)}")
            raise Refused(f"there is no price of a {name[:40]!r}", fix=fix)
        if name in prices:
            raise Refused(f"the price of a {name} is given twice", fix="leave out one")
        prices[name] = read_credits(amount)
    return prices


def show(prices: Prices) -> str:
    """Return prices as `read` reads them, in the order of their names."""
    return ", ".join(f"{name}={digits(prices[name])}" for name in sorted(prices))
