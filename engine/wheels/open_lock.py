"""open_lock: a lock file on disk, read for one interpreter."""

from pathlib import Path

from engine.errors import Refused, Unavailable
from engine.wheels.interpreter import Interpreter
from engine.wheels.lockfile import read
from engine.wheels.pinned import MAX_TEXT, Selection


def open_lock(
    file: Path,
    interpreter: Interpreter,
    extras: tuple[str, ...] = (),
    groups: tuple[str, ...] | None = None,
) -> Selection:
    """Return what a lock file pins for an interpreter.

    Raises: Refused, with file and line, for what is no lock of wheels; Unavailable when it cannot
    be read.
    """
    return read(_text(file), str(file), interpreter, extras, groups)


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_TEXT + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise Refused("no such lock file", where=str(file), fix="check the path") from None
    except OSError as error:
        what, fix = f"cannot be read: {error.strerror}", "make it readable"
        raise Unavailable(what, where=str(file), fix=fix) from None
    if len(data) > MAX_TEXT:
        raise Refused(f"longer than {MAX_TEXT} bytes", where=str(file), fix="lock less")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Refused("not UTF-8 text", where=str(file), fix="lock it anew") from None
