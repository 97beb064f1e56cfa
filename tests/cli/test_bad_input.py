"""What bad input gets: what, where, what to do, the exit code; and the next command works."""

from pathlib import Path

import pytest

from tests.cli.program import Program

HEAD = "workflow: w\nenvironments: {e: {store: /nix/store/00000000000000000000000000000001-e}}\n"
STEPS = "steps:\n  a: {environment: e, run: x, outputs: {o: o}}\n"
GOOD = HEAD + STEPS
BAD = {  # what is wrong: the text, what is said of it, where, and the fix
    "unknown key": ("setps: {}\n" + GOOD, "unknown key 'setps'", ":1:1", "'steps'?"),
    "unknown step key": (
        GOOD.replace("run:", "rnu:"),
        "unknown key 'rnu'",
        ":4:23",
        "did you mean 'run'?",
    ),
    "cycle": (
        HEAD + "steps:\n"
        "  a: {environment: e, inputs: {i: b.o}, run: x, outputs: {o: o}}\n"
        "  b: {environment: e, inputs: {i: a.o}, run: x, outputs: {o: o}}\n",
        "a",
        ":4:",
        "",
    ),
    "missing step": (
        GOOD + "  b: {environment: e, inputs: {i: aa.o}, run: x, outputs: {o: p}}\n",
        "'aa'",
        ":5:",
        "did you mean 'a'?",
    ),
    "missing output": (
        GOOD + "  b: {environment: e, inputs: {i: a.out}, run: x, outputs: {o: p}}\n",
        "'out'",
        ":5:",
        "o",
    ),
    "duplicate key": (GOOD + "  a: {run: y}\n", "'a'", ":5:3", ""),
    "duplicate output": (GOOD.replace("{o: o}", "{o: o, p: ./o}"), "'p'", ":4:", ""),
    "wrong type": (GOOD.replace("run: x", "run: 3"), "'run'", ":4:", ""),
    "absolute output": (GOOD.replace("o: o", "o: /o"), "/o", ":4:", ""),
    "output above": (GOOD.replace("o: o", "o: ../o"), "..", ":4:", ""),
    "undeclared param": (GOOD.replace("run: x", "run: 'x {params.n}'"), "n", ":4:", ""),
    "undeclared environment": (GOOD.replace("environment: e", "environment: f"), "'f'", ":4:", "e"),
    "anchor": (GOOD.replace("run: x", "run: &x x"), "anchor", ":4:", ""),
    "not YAML": ("workflow: [\n", "not YAML", ":", "close"),
    "not a workflow": ("- 1\n", "", ":1:1", ""),
    "empty": ("", "", ":1:1", ""),
    "zero memory": (
        GOOD.replace("run: x", "run: x, resources: {memory: 1}"),
        "memory",
        ":4:",
        "",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_workflow_is_exit_2_with_its_place(empty: Program, tmp_path: Path, name: str) -> None:
    """Three lines: what, file:line:column, what to do."""
    text, what, where, fix = BAD[name]
    path = tmp_path / "w.yaml"
    path.write_text(text)
    done = empty("run", path)
    lines = done.err.splitlines()
    assert done.code == 2
    assert 2 <= len(lines) <= 3, lines
    assert lines[0].startswith("error: ")
    assert what in lines[0]
    assert lines[1].startswith(f"  at: {path}{where}")
    assert fix in lines[-1]
    assert done.out == ""


@pytest.mark.parametrize("command", ["run", "plan"])
@pytest.mark.parametrize("source", ["./nowhere", "/nowhere/at/all", "./" + 300 * "n"])
def test_an_input_that_is_not_there_is_refused(
    empty: Program, tmp_path: Path, command: str, source: str
) -> None:
    """Before any environment is made: the path is named as it was looked for."""
    path = tmp_path / "w.yaml"
    path.write_text(GOOD.replace("steps:", f"inputs: {{a: {source}}}\nsteps:"))
    done = empty(command, path)
    assert done.code == 2
    assert "input 'a'" in done.err


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("nowhere.yaml",), "no such file"),
        ((".",), "this is a directory"),
        (("w.yaml", "-p", "n"), "not a param"),
        (("w.yaml", "-p", "m=1"), "unknown param 'm'"),
        (("w.yaml", "-p", "n=["), "not YAML"),
        (("w.yaml",), "'n'"),
        (("w.yaml", "--jobs", "0"), "setting 'jobs' cannot be '0'"),
        (("w.yaml", "--jobs", "many"), "setting 'jobs' cannot be 'many'"),
        (("w.yaml", "--ofline"), "No such option '--ofline'"),
        (("bafyr4i" + "a" * 52,), "not here"),
        (("bafyr4i" + "!" * 52,), "not a CID"),
    ],
)
def test_a_bad_command_line_is_refused(
    empty: Program,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    what: str,
) -> None:
    """What does not fit is named; only what is valid but not here is exit 3."""
    monkeypatch.chdir(tmp_path)
    Path("w.yaml").write_text(GOOD.replace("steps:", "params: {n: null}\nsteps:"))
    done = empty("run", *words)
    assert what in done.err
    assert done.code == (3 if what == "not here" else 2)


def test_bytes_that_are_no_text_are_refused(empty: Program, tmp_path: Path) -> None:
    """A binary file is no workflow, and so is one of many megabytes."""
    path = tmp_path / "w.yaml"
    for data in (b"\xff\xfe\x00", b"#" * (2 * 2**20), b"a\0b: 1\n"):
        path.write_bytes(data)
        assert empty("run", path).code == 2


def test_control_characters_of_a_file_do_not_reach_the_terminal(
    empty: Program, tmp_path: Path
) -> None:
    """What an error quotes is escaped."""
    path = tmp_path / "w.yaml"
    path.write_text(GOOD + '  "\\e[31mred": {}\n')
    done = empty("run", path)
    assert done.code == 2
    assert "\x1b" not in done.err


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("x = 1\n", "the file defines no workflows"),
        ("1/0\n", "ZeroDivisionError"),
        ("def f(:\n", "not Python"),
    ],
)
def test_a_bad_python_file_is_refused(empty: Program, tmp_path: Path, text: str, what: str) -> None:
    """The author's own mistakes are shown at their line, not as a bug of ours."""
    path = tmp_path / "w.py"
    path.write_text(text)
    done = empty("run", path)
    assert done.code == 2
    assert what in done.err


@pytest.mark.parametrize("home", ["file", "file/below"])
def test_a_home_that_cannot_be_is_exit_3(empty: Program, tmp_path: Path, home: str) -> None:
    """The error names the home and how to choose another."""
    (tmp_path / "file").write_text("")
    done = empty("runs", "--home", tmp_path / home)
    assert done.code == 3
    assert "--home or TALLY_HOME" in done.err
