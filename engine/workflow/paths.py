"""Paths below an output directory or inside a tree: relative, and never climbing out. Pure.

>>> inside("./a//b/")
'a/b'
"""

from typing import Final

from engine.content.names import impossible_path, unwelcome
from engine.errors import Refused

MAX_PATH: Final = 3_900  # bytes; Linux takes 4095, and /out/ and a name go before it


def inside(path: str) -> str:
    """Return a relative path in its shortest form.

    Raises: Refused when it is absolute, climbs with '..', names nothing or is too long.
    """
    fix = "give a path below it, as results/model.npz"
    shown = repr(path[:80])
    if path.startswith("/"):
        raise Refused(f"an absolute path: {shown}", fix=fix)
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Refused(f"a path that climbs out with '..': {shown}", fix=fix)
    if not parts:
        raise Refused(f"a path that names nothing: {shown}", fix=fix)
    shortest = "/".join(parts)
    if why := impossible_path(shortest) or next(filter(None, map(unwelcome, parts)), ""):
        raise Refused(f"not a path: {shown}: {why}", fix="give it another name")
    if len(shortest.encode()) > MAX_PATH:
        raise Refused(f"a path of over {MAX_PATH} bytes: {shown}", fix="shorten it")
    return shortest


def no_control(text: str) -> str:
    """Return `text` when it has no control characters.

    Raises: Refused when it has.
    """
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise Refused(f"a control character in {text[:80]!r}", fix="remove it")
    return text


def overlap(one: str, other: str) -> bool:
    """Return whether two paths are the same, or one is inside the other."""
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")
