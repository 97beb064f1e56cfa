"""The errors page: every error a user can meet, met here, and what is said of it.

`TALLY_WRITE=1 pytest tests/cli/errors` writes docs/errors.md anew: its diff is what users will see.
"""

import os
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from cli.builders import BUILT_PIN
from cli.workspace import Workspace
from tests.cli.errors import (  # noqa: F401 - importing them enters their cases
    cases_content,
    cases_credit,
    cases_environments,
    cases_ipfs,
    cases_ledger,
    cases_line,
    cases_machine,
    cases_market,
    cases_packages,
    cases_resources,
    cases_royalties,
    cases_running,
    cases_trust,
    cases_workflow,
)
from tests.cli.errors.page import Met, page
from tests.cli.errors.reasons import REASONS
from tests.cli.errors.sites import ROOT, all_sites
from tests.cli.errors.stage import CASES, Case, Made, Stage, watched
from tests.cli.program import Program, Told
from tests.engine.workflow.corpus import bad_files

PAGE = ROOT / "docs" / "errors.md"
EXITS = {1, 2, 3, 4, 5, 70}

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


@pytest.fixture(scope="session")
def met(
    tally: Program, first: str, environment: str, tmp_path_factory: pytest.TempPathFactory
) -> list[Met]:
    """Meet every error, one after the other."""
    _forget_builders(tally)
    found = []
    for number, case in enumerate(CASES):
        folder = tmp_path_factory.mktemp(f"error{number}")
        found.append(_meet(case, Stage(folder, tally, first, environment)))
    names = [run["name"] for run in tally.told("runs")["runs"]]
    named = re.compile("|".join(rf"\b{name}\b" for name in names))
    found = [replace(one, said=named.sub("brave-otter", one.said)) for one in found]
    return [*found, *_of_files(tally, tmp_path_factory.mktemp("files"))]


def _forget_builders(tally: Program) -> None:
    """Drop what the home says that it built: other tests of this session had it build again."""
    with Workspace(tally.home, writing=True) as space:
        for cid in space.store.pins.of(BUILT_PIN):
            space.store.pins.unpin(cid, BUILT_PIN)


def _meet(case: Case, stage: Stage) -> Met:
    here = Path.cwd()
    os.chdir(stage.folder)
    try:
        with watched() as made:
            told = case.act(stage)
    finally:
        os.chdir(here)
    said, typed = _plain(stage, told), stage.plain(stage.typed[-1])
    return Met(case.topic, case.title, typed, said, told.code, _shown(made, told))


def _plain(stage: Stage, told: Told) -> str:
    return re.sub(r"\b\d+\.\d+s\b", "0.1s", stage.plain(told.err)).lstrip("\n")


def _shown(made: list[Made], told: Told) -> list[Made]:
    """Return those errors of which the user has seen the text."""
    seen = _alike(told.err)
    return [one for one in made if one.what and _alike(one.what.splitlines()[0])[:60] in seen]


def _alike(text: str) -> str:
    """Return text in which figures, which a page has dots for, make no difference."""
    return re.sub(r"[\d…]+", "#", " ".join(text.split()))


def _of_files(tally: Program, folder: Path) -> list[Met]:
    """Meet what is in the table of bad workflow files, which has what is said of each."""
    found = []
    here = Path.cwd()
    os.chdir(folder)
    try:
        for bad in bad_files():
            Path("w.yaml").write_text(bad.text)
            with watched() as made:
                told = tally("run", "w.yaml")
            found.append(
                Met("The workflow file", bad.name, "", told.err, told.code, _shown(made, told))
            )
    finally:
        os.chdir(here)
    return found


def test_the_page_is_what_is_met(met: list[Met]) -> None:
    """docs/errors.md has each error as it is said, in the order of exit codes."""
    text = page(met)
    if os.environ.get("TALLY_WRITE"):
        PAGE.write_text(text)
    assert PAGE.read_text() == text


def test_every_error_is_readable(met: list[Met]) -> None:
    """What, where, what to do: on a line each, with an exit code that docs/cli.md has."""
    for one in met:
        lines = one.error
        assert one.code in EXITS, one
        assert lines[0].startswith("error: "), one
        assert lines[-1].startswith("  fix: "), one
        assert len(lines) <= 3, one
        assert len(lines) < 3 or lines[1].startswith("  at: "), one
        assert all(len(line) <= 300 and not line.endswith(".") for line in lines), one
        assert "Traceback" not in one.said, one


def test_every_place_that_makes_an_error_is_met_or_says_why_not(met: list[Met]) -> None:
    """A new error comes with the way to meet it; a reason that no longer holds is removed."""
    lines: dict[str, set[int]] = defaultdict(set)
    for one in met:
        for made in one.made:
            for file, line in made.lines:
                lines[file].add(line)
    hit, missed = set(), []
    for site in all_sites():
        if lines[site.module] & set(range(site.first, site.last + 1)):
            hit.add(str(site))
        else:
            missed.append(str(site))
    unknown = [site for site in missed if not _reason(site) and site not in hit]
    assert not unknown, "\n".join(unknown)
    stale = [key for key in REASONS if not any(site.startswith(key) for site in missed)]
    assert not stale


def _reason(site: str) -> str:
    return next((why for key, why in REASONS.items() if site.startswith(key)), "")


def test_every_error_has_a_fix() -> None:
    """But what is damaged, for which the program has one: to get it again."""
    without = [str(one) for one in all_sites() if not one.has_fix and one.maker != "Damaged"]
    assert not [site for site in without if not _reason(site)]
