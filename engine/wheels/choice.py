"""Choice: which wheel of a package an interpreter gets. Pure.

Where the lock names files, the best tag decides and nothing else does: the same lock gives the
same wheel everywhere. Where it has hashes alone, only one hash says which; of several, the client
that has the index's list of files must say (pip.py).
"""

import re
from typing import Final

from packaging.tags import Tag
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from engine.errors import Refused
from engine.values import dataclass
from engine.wheels.interpreter import MACHINE, Interpreter
from engine.wheels.pinned import HOW_TO_LOCK, Pinned, WheelFile

SHOWN: Final = 8  # tags, of what there is instead
MAX_STORE_NAME: Final = 200  # of the 211 that Nix takes

_ILLEGAL: Final = re.compile(r"[^0-9A-Za-z+._?=-]")


@dataclass(frozen=True, slots=True)
class Wheel:
    """The file that an environment gets of a package."""

    name: str
    version: str
    sha256: str
    where: str
    address: str = ""  # where the lock says it is; "" when an index is to say

    @property
    def label(self) -> str:
        """Its name in the store, without the ending: follows from package and version alone."""
        label = _ILLEGAL.sub("_", f"{self.name}-{self.version}")
        return label.lstrip(".")[:MAX_STORE_NAME]


def choose(package: Pinned, interpreter: Interpreter) -> Wheel | None:
    """Return the wheel of a package; None when only an index can say which of the hashes it is.

    Raises: Refused when it has no wheel for this interpreter, or no hash.
    """
    if not package.files:
        return _by_hash(package)
    file = best(package.files, interpreter)
    if file is None:
        raise unusable(package, interpreter)
    if not file.sha256:
        raise Refused(
            f"{package.name} {package.version} has no hash for {file.name}",
            where=package.where,
            fix=HOW_TO_LOCK,
        )
    return Wheel(package.name, package.version, file.sha256, package.where, file.address)


def _by_hash(package: Pinned) -> Wheel | None:
    if not package.hashes:
        if package.has_source:
            raise _source_only(package)
        what = f"{package.name} {package.version} has no hash"
        raise Refused(what, where=package.where, fix=HOW_TO_LOCK)
    if len(package.hashes) > 1:
        return None
    return Wheel(package.name, package.version, package.hashes[0], package.where)


def best(files: tuple[WheelFile, ...], interpreter: Interpreter) -> WheelFile | None:
    """Return the file with the best tag; of two the one with the higher build number."""
    ranks = interpreter.ranks()
    found: list[tuple[int, tuple[int, str], str, WheelFile]] = []
    for file in files:
        _, _, build, tags = parse_wheel_filename(file.name)
        usable = [ranks[tag] for tag in tags if tag in ranks]
        if usable:
            number, text = build or (0, "")
            found.append((min(usable), (-number, text), file.name, file))
    return min(found)[-1] if found else None


def check_file(package: Pinned, file_name: str, interpreter: Interpreter) -> None:
    """Look whether a file that a client brought is what the lock and the interpreter want.

    Raises: Refused when it is not.
    """
    name, version, tags = parsed(file_name, package.where)
    if name != package.name or version != Version(package.version):
        raise Refused(
            f"{file_name} is not {package.name} {package.version}",
            where=package.where,
            fix="lock it anew",
        )
    if not tags & interpreter.ranks().keys():
        raise unusable(package, interpreter, (WheelFile(file_name, ""),))


def parsed(file_name: str, where: str) -> tuple[str, Version, frozenset[Tag]]:
    """Return the package, version and tags in the name of a wheel.

    Raises: Refused when it is not the name of one.
    """
    try:
        name, version, _, tags = parse_wheel_filename(file_name)
    except ValueError:  # a number can be too long for Python
        what = f"not the name of a wheel: '{file_name[:200]}'"
        raise Refused(what, where=where, fix=HOW_TO_LOCK) from None
    return str(name), version, tags


def unusable(
    package: Pinned, interpreter: Interpreter, files: tuple[WheelFile, ...] = ()
) -> Refused:
    """Return why none of the wheels of a package is for an interpreter."""
    files = files or package.files
    if not files:
        return _source_only(package)
    tags = frozenset(tag for file in files for tag in parse_wheel_filename(file.name)[-1])
    here = [tag for tag in tags if _linux(tag)]
    what = (
        f"{package.name} {package.version} has no wheel for {interpreter.name} on Linux {MACHINE}"
    )
    if not here:
        return Refused(
            f"{what}; its wheels are for {_listed({tag.platform for tag in tags})}",
            where=package.where,
            fix=f"lock it for Linux {MACHINE}, or another version of it",
        )
    known = {(tag.interpreter, tag.abi) for tag in interpreter.ranks()}
    if any((tag.interpreter, tag.abi) in known for tag in here):
        glibc = "{}.{}".format(*interpreter.glibc)
        return Refused(
            f"{what} with glibc {glibc}; its wheels are for {_listed({t.platform for t in here})}",
            where=package.where,
            fix="lock an older version of it, or give the environment a `python` with newer glibc",
        )
    short = "{}.{}".format(*interpreter.release)
    return Refused(
        f"{what}; its wheels are for {_listed({tag.interpreter for tag in here})}",
        where=package.where,
        fix=f"lock for Python {short} (--python-version {short}), or give the environment"
        " another `python`",
    )


def _linux(tag: Tag) -> bool:
    glibc = tag.platform.startswith(("manylinux", "linux_"))
    return tag.platform == "any" or (glibc and tag.platform.endswith(MACHINE))


def _source_only(package: Pinned) -> Refused:
    return Refused(
        f"{package.name} {package.version} is locked as a source distribution only",
        where=package.where,
        fix="lock a version that has wheels, or build one (pip wheel) and lock that file",
    )


def _listed(names: set[str]) -> str:
    shown = sorted(names)
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return ", ".join(shown[:SHOWN]) + more
