"""What tests of all packages share: a Nix store that has the recipes' inputs, and a browser."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from engine.nix.nixstore import NixStore
from engine.nix.treewriter import remove
from tests.fakes import nixstore

EXAMPLES = Path(__file__).parents[1] / "examples"

# Tests send signals to programs that they start. Those inherit what is ignored here, as it is in a
# shell's background, but not what is handled.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, lambda *_: None)

# how long a machine takes, which may be doing other things, is no property of the program
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the reproductions be run at the size at which they are published."""
    parser.addoption("--full", action="store_true", help="run the reproductions in full")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that try whole programs: the last to end are then short ones."""
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)


@pytest.fixture(scope="session")
def nix_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NixStore]:
    """Return the store that tests build in."""
    place = tmp_path_factory.mktemp("nix")
    yield nixstore.make(place)
    remove(place)  # as every Nix store it is read-only, and large


@pytest.fixture(scope="module")  # it has an event loop that runs: others could not run theirs
def browser() -> Iterator[Any]:
    """Return Debian's Chromium."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("NO TESTS IN A BROWSER: chromium is not here; ./setup/test installs it")
    from playwright.sync_api import sync_playwright

    quiet = ("no-sandbox", "headless", "disable-gpu", "disable-quic", "no-first-run")
    quiet += ("disable-background-networking", "disable-component-update", "disable-sync")
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=found, args=[f"--{word}" for word in quiet])
        yield started
        started.close()


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the examples that tests may edit, without lock files."""
    copy = tmp_path_factory.mktemp("project") / "examples"
    shutil.copytree(EXAMPLES, copy, ignore=shutil.ignore_patterns("workflow.lock"))
    return copy


@pytest.fixture(scope="module")
def without_nix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a PATH on which there is bubblewrap and nothing else."""
    place = tmp_path_factory.mktemp("bin")
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is not None:
        (place / "bwrap").symlink_to(bubblewrap)
    return place
