"""Absence: why no wheel of a package could be fetched, from what pip looked at. Pure."""

from packaging.utils import parse_sdist_filename, parse_wheel_filename
from packaging.version import Version

from engine.errors import Refused, Unavailable
from engine.values import dataclass
from engine.wheels.choice import best, unusable
from engine.wheels.interpreter import Interpreter
from engine.wheels.pinned import HOW_TO_LOCK, Pinned, WheelFile


@dataclass(frozen=True, slots=True)
class Answer:
    """What pip says: "" when it brought everything."""

    wrong: str
    files: frozenset[str] = frozenset()  # names of files that it looked at and passed over


def absent(package: Pinned, interpreter: Interpreter, answer: Answer) -> Refused | Unavailable:
    """Return what to tell the author: what is wrong with the lock, or that there is no access."""
    wheels = tuple(WheelFile(n, "") for n in sorted(answer.files) if _is_wheel(n, package))
    if not wheels and any(_is_source(name, package) for name in answer.files):
        return unusable(package, interpreter)
    if not wheels:
        return Unavailable(
            f"pip cannot fetch {package.name} {package.version}: {answer.wrong}",
            where=package.where,
            fix="see that the index which pip is configured for can be reached and has it"
            " (pip config list)",
        )
    usable = best(wheels, interpreter)
    if usable is None:
        return unusable(package, interpreter, wheels)
    return Refused(
        f"no hash of {package.name} {package.version} in the lock is of {usable.name}, its wheel"
        f" for {interpreter.name}",
        where=package.where,
        fix=HOW_TO_LOCK,
    )


def _is_wheel(file: str, package: Pinned) -> bool:
    try:
        name, version, _, _ = parse_wheel_filename(file)
    except ValueError:  # a number can be too long for Python
        return False
    return name == package.name and version == Version(package.version)


def _is_source(file: str, package: Pinned) -> bool:
    try:
        name, version = parse_sdist_filename(file)
    except ValueError:
        return False
    return name == package.name and version == Version(package.version)
