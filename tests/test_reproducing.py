"""The page with the whole story: each of its commands does, as written, what it shows."""

import os
from pathlib import Path

import pytest

from engine.nix.nixstore import NixStore
from tests.cli.program import Program
from tests.console import Ended, alike, commands, run
from tests.fakes import nixstore

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reproducing.md"
ASKED = list(commands(PAGE.read_text()))

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


@pytest.fixture(scope="module")
def ended(nix_store: NixStore, tmp_path_factory: pytest.TempPathFactory) -> list[Ended]:
    """Return how all commands ended, for people who have nothing yet but the Nix store."""
    place = tmp_path_factory.mktemp("story")
    nixstore.lend(nix_store, place / "ann")
    (place / "tmp").mkdir()
    program = Program(place / "bin" / "home")
    environ = {
        name: text
        for name, text in program.environ().items()
        if name not in ("TALLY_HOME", "TALLY_IPFS", "IPFS_PATH")
    }
    environ |= {"HOME": str(place), "TMPDIR": str(place / "tmp"), "LC_ALL": "C"}
    environ["PATH"] = os.pathsep.join((str(program.script().parent), environ["PATH"]))
    return run(ASKED, ROOT, environ)


@pytest.fixture(scope="module")
def names() -> dict[str, str]:
    """Return what is gathered while the page is compared: the names of runs on it, and the real."""
    return {}


@pytest.mark.parametrize("index", range(len(ASKED)), ids=lambda index: ASKED[index].text[:40])
def test_a_command_does_what_the_page_shows(
    ended: list[Ended], names: dict[str, str], index: int
) -> None:
    """It prints what is shown, and fails only where an error is shown."""
    asked, found = ASKED[index], ended[index]
    assert alike(asked.shown, found.lines, names), "\n".join((*found.lines, str(found.code)))
    assert (found.code != 0) == asked.fails
