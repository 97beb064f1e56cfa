"""What was paid for a run goes with its bundle: `tally export`, `import` and `rerun`."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.workspace import Workspace
from engine.content.cid import Cid
from peers.entries import Agreed
from peers.receipts import LINES, Lines, receipt_of
from tests.cli.program import Program
from tests.peers.bills import offered
from tests.peers.books import keep
from tests.peers.ledgers import Keeper, opened
from tests.peers.paid import lines_of, proved

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


@pytest.fixture
def paid(tally: Program, first: str) -> Iterator[tuple[Cid, Keeper]]:
    """Return a run that ran here, for which the home's ledger says that a peer was paid."""
    one, two = opened(10_000_000)
    offer = offered(one.key, two.peer.key, 5_000)
    plain = Cid.parse(tally.told("show", first)["run"])
    with Workspace(tally.home, writing=True) as space:
        run, batch, said = proved(space.store, plain, offer.cid, two)
        space.store.pins.pin(run, "test")
    page = Lines(offer.cid, batch, lines_of(said, *[0] * len(said)))
    lines = LINES.block(page)
    two.say(Agreed(offer.cid, 5_000), one)
    one.say(receipt_of(page), two, refs=(lines.cid,))
    _forget(tally.home)  # what tests before this one traded there
    keep(tally.home, one, [offer, lines])
    yield run, two
    _forget(tally.home)


def _forget(home: Path) -> None:
    for path in home.glob("ledger.*"):
        path.unlink()


def test_receipts_go_with_a_run_and_are_checked(
    tally: Program, paid: tuple[Cid, Keeper], empty: Program, tmp_path: Path
) -> None:
    """Who has the bundle sees whom its steps were paid to, when it runs them again."""
    run, two = paid
    file = tmp_path / "run.car"
    tally.told("export", run, file)
    assert [one["kind"] for one in empty.told("import", file)["roots"]] == ["run", "receipts"]
    told = empty.told("rerun", file, "--offline")
    assert told["verdict"] == "reproduced"
    assert told["receipts"]["peers"] == [str(two.peer)]
    assert told["receipts"]["count"] == 1
    assert told["receipts"]["amount"] == 0
    said = empty("rerun", file, "--offline").err
    assert "its receipts hold" in said
    assert "in this run or, of a result that it reused, in an earlier one" in said


def test_receipts_are_on_the_page_of_a_bundle(
    tally: Program, paid: tuple[Cid, Keeper], empty: Program, tmp_path: Path
) -> None:
    """With whom they were paid to."""
    run, two = paid
    tally.told("export", run, tmp_path / "run.car")
    empty.told("report", tmp_path / "run.car", "-f", tmp_path / "run.html")
    page = (tmp_path / "run.html").read_text()
    assert "its receipts hold" in page
    assert str(two.peer) in page


def test_receipts_stay_when_nobody_is_to_see_them(
    tally: Program, paid: tuple[Cid, Keeper], empty: Program, tmp_path: Path
) -> None:
    """A bundle without receipts is that of the run alone."""
    run, _ = paid
    tally.told("export", run, tmp_path / "run.car", "--no-receipts")
    assert empty.told("rerun", tmp_path / "run.car", "--offline")["receipts"] is None


def test_a_damaged_ledger_stops_an_export(
    tally: Program, paid: tuple[Cid, Keeper], tmp_path: Path
) -> None:
    """What cannot be read is not left out silently."""
    run, _ = paid
    shutil.copy(__file__, tally.home / "ledger.db")
    assert tally("export", run, tmp_path / "run.car").code == 5
    assert tally("export", run, tmp_path / "run.car", "--no-receipts").code == 0
