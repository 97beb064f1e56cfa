"""Workflow files in an editor: what the real YAML language server makes of them, offline."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.project import MODELINE, templates
from tests.cli.program import Program
from tests.editor.server import Server

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*/workflow.yaml"))


@pytest.fixture(scope="module")
def program() -> Path:
    """Return the language server, installed by ./setup/editor/install."""
    command = [ROOT / "setup" / "editor" / "install", "--look"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"NO TESTS IN AN EDITOR: {done.stderr.strip()}")
    return Path(done.stdout.strip()) / "node_modules/yaml-language-server/bin/yaml-language-server"


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with a project from each template."""
    place = tmp_path_factory.mktemp("an editor's ünusual place")
    tally = Program(place / "home")
    for template in templates():
        assert tally("init", place / template, "--template", template).code == 0
    (place / "requirements.txt").write_text(f"six==1.0 --hash=sha256:{'a' * 64}\n")
    new = ("init", place / "lock", "--requirements", place / "requirements.txt")
    assert tally(*new).code == 0
    (place / "schema.json").write_text(tally("schema").out)
    return place


@pytest.fixture(scope="module")
def server(program: Path, projects: Path) -> Iterator[Server]:
    """Return the server; for the examples a person has set where the schema is."""
    schema = (projects / "schema.json").as_uri()
    with Server(program, projects, {schema: "/examples/*/*.yaml"}, os.environ) as started:
        yield started


def marked(server: Server, path: Path, text: str) -> list[tuple[int, str]]:
    """Return the line of each mark, from 0, and what it says."""
    found = server.open(path, text)
    return [(each["range"]["start"]["line"], each["message"]) for each in found]


@pytest.mark.parametrize("template", [*templates(), "lock"])
def test_nothing_is_marked_in_a_project(server: Server, projects: Path, template: str) -> None:
    """By the schema that its first line names."""
    path = projects / template / "workflow.yaml"
    assert marked(server, path, path.read_text()) == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_nothing_is_marked_in_an_example(server: Server, path: Path) -> None:
    """By the schema that an editor was told of; the same with a slip is marked."""
    text = path.read_text()
    assert marked(server, path, text) == []
    assert marked(server, path.with_name("slip.yaml"), text.replace("steps:", "stesp:"))


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("run: echo", "rnu: echo", "Property rnu is not allowed"),
        ("outputs: {letter: letter.letter}", "outptus: {}", "Property outptus is not allowed"),
        ("workflow: hello", "workflow: Hello", "does not match the pattern"),
        ("{environment: sh}", "{environment: sh, retries: lots}", '"integer"'),
        ("scatter: {name: params.names}", "scatter: {name: 3}", ""),
        ("{nix: ./env/default.nix,", "{nxi: ./env/default.nix,", ""),
    ],
)
def test_a_slip_is_marked(server: Server, projects: Path, was: str, now: str, said: str) -> None:
    """On its line: an unknown key, a value that cannot be."""
    text = (projects / "hello" / "workflow.yaml").read_text()
    before, found, after = text.partition(was)
    assert found
    line = before.count("\n")
    marks = marked(server, projects / "hello" / f"slip-{line}.yaml", f"{before}{now}{after}")
    assert [each for each in marks if said in each[1] and each[0] == line], marks


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("o", {"outputs"}),
        ("steps:\n  s:\n    run: x\n    r", {"retries", "resources", "scatter"}),
        ("steps:\n  s:\n    run: x\n    resources:\n      m", {"memory", "cpus", "time"}),
        ("defaults:\n  ", {"environment", "cache"}),
        ("environments:\n  e:\n    ", {"nix", "flake", "requirements", "python"}),
        ("inputs:\n  a:\n    path: x\n    share: ", {"never", "owners", "any"}),
    ],
)
def test_what_could_be_typed_is_offered(
    server: Server, projects: Path, typed: str, offered: set[str]
) -> None:
    """Keys at the top and further in, and words where only some can be."""
    path = projects / "hello" / f"typing-{min(offered)}.yaml"
    text = f"{MODELINE}workflow: x\n{typed}"
    server.open(path, text)
    lines = text.split("\n")
    assert offered <= {*server.complete(path, len(lines) - 1, len(lines[-1]))}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("scatter:", "One instance per item"),
        ("environments:", "What steps run in"),
        ("nix:", "A file of Nix"),
        ("attribute:", "env-numpy"),
        ("greeting:", "A file or directory below /out"),
        ("defaults:", "What steps have that do not say otherwise"),
        ("greetings:", "STEP\\[\\*\\].OUTPUT"),
    ],
)
def test_a_key_says_what_it_is(server: Server, projects: Path, word: str, said: str) -> None:
    """The description, when the mouse rests on it."""
    path = projects / "hello" / f"{word[:-1]}.yaml"
    whole = (projects / "hello" / "workflow.yaml").read_text()
    server.open(path, whole)
    lines = whole.splitlines()
    line, text = next((n, text) for n, text in enumerate(lines) if word in text and n)
    assert said in server.hover(path, line, text.index(word) + 1)
