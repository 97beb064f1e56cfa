r"""What a file may be called, and how large a tree may be.

Two rules: what no file system and no path can hold is never read, written or listed; what people
cannot type or tell apart is read from others, but not added here.

>>> impossible("..")
"'..' is not a name"
>>> unwelcome("a\nb")
'it has a control character'
"""

import unicodedata
from typing import Final

MAX_NAME: Final = 255  # bytes of UTF-8: NAME_MAX of Linux file systems
MAX_TARGET: Final = 4095  # bytes of UTF-8: PATH_MAX of Linux without its NUL
MAX_DEPTH: Final = 64  # names in a path: as many as Nix accepts in a NAR
MAX_ENTRIES: Final = 100_000  # of a tree, counted as walked: 64 blocks can spell 2**64 paths


def impossible(name: str) -> str:
    """Say why nothing can have this name; "" when something can."""
    if name in ("", ".", ".."):
        return f"'{name}' is not a name"
    if "/" in name or "\0" in name:
        return "a name cannot have '/' or NUL in it"
    return _unencodable(name, MAX_NAME)


def impossible_path(path: str) -> str:
    """Say why nothing in a directory can be at this path; "" when something can."""
    names = path.split("/")
    if len(names) > MAX_DEPTH:
        return f"it is over {MAX_DEPTH} names deep"
    return next(filter(None, map(impossible, names)), "")


def unwelcome(name: str) -> str:
    """Say why a file of this name is not added; "" when it is. Assumes it is possible."""
    if name.isascii() and name.isprintable():  # nearly all names: this is called for each
        return ""
    if has_control(name):
        return "it has a control character"
    if not unicodedata.is_normalized("NFC", name):
        return "it is not in Unicode form NFC, so it can look like another name"
    return ""


def bad_target(target: str) -> str:
    """Say why no symlink can point to this; "" when one can."""
    if not target:
        return "it points to nothing"
    if "\0" in target:
        return "its target has NUL in it"
    return _unencodable(target, MAX_TARGET)


def has_control(text: str) -> bool:
    """Return whether printing `text` could do more than show it."""
    if text.isascii() and text.isprintable():  # as above
        return False
    return any(unicodedata.category(character) == "Cc" for character in text)


def _unencodable(text: str, limit: int) -> str:
    try:
        length = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:  # a surrogate: how Python shows a byte that is not UTF-8
        return "it is not UTF-8"
    return f"it is over {limit} bytes long" if length > limit else ""
