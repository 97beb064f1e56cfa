"""Loading: a workflow from a file on disk, in YAML or in Python."""

from pathlib import Path

import pytest

from engine.errors import Refused
from engine.workflow.load import load, load_python
from engine.workflow.yaml_source import MAX_TEXT
from tests.engine.workflow.corpus import CID, HEAD

PYTHON = f"""\
from engine.workflow.builder import Workflow

w = Workflow("w")
w.environment("e", cid="{CID}")
w.step("a", run="x", environment="e")
"""


def test_yaml(tmp_path: Path) -> None:
    """A file is read as UTF-8, and errors show it by the path as given."""
    path = tmp_path / "w.yaml"
    path.write_text(HEAD + "description: é\nsteps: {a: {run: x}}\n", encoding="utf-8")
    assert load(path).description == "é"
    path.write_text("x: 1\n")
    with pytest.raises(Refused) as refused:
        load(path)
    assert refused.value.where == f"{path}:1:1"


@pytest.mark.parametrize(
    ("content", "what", "where"),
    [
        (None, "no such file", ""),
        (b"workflow: w\nx: \xff\n", "not UTF-8", ":2:4"),
        (b"\xff\xfew\0", "not UTF-8", ":1:1"),
        (b" " * (MAX_TEXT + 1), "longer than", ""),
        (b"", "the file is empty", ":1:1"),
    ],
)
def test_unreadable(tmp_path: Path, content: bytes | None, what: str, where: str) -> None:
    """A file that is missing, too long or no text is refused with its place."""
    path = tmp_path / "w.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Refused, match=what) as refused:
        load(path)
    assert refused.value.where == f"{path}{where}"


def test_a_mistyped_name_asks_for_the_file_beside_it(tmp_path: Path) -> None:
    """Of workflow files only; a directory that is not there has none."""
    (tmp_path / "workflow.yaml").touch()
    (tmp_path / "letter.txt").touch()
    for name, fix in (("workflow.yml", "did you mean 'workflow.yaml'?"), ("letters.txt", "init")):
        with pytest.raises(Refused) as refused:
            load(tmp_path / name)
        assert fix in refused.value.fix
    with pytest.raises(Refused, match="no such file"):
        load(tmp_path / "nowhere" / "workflow.yml")


def test_a_directory(tmp_path: Path) -> None:
    """A directory is no workflow file."""
    with pytest.raises(Refused, match="no such file"):
        load(tmp_path)


def test_python(tmp_path: Path) -> None:
    """A Python file defines its one workflow, under whatever names."""
    path = tmp_path / "w.py"
    path.write_text(PYTHON + "same = w\n")
    assert list(load_python(path).steps) == ["a"]


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("x = 1\n", "defines no workflows", ""),
        (PYTHON + "v = Workflow('v')\n", "defines 2 workflows", ""),
        ("x = (\n", "not Python", ":1:5"),
        ("x = 1\ny = 2\0\n", "not Python", ":2:6"),
        (PYTHON + "1 / 0\n", "ZeroDivisionError: division by zero", ":6:1"),
        (PYTHON + "def f():\n    raise KeyError('a\\nb')\nf()\n", "KeyError", ":7:1"),
        (PYTHON + "w.step('b', run='x', environment='f')\n", "unknown environment 'f'", ":6:1"),
        (PYTHON + "w.step('a')\n", "'a' is in 'steps' twice", ":6:1"),
        ("import no_such_module\n", "ModuleNotFoundError", ":1:1"),
    ],
)
def test_python_that_fails(tmp_path: Path, text: str, what: str, where: str) -> None:
    """A Python file that fails, or defines not one workflow, is refused at the author's line."""
    path = tmp_path / "w.py"
    path.write_text(text)
    with pytest.raises(Refused, match=what) as refused:
        load_python(path)
    assert refused.value.where == f"{path}{where}"
