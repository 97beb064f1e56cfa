"""Address: a URL or path that names one file, and what its last part says. Pure."""

from posixpath import basename
from urllib.parse import unquote, urlsplit

from engine.errors import Refused
from engine.wheels.choice import parsed

_FIX = "lock a version that has wheels, or build one (pip wheel) and lock that file"


def base_name(address: str, where: str) -> str:
    """Return the file name at the end of a URL or path.

    Raises: Refused when it is no URL.
    """
    if "://" not in address:
        return basename(address)
    try:
        return basename(unquote(urlsplit(address).path))
    except ValueError as error:
        what = f"not a URL: '{address[:200]}': {str(error)[:200]}"
        raise Refused(what, where=where, fix="lock it anew") from None


def file_name(name: str, address: str, where: str) -> tuple[str, str]:
    """Return the file name of the wheel of package `name` at an address, and its version.

    Raises: Refused when it is no wheel, or another package's.
    """
    file = base_name(address, where)
    if not file.endswith(".whl"):
        what = f"{name} is not a wheel, but '{address[:200]}'"
        raise Refused(what, where=where, fix=_FIX)
    found, version, _ = parsed(file, where)
    if found != name:
        raise Refused(f"{file} is not a wheel of {name}", where=where, fix="correct its name")
    return file, str(version)
