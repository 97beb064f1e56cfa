"""Price list: what has a price, and prices as a person writes and reads them, in credits. Pure.

>>> read("core-second=0.001, failure=0.5")
{'core-second': 1000, 'failure': 500000}
>>> show({"core-second": 1_000})
'core-second=0.001'
"""

from collections.abc import Mapping
from typing import Final

from engine.errors import Refused
from peers.credits import digits
from peers.credits import read as read_credits

CORE_SECOND: Final = "core-second"  # of the cores that a step asked for
GIB_SECOND: Final = "gib-second"  # of the memory that it asked for
GPU_SECOND: Final = "gpu-second"
GIB_TRANSFERRED: Final = "gib-transferred"  # of what came out and was had from the provider
CACHE_HIT: Final = "cache-hit"  # a result that the provider had
FAILURE: Final = "failure"  # a step that failed twice alike

METERED: Final = (CORE_SECOND, GIB_SECOND, GPU_SECOND, GIB_TRANSFERRED)
NAMES: Final = (*METERED, CACHE_HIT, FAILURE)

Prices = Mapping[str, int]  # micro-credits by name; what is not in it costs nothing


def read(text: str) -> dict[str, int]:
    """Read prices: names and credits, parted by commas; none is a list, too.

    Raises: Refused when it is no such list.
    """
    prices: dict[str, int] = {}
    for one in filter(None, map(str.strip, text.split(","))):
        name, _, amount = (part.strip() for part in one.partition("="))
        if name not in NAMES:
            raise Refused(f"there is no price of a {name[:40]!r}", fix=_known(name))
        if name in prices:
            raise Refused(f"the price of a {name} is given twice", fix="leave out one")
        prices[name] = read_credits(amount)
    return prices


def show(prices: Prices) -> str:
    """Return prices as `read` reads them, in the order of their names."""
    return ", ".join(f"{name}={digits(prices[name])}" for name in sorted(prices))


def _known(name: str) -> str:
    from engine.workflow.names import did_you_mean  # settings are read without

    return did_you_mean(name, NAMES, f"known: {', '.join(NAMES)}")
