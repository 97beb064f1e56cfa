"""Shim: the library that holds or varies time, randomness, kernel and directory order. Pure.

preload.c beside it is what it is made of. What it does in one run stands in a setting inside it,
whose bytes are written over here.
"""

import struct
from typing import Final

from engine.determinism.conditions import Conditions, State

PLACE: Final = "/.shim.so"  # where a step has it
PRELOADS: Final = ("/etc/ld.so.preload", "/etc/ld-nix.so.preload")  # where loaders find its name

HELD_S: Final = 1_600_000_000  # September 2020: after whatever inputs are dated, 1980
LATER_S: Final = 34_567_891  # 400 days, 2 hours and some: other in every part of a date

_MAGIC: Final = b"tally-setting-2\0"
_SETTING: Final = struct.Struct("<16s6q")  # as `setting` in preload.c
_CLOCK: Final[dict[State, tuple[int, int]]] = {
    "free": (0, 0),
    "varied": (1, LATER_S),
    "held": (2, HELD_S),
}
_ORDER: Final[dict[State, int]] = {"free": 0, "held": 1, "varied": 2}


def with_setting(shim: bytes, conditions: Conditions, now_s: int) -> bytes:
    """Return the library for a run that begins now.

    Raises: ValueError for bytes that are not the library.
    """
    if shim.count(_MAGIC) != 1:
        raise ValueError("not the shim: it has no setting")
    at = shim.index(_MAGIC)
    clock, seconds = _CLOCK[conditions.time]
    held = int(conditions.random == "held")
    order = _ORDER[conditions.directories]
    other = int(conditions.machine != "free")
    setting = _SETTING.pack(_MAGIC, clock, seconds, now_s, held, order, other)
    return shim[:at] + setting + shim[at + len(setting) :]
