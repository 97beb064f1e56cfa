"""What the tests of commands share: a home with the recipe's shell, and workflows as text."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.nix.nixstore import NixStore
from engine.sandbox import binary
from tests.cli.program import ROOT, Program
from tests.fakes import nixstore

NIX_LETTERS = """\
workflow: letters
params: {names: [Ada, Alan]}
inputs: {code: ./src}
environments: {sh: {nix: ./env/default.nix, attribute: env-sh}}
defaults: {environment: sh, resources: {memory: 64MiB}}
steps:
  greet:
    scatter: {name: params.names}
    inputs: {code: inputs.code/greet.sh}
    run: sh {inputs.code} {scatter.name} >{outputs.text}
    outputs: {text: greeting.txt}
  letter:
    inputs: {code: inputs.code/letter.sh, all: "greet[*].text"}
    run: sh {inputs.code} {inputs.all} >{outputs.text}
    outputs: {text: letter.txt}
outputs: {letter: letter.text}
"""
GREET = 'echo "hello, $1"; echo "greeting $1" >&2\n'
LETTER = 'cat "$@"\n'

Write = Callable[..., Path]


def copy_project(place: Path, text: str = NIX_LETTERS) -> Path:
    """Write a project with sources and the recipe's environments; return its workflow file."""
    (place / "src").mkdir(parents=True)
    (place / "src" / "greet.sh").write_text(GREET)
    (place / "src" / "letter.sh").write_text(LETTER)
    shutil.copytree(ROOT / "examples" / "env", place / "env")
    (place / "w.yaml").write_text(text)
    return place / "w.yaml"


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory for what all tests of commands share."""
    return tmp_path_factory.mktemp("program")


@pytest.fixture(scope="session")
def letters(place: Path) -> Path:
    """Return a project whose environment Nix makes: a scatter of two and a gather."""
    return copy_project(place / "letters")


@pytest.fixture(scope="session")
def tally(place: Path, letters: Path, nix_store: NixStore) -> Program:
    """Return the program on a home that has the environment and a run of the letters."""
    try:
        binary.find()
    except Unavailable as error:
        pytest.skip(f"NO TESTS OF RUNS: {error.what}; {error.fix}")
    program = Program(nixstore.lend(nix_store, place / "home"))
    done = program("run", letters)
    assert done.code == 0, done.err
    return program


@pytest.fixture(scope="session")
def first(tally: Program) -> str:
    """Return the name of the first run of the letters."""
    name: str = tally.told("runs")["runs"][-1]["name"]
    return name


@pytest.fixture(scope="session")
def environment(tally: Program, letters: Path) -> str:
    """Return the CID of the environment: workflows that name it need no Nix."""
    cid: str = tally.told("env", "show", letters)["environments"]["sh"]["environment"]
    return cid


@pytest.fixture
def empty(tmp_path: Path) -> Program:
    """Return the program on a home that has nothing."""
    return Program(tmp_path / "empty" / "home")


@pytest.fixture
def write(tmp_path: Path, environment: str) -> Write:
    """Return what writes a workflow file: its steps as text, in the environment `sh`."""

    def write_steps(steps: str, *, head: str = "", name: str = "w") -> Path:
        path = tmp_path / f"{name}.yaml"
        lines = (
            f"workflow: {name}",
            f"environments: {{sh: {{cid: {environment}}}}}",
            "defaults: {environment: sh, resources: {memory: 64MiB}}",
            *((head,) if head else ()),
            "steps:",
        )
        path.write_text("\n".join(lines) + "\n" + steps)
        return path

    return write_steps


@pytest.fixture
def without_nix(tmp_path: Path) -> str:
    """Return a PATH on which Nix's programs come first and fail, each leaving a mark."""
    folder = tmp_path / "no-nix"
    folder.mkdir()
    for name in ("nix", "nix-store", "nix-instantiate", "nix-build"):
        script = folder / name
        script.write_text(f"#!/bin/sh\ntouch {folder}/called\nexit 9\n")
        script.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def own(tally: Program, environment: str, tmp_path: Path, nix_store: NixStore) -> Program:
    """Return the program on a home of its own that has the environment."""
    bundle = tmp_path / "environment.car"
    assert tally("export", environment, bundle).code == 0
    program = tally.at(nixstore.lend(nix_store, tmp_path / "own" / "home"))
    program.told("import", bundle)
    return program
