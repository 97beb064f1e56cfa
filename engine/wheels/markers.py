"""markers: whether something in a lock file applies to an interpreter. Pure."""

from collections.abc import Collection
from collections.abc import Set as AbstractSet

from packaging.markers import Marker, UndefinedEnvironmentName
from packaging.specifiers import SpecifierSet

from engine.errors import Refused
from engine.wheels.interpreter import Interpreter


def applies(
    text: str | None,
    interpreter: Interpreter,
    where: str,
    extras: Collection[str] = (),
    groups: Collection[str] = (),
) -> bool:
    """Return whether a marker of a lock file holds; no marker does.

    Raises: Refused when it is not a marker.
    """
    if text is None:
        return True
    environment: dict[str, str | AbstractSet[str]] = {
        **interpreter.markers(),
        "extra": "",
        "extras": frozenset(extras),
        "dependency_groups": frozenset(groups),
    }
    try:
        return Marker(" ".join(text.split())).evaluate(environment, context="lock_file")
    except (ValueError, UndefinedEnvironmentName, RecursionError) as error:  # or a huge number
        what = f"not a marker: {str(error).splitlines()[0][:200]}"
        raise Refused(what, where=where, fix="lock it anew") from None


def check_python(wanted: str | None, what: str, interpreter: Interpreter, where: str) -> None:
    """Look whether an interpreter is of a version that a lock file, or a package, is for.

    Raises: Refused when it is not.
    """
    if wanted is None:
        return
    try:
        versions = SpecifierSet("".join(wanted.split()))
        fits = versions.contains(interpreter.version, prereleases=True)
    except ValueError:  # a number can be too long for Python
        raise Refused(f"not versions: '{wanted[:80]}'", where=where, fix="lock it anew") from None
    if not fits:
        short = "{}.{}".format(*interpreter.release)
        raise Refused(
            f"{what} is for Python {wanted}, and the environment's is {interpreter.version}",
            where=where,
            fix=f"lock it for Python {short} too, or give the environment another `python`",
        )
