"""LockFile: a file that an author has, read by its name as one of three formats. Pure."""

import re
from pathlib import PurePath
from typing import Final

from engine.errors import Refused
from engine.wheels import pylock, requirements_txt, uv_lock
from engine.wheels.interpreter import Interpreter
from engine.wheels.pinned import HOW_TO_LOCK, Selection

_PYLOCK: Final = re.compile(r"pylock\.([^.]+\.)?toml")


def read(
    text: str,
    file: str,
    interpreter: Interpreter,
    extras: tuple[str, ...],
    groups: tuple[str, ...] | None,
) -> Selection:
    """Return what a lock file pins for an interpreter.

    Raises: Refused, with file and line, for what is no lock of wheels.
    """
    name = PurePath(file).name
    if name.endswith("uv.lock"):
        return uv_lock.read(text, file, interpreter, extras, groups or ())
    if _PYLOCK.fullmatch(name):
        return pylock.read(text, file, interpreter, extras, groups)
    if not name.endswith(".txt"):
        fix = "name it uv.lock, pylock.toml, pylock.NAME.toml, or anything that ends in .txt"
        raise Refused("not known as a lock file of Python packages", where=file, fix=fix)
    if extras or groups:
        what = "a requirements.txt has neither extras nor groups to choose"
        raise Refused(what, where=file, fix=HOW_TO_LOCK)
    return requirements_txt.read(text, file, interpreter)
