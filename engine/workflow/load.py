"""Load: a workflow from a file. The only part of engine/workflow that touches the world."""

from pathlib import Path
from typing import Final

from engine.errors import Refused, Unavailable
from engine.workflow.model import Workflow
from engine.workflow.parse import parse
from engine.workflow.yaml_source import MAX_TEXT


def load(path: Path) -> Workflow:
    """Return the workflow in a YAML file, shown in errors by the path as given.

    Raises: Refused, with the place, when it is not a workflow; Unavailable when it cannot be read.
    """
    return parse(read_text(path), str(path))


def read_text(path: Path) -> str:
    """Return the text of a file that a person wrote.

    Raises: Refused when it is missing, too long or not UTF-8; Unavailable when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TEXT + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise Refused("no such file", where=str(path), fix=_MISSING) from None
    except OSError as error:
        raise Unavailable(f"cannot be read: {error.strerror}", where=str(path)) from None
    if len(data) > MAX_TEXT:
        fix = "keep data in files, as inputs"
        raise Refused(f"longer than {MAX_TEXT} bytes", where=str(path), fix=fix)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        where = f"{path}:{line}:{column}"
        raise Refused("not UTF-8 text", where=where, fix="save the file as UTF-8") from None


_MISSING: Final = "check the path; `tally init` makes a small workflow to start from"
