"""`tally report`."""

import json
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program
from tests.cli.test_process import latest, wait_for

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


def test_a_page_is_written(tally: Program, first: str, tmp_path: Path) -> None:
    """With the run's name, its addresses, and what it was given."""
    file = tmp_path / "run.html"
    told = tally.told("report", first, "-f", file)
    page = file.read_text()
    assert (told["file"], told["size"]) == (str(file), len(page.encode()))
    run = tally.told("show", first)
    assert told["run"] == run["run"]
    for text in (first, run["run"], run["workflow"], run["outputs"]["letter"], "greet[1]"):
        assert text in page
    assert f"tally rerun {first}" in page
    assert tally("report", first, "-f", file).code == 0
    assert file.read_text() == page


def test_a_page_is_called_as_the_run(
    tally: Program, first: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless a file is named."""
    monkeypatch.chdir(tmp_path)
    assert tally("report", first).out.startswith(f"{first}.html: ")
    assert (tmp_path / f"{first}.html").is_file()


def test_an_imported_run_has_a_page(
    tally: Program, empty: Program, first: str, tmp_path: Path
) -> None:
    """From its records alone; when it was, is what is attested."""
    assert tally("export", first, tmp_path / "run.car").code == 0
    (root,) = empty.told("import", tmp_path / "run.car")["roots"]
    empty.told("report", root["cid"], "-f", tmp_path / "run.html")
    page = (tmp_path / "run.html").read_text()
    assert "made elsewhere" in page
    assert "as attested" in page
    assert "greet[1]" in page


def test_a_failed_run_shows_what_its_step_printed(
    tally: Program, write: Write, tmp_path: Path
) -> None:
    """With the reason that the journal has, and what was skipped for it."""
    steps = (
        "  bad: {run: 'echo to the left >&2', outputs: {o: o}}\n"
        "  after: {run: 'true', inputs: {i: bad.o}, outputs: {o: o}}\n"
    )
    name = json.loads(tally("run", write(steps, name="badly"), "-o", "json").out)["name"]
    tally.told("report", name, "-f", tmp_path / "run.html")
    page = (tmp_path / "run.html").read_text()
    assert "an output is missing" in page
    assert "to the left" in page
    assert f"tally log {name} 'bad'" in page


def test_a_run_that_goes_on_has_a_page(tally: Program, write: Write, tmp_path: Path) -> None:
    """Of what there is of it so far, also where that was reused."""
    first = "  a: {run: 'echo 1 >{outputs.o}', outputs: {o: o}}\n"
    assert tally("run", write(first, name="before")).code == 0
    steps = first + "  s: {run: 'sleep 3004.5', inputs: {i: a.o}, outputs: {o: o}}\n"
    with tally.start("run", write(steps, name="goes")) as run:
        try:
            wait_for(lambda: latest(tally, "goes") != "")
            name = latest(tally, "goes")
            wait_for(lambda: len(tally.told("show", name)["steps"]) == 1)
            told = tally.told("report", name, "-f", tmp_path / "run.html")
        finally:
            run.send_signal(signal.SIGINT)
            run.communicate()
    page = (tmp_path / "run.html").read_text()
    assert told["run"] is None
    assert "goes on" in page
    assert "not ended" in page
    assert f"tally log {name} -f" in page


def test_no_run_is_exit_2(empty: Program, tmp_path: Path) -> None:
    """And no file is written."""
    assert empty("report", "nothing", "-f", tmp_path / "run.html").code == 2
    assert not (tmp_path / "run.html").exists()


RANDOM = 'od -An -N4 -tu4 /dev/urandom | tr -d " " >{outputs.o}'


def test_a_rerun_is_on_the_page_of_its_run(tally: Program, write: Write, tmp_path: Path) -> None:
    """`rerun --report` writes it though the verdict is bad; `report` shows all reruns later."""
    steps = (
        f"  s: {{run: '{RANDOM}', outputs: {{o: o}}}}\n"
        "  t: {run: 'true >{outputs.o}', outputs: {o: o}}\n"
    )
    name = tally.told("run", write(steps, name="random"))["name"]
    tally.told("report", name, "-f", tmp_path / "before.html")
    assert "None of it was run again" in (tmp_path / "before.html").read_text()
    done = tally("rerun", name, "--report", tmp_path / "one.html", "-o", "json")
    assert done.code == 4
    gave = next(one for one in done.json["steps"] if one["id"] == "s")["outputs"]["o"]
    page = (tmp_path / "one.html").read_text()
    assert '<span class="status differs">' in page
    for text in (gave["was"], gave["is"], "this machine", "1 differs, 1 identical"):
        assert text in page
    assert tally("rerun", name, "--step", "t").code == 0
    told = tally.told("report", name, "-f", tmp_path / "two.html")["reruns"]
    assert [(one["verdict"], one["steps"], one["of"]) for one in told] == [
        ("reproduced", 1, 2),
        ("differs", 2, 2),
    ]


def test_a_page_that_cannot_be_written_is_said_before_anything_runs(
    tally: Program, first: str, tmp_path: Path
) -> None:
    """Exit 2, and no rerun is kept."""
    before = tally.told("report", first, "-f", tmp_path / "a.html")["reruns"]
    assert tally("rerun", first, "--report", tmp_path / "none" / "a.html").code == 2
    assert tally.told("report", first, "-f", tmp_path / "a.html")["reruns"] == before


def test_a_page_replaces_a_page_and_nothing_else(
    tally: Program, first: str, tmp_path: Path
) -> None:
    """A file that is none of ours stays as it is, exit 2; and it is said where the page is."""
    mine = tmp_path / "thesis.html"
    mine.write_text("<!doctype html><p>mine")
    for words in (("report", first, "-f", mine), ("rerun", first, "--report", mine)):
        done = tally(*words)
        assert (done.code, "which is no page of a run" in done.err) == (2, True), done.err
    assert mine.read_text() == "<!doctype html><p>mine"
    page = tmp_path / "page.html"
    tally.told("report", first, "-f", page)
    done = tally("rerun", first, "--report", page)
    assert done.code == 0
    assert f"{page}: " in done.err


def test_a_bundle_has_a_page(tally: Program, empty: Program, first: str, tmp_path: Path) -> None:
    """It is imported; the page says who claims it, and then what came of running it again."""
    tally.told("export", first, tmp_path / "run.car")
    told = empty.told("report", tmp_path / "run.car", "-f", tmp_path / "run.html")
    page = (tmp_path / "run.html").read_text()
    assert told["reruns"] == []
    assert "Claimed by whoever made it" in page
    assert "Who vouches for what came out" in page
    again = empty.told("rerun", tmp_path / "run.car", "--offline", "--report", tmp_path / "b.html")
    assert again["verdict"] == "reproduced"
    assert '<span class="status reproduced">' in (tmp_path / "b.html").read_text()


def test_a_chain_is_on_the_page(tally: Program, first: str, tmp_path: Path) -> None:
    """It says what each step was given."""
    tally.told("rerun", first, "--chain", "--report", tmp_path / "chain.html")
    page = (tmp_path / "chain.html").read_text()
    assert "what the rerun gave" in page
    assert "<dt>3 by</dt><dd>" in page


def test_a_sample_has_a_page(tally: Program, empty: Program, first: str, tmp_path: Path) -> None:
    """Of which steps it is, who chose them, and what they prove of the others."""
    thin = tmp_path / "thin.car"
    tally.told("export", first, thin, "--thin", "--sample", "2", "--seed", "mine")
    empty.told("report", thin, "-f", tmp_path / "thin.html")
    page = (tmp_path / "thin.html").read_text()
    assert "Here are only 2 of the 3 steps" in page
    assert "drawn, whoever made the bundle says, with the seed <code>mine</code>" in page
    empty.told("rerun", thin, "--offline", "--seed", "mine", "--report", tmp_path / "b.html")
    assert "under 67 % can be wrong" in (tmp_path / "b.html").read_text()
