"""Interpreter: the Python of an environment, as far as a lock file asks about it. Pure.

Markers and tags are those of that Python on Linux x86-64, whatever machine asks.

>>> Interpreter("3.11.2", (2, 36)).tags()[0]
<cp311-cp311-manylinux_2_36_x86_64 @ ...>
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from packaging.tags import Tag, compatible_tags, cpython_tags

from engine.errors import Refused
from engine.values import dataclass

MACHINE: Final = "x86_64"
OLDEST_GLIBC: Final = 5  # of 2.5: what manylinux1, the first of its kind, stands for
ALIASES: Final = {
    17: "manylinux2014",
    12: "manylinux2010",
    5: "manylinux1",
}  # glibc 2.x -> old name

_PRINTED: Final = re.compile(r"(\S{1,40}) glibc (\d{1,3})\.(\d{1,3})( free-threaded)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython on Linux x86-64 with glibc."""

    version: str  # as "3.11.2"
    glibc: tuple[int, int]
    free_threaded: bool = False

    @classmethod
    def parse(cls, text: str) -> "Interpreter":
        """Read what str() prints: "3.11.2 glibc 2.36".

        Raises: Refused for anything else.
        """
        match = _PRINTED.fullmatch(text)
        if match is None:
            raise Refused(f"not a Python: '{text[:80]}'", fix="say it as '3.11.2 glibc 2.36'")
        return cls(match[1], (int(match[2]), int(match[3])), match[4] is not None)

    def __str__(self) -> str:
        threads = " free-threaded" if self.free_threaded else ""
        return "{} glibc {}.{}".format(self.version, *self.glibc) + threads

    @property
    def release(self) -> tuple[int, int]:
        """Its major and minor version."""
        match = re.match(r"(3)\.(\d{1,3})(\D|$)", self.version, re.ASCII)
        if match is None or self.glibc[0] != 2:
            what = "Python {} with glibc {}.{} is not known".format(self.version[:40], *self.glibc)
            raise Refused(what, fix="take a CPython 3 that is built with glibc 2")
        return int(match[1]), int(match[2])

    @property
    def name(self) -> str:
        """What to call it in a message."""
        return f"CPython {self.version}"

    @property
    def abi(self) -> str:
        """The tag of its binary interface."""
        return "cp{}{}".format(*self.release) + ("t" if self.free_threaded else "")

    def markers(self) -> dict[str, str]:
        """Return what environment markers are compared with; nothing of the kernel is known."""
        return {
            "implementation_name": "cpython",
            "implementation_version": self.version,
            "os_name": "posix",
            "platform_machine": MACHINE,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": self.version,
            "python_version": "{}.{}".format(*self.release),
            "sys_platform": "linux",
        }

    def platforms(self) -> tuple[str, ...]:
        """Return the platform tags it can load, the nearest first."""
        found: list[str] = []
        for minor in range(self.glibc[1], OLDEST_GLIBC - 1, -1):
            found.append(f"manylinux_2_{minor}_{MACHINE}")
            if minor in ALIASES:
                found.append(f"{ALIASES[minor]}_{MACHINE}")
        return (*found, f"linux_{MACHINE}")

    def tags(self) -> tuple[Tag, ...]:
        """Return the tags of wheels it can load, the best first: the order that pip has too."""
        return tuple(_ranks(self))

    def ranks(self) -> Mapping[Tag, int]:
        """Return the place of each of its tags in that order."""
        return _ranks(self)


OWN: Final = Interpreter("3.11.2", (2, 36))  # the recipe's, which is Debian 12's


@lru_cache(maxsize=8)  # asked for each package, and there are a thousand tags
def _ranks(interpreter: Interpreter) -> dict[Tag, int]:
    platforms, release = interpreter.platforms(), interpreter.release
    own = cpython_tags(release, abis=[interpreter.abi], platforms=platforms)
    short = "cp{}{}".format(*release)
    rest = compatible_tags(release, interpreter=short, platforms=platforms)
    return {tag: rank for rank, tag in enumerate(dict.fromkeys((*own, *rest)))}
