"""uv.lock: the graph of packages that uv keeps beside pyproject.toml. Pure.

The lock is for every platform and Python at once. What applies is what can be reached from the
project itself by dependencies whose markers hold. The project's own code is no wheel and is not in
the environment: a step gets it as an input.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from packaging.utils import canonicalize_name, canonicalize_version

from engine.errors import Refused
from engine.wheels.address import base_name
from engine.wheels.choice import parsed
from engine.wheels.interpreter import Interpreter
from engine.wheels.markers import applies, check_python
from engine.wheels.pinned import (
    MAX_FILES,
    MAX_PACKAGES,
    Pinned,
    Selection,
    WheelFile,
    select,
    sha256_of,
)
from engine.wheels.toml_table import TomlTable, read_toml

VERSION: Final = 1  # of the format; a revision adds what a reader may leave out
LOCAL: Final = ("virtual", "editable", "directory")  # sources that are a directory
EXPORT: Final = "uv export --format pylock.toml"


def read(
    text: str,
    file: str,
    interpreter: Interpreter,
    extras: tuple[str, ...] = (),
    groups: tuple[str, ...] = (),
) -> Selection:
    """Return what a uv.lock pins for an interpreter, for the project with these extras and groups.

    Raises: Refused, with file and line, for what cannot be read or is not a wheel.
    """
    whole, packages = read_toml(text, file, "package")
    _check(whole, interpreter)
    graph = _Graph(packages, interpreter)
    for root in _roots(packages, file):
        graph.enter(root, extras, groups)
    return select([_pinned(package) for package in graph.reached()])


def _check(whole: TomlTable, interpreter: Interpreter) -> None:
    if whole.values.get("version") != VERSION:
        raise Refused(
            f"not a uv.lock of version {VERSION}", where=whole.where, fix=f"give it as {EXPORT}"
        )
    if whole.values.get("conflicts"):
        raise Refused(
            "a lock with conflicting extras says by more than extras what applies",
            where=whole.where,
            fix=f"choose them in uv: {EXPORT} --extra NAME",
        )
    check_python(whole.get("requires-python", str), "the lock", interpreter, whole.where)


def _roots(packages: tuple[TomlTable, ...], file: str) -> list[TomlTable]:
    """Return the project's own packages."""
    roots = [each for each in packages if _local(each) == "."]
    roots = roots or [each for each in packages if _local(each) is not None]
    if not roots:
        fix = f"give it as {EXPORT}"
        raise Refused("the lock has no project of its own", where=file, fix=fix)
    return roots


def _local(package: TomlTable) -> str | None:
    source = package.table("source")
    return next((source.text(kind) for kind in LOCAL if kind in source.values), None)


