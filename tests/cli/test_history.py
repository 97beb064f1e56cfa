"""`tally runs`, `tally show` and `tally cancel`."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.run import RUN, RUN_PAGE_RECORD, run_pages
from engine.step import ATTESTATION, SIGNED, Signed
from tests.cli.program import Program, statuses
from tests.fakes.records import Ran, record

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

SIGNED_WORKFLOW = """\
workflow: signed
environments: {sh: {store: /nix/store/00000000000000000000000000000000-sh}}
steps:
  a: {environment: sh, run: 'true', outputs: {o: o}}
"""


def test_a_home_without_runs_says_so(empty: Program) -> None:
    """Nothing on stdout, a hint on stderr, exit 0."""
    done = empty("runs")
    assert (done.code, done.out) == (0, "")
    assert "tally run WORKFLOW" in done.err
    assert empty.told("runs") == {"runs": []}


def test_the_latest_run_comes_first(tally: Program, letters: Path, first: str) -> None:
    """The list goes back in time, with how each run ended."""
    latest = tally.told("run", letters)
    rows = tally.told("runs")["runs"]
    assert (rows[0]["name"], rows[-1]["name"]) == (latest["name"], first)
    assert set(rows[0]) == {
        "id",
        "name",
        "workflow",
        "status",
        "created_ms",
        "finished_ms",
        "run",
    }
    assert rows[0]["run"] == latest["run"]


def test_a_run_is_shown_as_it_was_told(tally: Program, letters: Path) -> None:
    """`show` prints what `run` printed."""
    run = tally.told("run", letters)
    assert tally.told("show", run["name"]) == run


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("field", ["name", "id", "run"])
def test_names_ids_and_cids_stand_for_a_run(
    tally: Program, first: str, field: str, whole: bool
) -> None:
    """Any of them, and any unique beginning of one."""
    rows = tally.told("runs")["runs"]
    (text,) = (row[field] for row in rows if row["name"] == first)
    others = [
        row[key] or "" for row in rows if row["name"] != first for key in ("name", "id", "run")
    ]
    beginnings = (text[:end] for end in range(1, len(text)))
    is_unique = (one for one in beginnings if not any(other.startswith(one) for other in others))
    unique = next(is_unique, text)
    assert tally.told("show", text if whole else unique)["name"] == first


def test_a_beginning_of_several_is_refused(tally: Program, letters: Path) -> None:
    """Every Run's CID begins alike: the error names the runs that are meant."""
    name = tally.told("run", letters)["name"]
    done = tally("show", "bafyr4i")
    assert done.code == 2
    assert "begins more than one run" in done.err
    assert name in done.err


def test_a_mistyped_name_asks_for_the_nearest(tally: Program, first: str) -> None:
    """Exit 2, and the run that was probably meant."""
    done = tally("show", first + "x")  # some names end in x
    assert done.code == 2
    assert f"did you mean '{first}'?" in done.err


def test_no_name_is_no_run(tally: Program) -> None:
    """An empty text does not stand for whatever there is."""
    assert tally("show", "").code == 2


def test_evidence_says_who_ran_what_how(tally: Program, first: str) -> None:
    """Each execution has an attestation: the sandbox, the system, times, logs; not yet signed."""
    rows = tally.told("show", first, "--evidence")["evidence"]
    assert [row["id"] for row in rows] == ["greet[0]", "greet[1]", "letter"]
    assert rows[0]["sandbox"].startswith("bwrap")
    assert rows[0]["signer"] is None
    assert rows[0]["wall_ms"] >= 0
    assert tally("cat", rows[0]["stderr"]).out == "greeting Ada\n"
    said = tally("show", first, "--evidence").out
    assert "nobody: this attestation is unsigned" in said
    assert re.search(r"^started +\d{4}-\d\d-\d\dT", said, re.MULTILINE)
    assert re.search(r"^wall +\d+\.\ds$", said, re.MULTILINE)
    assert re.search(r"^peak_memory +[\d.]+ [KM]?i?B$", said, re.MULTILINE)


def test_the_table_shows_each_step(tally: Program, first: str) -> None:
    """One line per output of a step, then the workflow's outputs, then the run."""
    lines = [line.split() for line in tally("show", first).out.splitlines()]
    assert [line[0] for line in lines] == [
        "STEP",
        "greet[0]",
        "greet[1]",
        "letter",
        "output",
        "run",
    ]


def test_what_has_ended_cannot_be_cancelled(tally: Program, first: str) -> None:
    """Exit 2, with how it ended."""
    done = tally("cancel", first)
    assert done.code == 2
    assert f"run '{first}' is not running: it has succeeded" in done.err
    assert statuses(tally.told("show", first))["letter"] == "ran"


@pytest.mark.parametrize("forged", [False, True])
def test_a_signer_is_believed_when_the_signature_holds(empty: Program, *, forged: bool) -> None:
    """Good or bad is said beside the signer; a bad one is damage, exit 5, after all was shown."""
    key = SigningKey(bytes(32))
    with Workspace(empty.home, writing=True) as space:
        run = str(_signed(space, key, SigningKey(b"\1" * 32) if forged else key))
    told, shown = empty("show", run, "--evidence", "-o", "json"), empty("show", run, "--evidence")
    (row,) = told.json["evidence"]
    assert row["signer"] == bytes(key.verify_key).hex()
    assert row["signature"] == ("bad" if forged else "good")
    assert (told.code, shown.code) == ((5, 5) if forged else (0, 0))
    assert ("what is attested of 'a' is not signed by who it says" in shown.err) == forged
    assert re.search(r"^signature +(good|bad)$", shown.out, re.MULTILINE)


def _signed(space: Workspace, key: SigningKey, signer: SigningKey) -> Cid:
    """Record a run whose one step has an attestation in the name of `key`, signed by `signer`."""
    found = RUN.decode(space.store.get(record(space.store, SIGNED_WORKFLOW, [Ran("a")])))
    (page,) = (RUN_PAGE_RECORD.decode(space.store.get(cid)) for cid in found.pages)
    (step,) = page.steps
    payload = space.store.get(step.attestations[0])
    signature = signer.sign(ATTESTATION.kind.encode() + b"\0" + payload).signature
    signed = SIGNED.block(Signed(payload, bytes(key.verify_key), signature))
    (new,) = run_pages((replace(step, attestations=(signed.cid,)),))
    run = RUN.block(replace(found, pages=(new.cid,)))
    space.store.put([signed, new, run])
    return run.cid
