"""Load: a workflow from a file. The only part of engine/workflow that touches the world."""

from contextlib import suppress
from itertools import islice
from pathlib import Path
from types import CodeType
from typing import Final

from engine.errors import Refused, TallyError, Unavailable
from engine.workflow.model import Workflow
from engine.workflow.names import did_you_mean
from engine.workflow.parse import parse
from engine.workflow.yaml_source import MAX_TEXT


def load(path: Path) -> Workflow:
    """Return the workflow in a YAML file, or the one that a FILE.py builds.

    Errors show the path as given. Raises: Refused, with the place, when it is not a workflow;
    Unavailable when it cannot be read.
    """
    return load_python(path) if path.suffix == ".py" else parse(read_text(path), str(path))


def load_python(path: Path) -> Workflow:
    """Return the workflow that a Python file defines. This executes the author's code.

    Raises: Refused, with the place, when the code fails or defines no workflow, or two.
    """
    from engine.workflow import builder  # for the few workflows that are in Python

    names: dict[str, object] = {"__name__": "__tallystick__", "__file__": str(path)}
    try:
        exec(_compiled(path), names)  # noqa: S102 - what `tally run FILE.py` is asked to do
    except TallyError:
        raise
    except Exception as error:  # whatever the author's code raises
        raise _failed(error, path) from error
    found = {id(each): each for each in names.values() if isinstance(each, builder.Workflow)}
    if len(found) != 1:
        what = f"the file defines {len(found) or 'no'} workflows"
        raise Refused(
            what, where=str(path), fix="define one: from engine.workflow.builder import Workflow"
        )
    return next(iter(found.values())).compile()


def _compiled(path: Path) -> CodeType:
    text = read_text(path)
    if "\0" in text:  # compile() says so without the place, and until Python 3.11.4 in another way
        where = _place(path, text, text.index("\0"))
        raise Refused("not Python: there is a NUL in it", where=where, fix="remove it")
    try:
        return compile(text, str(path), "exec")
    except SyntaxError as error:
        where = f"{path}:{error.lineno or 1}:{error.offset or 1}"
        raise Refused(f"not Python: {error.msg}", where=where, fix="correct it there") from None


def _place(path: Path, text: str, index: int) -> str:
    line = text.count("\n", 0, index) + 1
    column = index - text.rfind("\n", 0, index)
    return f"{path}:{line}:{column}"


def _failed(error: Exception, path: Path) -> Refused:
    """Return what went wrong, at the last line of the author's own file that led to it."""
    import traceback  # a workflow file in YAML has no need of it

    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    where = f"{path}:{lines[-1] or 1}:1" if lines else str(path)
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return Refused(what, where=where, fix="correct the Python file")


def _beside(path: Path) -> list[str]:
    """Return the names of some workflow files where one was looked for."""
    with suppress(OSError):
        near = islice(path.parent.iterdir(), _MAX_BESIDE)
        return [one.name for one in near if one.suffix in (".yaml", ".yml", ".py")]
    return []


def read_text(path: Path) -> str:
    """Return the text of a file that a person wrote.

    Raises: Refused when it is missing, too long or not UTF-8; Unavailable when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TEXT + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        fix = did_you_mean(path.name, _beside(path), _MISSING)
        raise Refused("no such file", where=str(path), fix=fix) from None
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise Unavailable(what, where=str(path), fix="make it readable for this user") from None
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


_MAX_BESIDE: Final = 1_000  # entries of a directory that are looked at: it may be any
_MISSING: Final = "check the path; `tally init` makes a small workflow to start from"