@dataclass(slots=True)
class _Graph:
    """Walks from the roots; a package is walked once by itself, and once for each extra."""

    packages: tuple[TomlTable, ...]
    interpreter: Interpreter
    _waiting: list[tuple[TomlTable, str]] = field(default_factory=list)
    _seen: dict[tuple[int, str], TomlTable] = field(default_factory=dict)
    _by_name: dict[str, list[TomlTable]] = field(default_factory=dict)
    _roots: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for package in self.packages:
            self._by_name.setdefault(package.text("name"), []).append(package)

    def enter(self, root: TomlTable, extras: tuple[str, ...], groups: tuple[str, ...]) -> None:
        """Begin at the project."""
        self._roots.append(root.text("name"))
        for extra in extras:
            _known(root, "optional-dependencies", extra, "extra")
        for group in groups:
            self._follow(_known(root, "dev-dependencies", group, "group"), root)
        for extra in ("", *map(canonicalize_name, extras)):
            self._visit(root, extra)

    def reached(self) -> list[TomlTable]:
        """Return every package that is reached, but for the project itself.

        Raises: Refused for a name that the lock does not explain.
        """
        while self._waiting:
            package, extra = self._waiting.pop()
            if extra:
                table = package.table("optional-dependencies")
                self._follow(table.tables(extra), package)
            else:
                self._follow(package.tables("dependencies"), package)
        once = {id(package): package for package in self._seen.values()}
        return [each for each in once.values() if each.text("name") not in self._roots]

    def _follow(self, dependencies: tuple[TomlTable, ...], package: TomlTable) -> None:
        for each in dependencies:
            if applies(each.get("marker", str), self.interpreter, package.where):
                found = self._find(each, package)
                for extra in ("", *self._extras(each)):
                    self._visit(found, extra)

    def _extras(self, dependency: TomlTable) -> Iterator[str]:
        for extra in dependency.get("extra", list) or []:
            yield str(extra)

    def _visit(self, package: TomlTable, extra: str) -> None:
        key = (id(package), extra)
        if key not in self._seen:
            self._seen[key] = package
            self._waiting.append((package, extra))
            if len(self._seen) > MAX_PACKAGES:
                raise Refused(f"more than {MAX_PACKAGES} packages", fix="split the environment")

    def _find(self, dependency: TomlTable, package: TomlTable) -> TomlTable:
        """Return the package that a dependency means: by name, and by what tells it apart."""
        found = self._by_name.get(dependency.text("name"), [])
        for key in ("version", "source"):
            if key in dependency.values:
                found = [e for e in found if e.values.get(key) == dependency.values[key]]
        if len(found) != 1:
            raise Refused(
                f"the lock has {len(found)} packages for '{dependency.text('name')[:80]}'",
                where=package.where,
                fix="lock it anew: uv lock",
            )
        return found[0]


def _known(root: TomlTable, key: str, name: str, kind: str) -> tuple[TomlTable, ...]:
    """Return what an extra or a group of the project needs.

    Raises: Refused when the project has none of that name.
    """
    table = root.table(key)
    found = {canonicalize_name(each): each for each in table.values}
    if canonicalize_name(name) not in found:
        fix = f"it has: {', '.join(sorted(found)) or 'none'}"
        raise Refused(f"the project has no {kind} '{name}'", where=root.where, fix=fix)
    return table.tables(found[canonicalize_name(name)])


def _pinned(package: TomlTable) -> Pinned:
    name, where = canonicalize_name(package.text("name")), package.where
    source = package.table("source")
    for kind in (*LOCAL, "git"):
        if kind in source.values:
            what = f"{name} is not a wheel: its source is {kind} '{source.text(kind)[:200]}'"
            fix = "build it (uv build), and depend on the wheel; or bring its code as an input"
            raise Refused(what, where=where, fix=fix)
    wheels = package.tables("wheels")
    if len(wheels) > MAX_FILES:
        raise Refused(f"more than {MAX_FILES} wheels", where=where, fix="lock it anew")
    files = tuple(_file(wheel, source, where) for wheel in wheels)
    version = package.get("version", str)
    version = canonicalize_version(version, strip_trailing_zero=False) if version else ""
    version = version or _version(files, where)
    return Pinned(name, version, where, files=files, has_source="sdist" in package.values)


def _file(wheel: TomlTable, source: TomlTable, where: str) -> WheelFile:
    """Return one wheel: by URL, by path, or by the name of the file that the source is."""
    address = wheel.get("url", str) or wheel.get("path", str)
    if address is None:
        address = source.get("path", str) or wheel.text("filename")
    elif "://" not in address and "registry" in source.values:
        address = f"{source.text('registry')}/{address}"  # an index that is a directory
    digest = wheel.get("hash", str)
    sha256 = sha256_of(digest, "hash", where) if digest else ""
    file = base_name(address, where)
    parsed(file, where)
    return WheelFile(file, sha256, address)


def _version(files: tuple[WheelFile, ...], where: str) -> str:
    """Return the version of a package that the lock does not give one."""
    if not files:
        raise Refused("there is no 'version'", where=where, fix="lock it anew: uv lock")
    return str(parsed(files[0].name, where)[1])
