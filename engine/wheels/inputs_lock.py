"""InputsLock: the pinned files that the recipe's own Python is made of. Pure.

A line is kind, name in the store, source and sha256, as in cli/templates/env/inputs.lock.
"""

import re
from typing import Final, Literal

from engine.errors import Refused
from engine.values import dataclass

_LINE: Final = re.compile(r"(deb|whl) +([^ ]+) +([^ ]+) +([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Input:
    """A file that the ordinary client of its kind can fetch."""

    kind: Literal["deb", "whl"]
    name: str  # in the store
    source: str  # "libc6=2.36-9+deb12u14", "numpy==2.2.6"
    sha256: str


def parse(text: str, where: str) -> dict[str, Input]:
    """Return the inputs by their hash.

    Raises: Refused for a line that is none.
    """
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None:
            raise Refused("not an input", where=f"{where}:{number}", fix="restore the recipe")
        kind: Literal["deb", "whl"] = "deb" if match[1] == "deb" else "whl"
        found[match[4]] = Input(kind, match[2], match[3], match[4])
    return found
