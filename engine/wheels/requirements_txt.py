"""requirements.txt: as pip-compile, `uv pip compile` and `uv export` write it, with hashes. Pure.

Every line is one package at one version with its hashes, an option that says where the index is,
or refused. What pip would look up, build or guess is not in a lock.
"""

import re
from collections.abc import Iterator
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from engine.errors import Refused
from engine.values import dataclass
from engine.wheels.address import file_name
from engine.wheels.interpreter import Interpreter
from engine.wheels.markers import applies
from engine.wheels.pinned import (
    HOW_TO_LOCK,
    MAX_FILES,
    Pinned,
    Selection,
    WheelFile,
    select,
    sha256_of,
)

INDEX_OPTIONS: Final = {  # passed on to pip, and not part of what the lock is
    "-i": "--index-url",
    "--index-url": "--index-url",
    "--extra-index-url": "--extra-index-url",
    "-f": "--find-links",
    "--find-links": "--find-links",
    "--trusted-host": "--trusted-host",
}
FLAGS: Final = ("--no-index",)
IGNORED: Final = ("--require-hashes", "--prefer-binary", "--pre", "--only-binary")  # true anyway

_CREDENTIALS: Final = "remove it: credentials belong in your own pip configuration (pip config set)"
_COMMENT: Final = re.compile(r"(?<!\S)#.*$")
_OPTION: Final = re.compile(r"(?:^|\s+)(?=--?[A-Za-z])")
_SPACE: Final = re.compile(r"\s")
_WORD: Final = re.compile(r"[=\s]+")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line with what continues it; `where` is its first."""

    text: str
    where: str


def read(text: str, file: str, interpreter: Interpreter) -> Selection:
    """Return what a requirements.txt pins for an interpreter.

    Raises: Refused, with file and line, for what is not pinned by version and hash.
    """
    packages: list[Pinned] = []
    options: list[str] = []
    for line in _lines(text, file):
        if line.text.startswith("-"):
            options += _option(line)
        elif (package := _package(line, interpreter)) is not None:
            packages.append(package)
    return select(packages, tuple(options))


def _lines(text: str, file: str) -> Iterator[_Line]:
    """Join lines that end in a backslash; leave comments and empty lines out."""
    parts: list[str] = []
    first = 1
    for number, line in enumerate(text.splitlines(), 1):
        if not parts:
            first = number
        comment = _COMMENT.search(line)
        kept = _COMMENT.sub("", line).rstrip()
        goes_on = kept.endswith("\\") and not comment
        parts.append(kept.removesuffix("\\"))
        if goes_on:
            continue
        if joined := _spaced(parts):
            yield _Line(joined, f"{file}:{first}")
        parts = []
    if joined := _spaced(parts):
        yield _Line(joined, f"{file}:{first}")


def _spaced(parts: list[str]) -> str:
    """Join parts with single spaces: what reads them takes the square of a row of spaces."""
    return " ".join(" ".join(parts).split())


def _option(line: _Line) -> list[str]:
    name, _, value = _WORD.sub(" ", line.text, count=1).partition(" ")
    value = value.strip()
    if "$" in value:  # pip would fill in a variable of whoever runs this, and send it
        what = f"'{name[:40]}' has a $ in it"
        raise Refused(what, where=line.where, fix=_CREDENTIALS)
    if name in INDEX_OPTIONS and value and not _SPACE.search(value):  # one option is one line
        return [f"{INDEX_OPTIONS[name]}={value}"]
    if name in FLAGS and not value:
        return [name]
    if name in IGNORED:
        return []
    raise Refused(f"'{name[:40]}' has no place in a lock", where=line.where, fix=_fix(name))


def _fix(option: str) -> str:
    if option in ("-e", "--editable"):
        return "leave it out (uv export --no-emit-project): bring your own code as an input"
    if option in ("-r", "--requirement", "-c", "--constraint"):
        return "compile all of it into one lock: pip-compile --generate-hashes A.txt B.txt"
    if option == "--no-binary":
        return "lock wheels: source distributions are not built here"
    return "remove the line"


def _package(line: _Line, interpreter: Interpreter) -> Pinned | None:
    head, *rest = _OPTION.split(line.text)
    requirement = _requirement(head, line)
    hashes = tuple(_hash(option, line) for option in rest)
    if len(hashes) > MAX_FILES:
        raise Refused(f"more than {MAX_FILES} hashes", where=line.where, fix=HOW_TO_LOCK)
    marker = None if requirement.marker is None else str(requirement.marker)
    if not applies(marker, interpreter, line.where):
        return None
    name = canonicalize_name(requirement.name)
    if requirement.url is not None:
        return _direct(name, requirement.url, hashes, line)
    version = _version(requirement, line)
    return Pinned(name, version, line.where, hashes=tuple(sorted(set(hashes))))


def _requirement(text: str, line: _Line) -> Requirement:
    try:
        return Requirement(text)
    except (ValueError, RecursionError) as error:
        if text.startswith((".", "/")) or "://" in text.partition(" ")[0]:
            what, fix = f"'{text[:80]}' is a path or a URL with no name", "write NAME @ URL"
        else:
            what, fix = f"not a requirement: {str(error).splitlines()[0]}", HOW_TO_LOCK
        raise Refused(what, where=line.where, fix=fix) from None


def _hash(option: str, line: _Line) -> str:
    name, _, value = _WORD.sub(" ", option.strip(), count=1).partition(" ")
    if name != "--hash":
        what = f"'{name[:40]}' has no place in a lock"
        raise Refused(what, where=line.where, fix="remove it: wheels are installed as they are")
    return sha256_of(value.strip(), "--hash", line.where)


def _version(requirement: Requirement, line: _Line) -> str:
    pins = list(requirement.specifier)
    if len(pins) == 1 and pins[0].operator == "==" and not pins[0].version.endswith("*"):
        try:
            return str(Version(pins[0].version))
        except ValueError:  # a number can be too long for Python
            pass
    given = str(requirement.specifier) or "at any version"
    what = f"{requirement.name[:80]} {given[:80]} is not pinned to one version"
    raise Refused(what, where=line.where, fix=HOW_TO_LOCK)


def _direct(name: str, url: str, hashes: tuple[str, ...], line: _Line) -> Pinned:
    """Return a package that is locked by its address."""
    address, _, fragment = url.partition("#")
    if fragment.startswith("sha256="):
        hashes = (*hashes, sha256_of(fragment.replace("=", ":", 1), "the URL", line.where))
    if len(set(hashes)) > 1:
        raise Refused(f"{name} is one file with two hashes", where=line.where, fix="leave one")
    digest = hashes[0] if hashes else ""
    file, version = file_name(name, address, line.where)
    return Pinned(name, version, line.where, files=(WheelFile(file, digest, address),))
