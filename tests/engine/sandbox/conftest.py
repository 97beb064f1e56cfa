"""What the sandbox tests share: an environment staged in a work directory, a warm slot."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.sandbox import binary
from engine.sandbox.bubblewrap import Bubblewrap
from tests.engine.sandbox.bench import Bench, Kept

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Stage the recipe's Python environment as a farm of hard links."""
    try:
        binary.find()
    except Unavailable as error:
        pytest.skip(f"NO SANDBOX TESTS: {error.what}; {error.fix}")
    paths = _closure()
    work = tmp_path_factory.mktemp("work")
    work.chmod(0o755)
    bench = Bench(work, paths[-1])
    bench.closure.mkdir(parents=True)
    for path in paths:
        _link(Path(path), bench.closure / Path(path).name)
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


def _closure() -> list[str]:
    """Build the recipe's env-python and list its closure, the environment last."""
    if shutil.which("nix-build") is None:
        pytest.skip("NO SANDBOX TESTS: nix-build is not installed")
    recipe = ROOT / "examples" / "env"
    script = ". ./nixenv.sh; nix-store -qR $(nix-build . -A env-python --no-out-link)"
    done = subprocess.run(
        ["sh", "-euc", script], cwd=recipe, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"NO SANDBOX TESTS: the recipe does not build: {done.stderr[-500:]}")
    paths = done.stdout.split()
    return sorted(paths, key=lambda path: path.endswith("-env-python"))


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
