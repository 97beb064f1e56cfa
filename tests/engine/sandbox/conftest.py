"""What the sandbox tests share: an environment staged in a work directory, a warm slot."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.nix.command import Command
from engine.nix.nixstore import NixStore
from engine.nix.realise import Realiser
from engine.nix.source import NixFile
from engine.nix.storepath import StorePath
from engine.sandbox import binary
from engine.sandbox.bubblewrap import Bubblewrap
from tests.engine.sandbox.bench import Bench, Kept

RECIPE = Path(__file__).parents[3] / "examples/env/default.nix"


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory, nix_store: NixStore) -> Bench:
    """Stage the recipe's Python environment as a farm of hard links."""
    try:
        binary.find()
    except Unavailable as error:
        pytest.skip(f"NO SANDBOX TESTS: {error.what}; {error.fix}")
    work = tmp_path_factory.mktemp("work")
    work.chmod(0o755)
    environment, closure = _build(nix_store, tmp_path_factory.mktemp("made"))
    bench = Bench(work, str(environment))
    bench.closure.mkdir(parents=True)
    for path in closure:
        _link(nix_store.physical(path), bench.closure / path.base)
    return bench


@pytest.fixture
def kept() -> Kept:
    """An empty sink."""
    return Kept()


@pytest.fixture(scope="module")
def sandbox(bench: Bench) -> Iterator[Bubblewrap]:
    """One slot, kept warm for a file of tests."""
    with contextlib.closing(Bubblewrap(bench.work)) as slot:
        yield slot


def _build(store: NixStore, place: Path) -> tuple[StorePath, list[StorePath]]:
    """Build the recipe's env-python; return it and its closure."""
    command = Command(store, place / "scratch")
    (environment,) = Realiser(command, place / "roots").realise(NixFile(RECIPE, "env-python")).paths
    listed = command.run("nix-store", "--query", "--requisites", str(environment))
    return environment, [StorePath.parse(line) for line in listed.output.split()]


def _link(source: Path, target: Path) -> None:
    """Copy a store path by hard links."""
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, copy_function=_link_file)
    else:
        _link_file(str(source), str(target))


def _link_file(source: str, target: str) -> None:
    """Link a file, or copy it where the kernel forbids links to files of others."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
