"""A workflow of which the one output is a number, published in tests."""

from pathlib import Path

import pytest

from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.store.public_roots import public_roots
from tests.cli.conftest import Write
from tests.cli.program import Program
from tests.fakes import nixstore

STEPS = """\
  measure:
    run: echo '{{"accuracy":' {params.accuracy} '}}' >{outputs.metrics}
    outputs: {metrics: metrics.json}
outputs: {metrics: measure.metrics}
"""
HEAD = "params: {accuracy: 0.93}"
CHECK = "metrics.accuracy >= 0.9"


@pytest.fixture
def other(own: Program, tmp_path: Path, nix_store: nixstore.NixStore) -> Program:
    """Return the program on a home that has nothing yet."""
    return own.at(nixstore.lend(nix_store, tmp_path / "other" / "home"))


@pytest.fixture
def scores(write: Write) -> Path:
    """Return a workflow whose one output is a number in JSON."""
    return write(STEPS, head=HEAD, name="scores")


def carried(own: Program, other: Program, resource: str, tmp_path: Path) -> str:
    """Bring a resource to another home, as a file; return its CID."""
    own.told("export", resource, tmp_path / "resource.car")
    (root,) = other.told("import", tmp_path / "resource.car")["roots"]
    assert root == {"cid": resource, "kind": "resource"}
    return resource


def published(program: Program) -> set[Cid]:
    """Return what a home has made public."""
    with Workspace(program.home) as space:
        return set(public_roots(space.store.pins))
