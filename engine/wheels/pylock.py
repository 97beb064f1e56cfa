"""pylock.toml: the lock file of PEP 751, as pip lock and `uv export` write it. Pure."""

from typing import Final

from packaging.pylock import Package, Pylock, PylockValidationError
from packaging.utils import canonicalize_name

from engine.errors import Refused
from engine.wheels.interpreter import Interpreter
from engine.wheels.markers import applies, check_python
from engine.wheels.pinned import MAX_FILES, Pinned, Selection, WheelFile, select, sha256_of
from engine.wheels.toml_table import read_toml

_FIX: Final = "depend on a version that has wheels, or build one (pip wheel) and lock that file"


def read(
    text: str,
    file: str,
    interpreter: Interpreter,
    extras: tuple[str, ...] = (),
    groups: tuple[str, ...] | None = None,
) -> Selection:
    """Return what a pylock.toml pins for an interpreter; with no `groups`, its default ones.

    Raises: Refused, with file and line, for what cannot be read or is not a wheel.
    """
    whole, tables = read_toml(text, file, "packages")
    try:
        lock = Pylock.from_dict(whole.values)
    except PylockValidationError as error:
        raise Refused(f"not a pylock.toml: {error}", where=file, fix="lock it anew") from None
    check_python(_text(lock.requires_python), "the lock", interpreter, file)
    _check_environments(lock, interpreter, file)
    wanted = _chosen(lock, extras, groups, file)
    found = []
    for package, table in zip(lock.packages, tables, strict=True):
        if applies(_text(package.marker), interpreter, table.where, *wanted):
            found.append(_pinned(package, table.where, interpreter))
    return select(found)


def _check_environments(lock: Pylock, interpreter: Interpreter, file: str) -> None:
    markers = [str(marker) for marker in lock.environments or ()]
    if markers and not any(applies(marker, interpreter, file) for marker in markers):
        raise Refused(
            f"the lock is for other environments: {'; '.join(markers)[:200]}",
            where=file,
            fix=f"lock it for Linux x86_64 and {interpreter.name}",
        )


def _chosen(
    lock: Pylock, extras: tuple[str, ...], groups: tuple[str, ...] | None, file: str
) -> tuple[frozenset[str], frozenset[str]]:
    known_extras = set(lock.extras or ())
    known_groups = {*(lock.dependency_groups or ()), *(lock.default_groups or ())}
    chosen = frozenset(map(canonicalize_name, extras))
    default = tuple(lock.default_groups or ())
    for names, known, kind in (
        (chosen, known_extras, "extra"),
        (groups or (), known_groups, "group"),
    ):
        for name in names:
            if name not in known:
                fix = f"it has: {', '.join(sorted(known)) or 'none'}"
                raise Refused(f"the lock has no {kind} '{name}'", where=file, fix=fix)
    return chosen, frozenset(default if groups is None else groups)


def _pinned(package: Package, where: str, interpreter: Interpreter) -> Pinned:
    name = str(package.name)
    if package.is_direct:
        raise Refused(f"{name} is not locked as a wheel", where=where, fix=_FIX)
    check_python(_text(package.requires_python), name, interpreter, where)
    wheels = package.wheels or ()
    if len(wheels) > MAX_FILES:
        raise Refused(f"more than {MAX_FILES} wheels", where=where, fix="lock it anew")
    files = tuple(
        WheelFile(wheel.filename, _sha256(wheel.hashes, where), wheel.url or wheel.path or "")
        for wheel in wheels
    )
    version = str(package.version) if package.version is not None else _version(package)
    return Pinned(name, version, where, files=files, has_source=package.sdist is not None)


def _sha256(hashes: object, where: str) -> str:
    """Return the sha256 of a file; "" when it has others alone."""
    digest = hashes.get("sha256") if isinstance(hashes, dict) else None
    return sha256_of(f"sha256:{digest}", "hashes", where) if digest else ""


def _version(package: Package) -> str:
    """Return the version of a package that the lock does not give one: its files have it."""
    from packaging.utils import parse_sdist_filename, parse_wheel_filename

    if package.wheels:
        return str(parse_wheel_filename(package.wheels[0].filename)[1])
    if package.sdist is not None:
        return str(parse_sdist_filename(package.sdist.filename)[1])
    raise AssertionError("a package with neither wheels nor a source distribution is direct")


def _text(value: object) -> str | None:
    return None if value is None else str(value)
