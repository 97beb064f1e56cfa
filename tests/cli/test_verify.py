"""`tally verify`: evidence of wrong results, of a step that was run here before."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from cli.workspace import Workspace
from engine.content import car
from engine.content.cid import RAW, Cid
from engine.seals import seal
from engine.step import ATTESTATION, RESULT, Attestation, Result
from engine.store.disk import DiskStore
from engine.trust.wrong import WRONG_RESULT, Word, WrongResult
from peers.identity import PeerId
from tests.cli.program import Program
from tests.fakes.key import Key

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

MIB = 2**20
LIAR = PeerId(bytes(SigningKey(bytes(32)).verify_key))  # whose key is the fake one
Makes = Callable[..., str]


def word(result: Result, *, signs: bool) -> Word:
    """Return somebody's word for a result."""
    told = RESULT.encode(result)
    said = Attestation(
        result.step, RESULT.cid(result), "bwrap", "Linux", 1, 1, 1, 1, None, None, False, ""
    )
    payload = ATTESTATION.encode(said)
    signed = seal(ATTESTATION.kind, payload, Key()).data if signs else b""
    return Word(signed, b"", payload, told)


@pytest.fixture
def makes(tally: Program, first: str, environment: str) -> Makes:
    """Return what makes evidence of a step that ran here: who says that it gave what."""
    step = tally.told("show", first)["steps"][0]
    key = Cid.parse(step["step"])
    right = {name: Cid.parse(cid) for name, cid in step["outputs"].items()}
    lie = dict.fromkeys(right, Cid.of(RAW, b"a lie"))
    said = {"right": right, "lie": lie, "other": dict.fromkeys(right, Cid.of(RAW, b"another"))}

    def make(claims: str, others: str, **changes: object) -> str:
        wrong = WrongResult(
            step=key,
            environment=Cid.parse(environment),
            cores=1,
            memory=64 * MIB,
            scratch=64 * MIB,
            wall_ms=60_000,
            claim=word(Result(key, 0, said[claims]), signs=True),
            others=(word(Result(key, 0, said[others]), signs=False),),
        )
        record = WRONG_RESULT.block(replace(wrong, **changes))
        with DiskStore(tally.home / "store") as store:
            store.put([record])
        return str(record.cid)

    return make


def test_a_wrong_result_is_found_out(tally: Program, makes: Makes, tmp_path: Path) -> None:
    """By running the step; also from a file, in a home that never saw any of it, offline."""
    cid = makes("lie", "right")
    here = tally.told("verify", cid)
    assert (here["verdict"], here["accused"]) == ("wrong", str(LIAR))
    file = tmp_path / "evidence.car"
    assert tally("export", cid, file).code == 0
    sixth = tally.at(tmp_path / "sixth")
    assert sixth.told("verify", file, "--offline") == here


def test_who_was_right_is_found_out_too(tally: Program, makes: Makes) -> None:
    """Then the evidence does not hold: exit 4."""
    done = tally("verify", makes("right", "lie"), "-o", "json")
    assert (done.code, done.json["verdict"]) == (4, "right")
    done = tally("verify", makes("lie", "other"), "-o", "json")
    assert (done.code, done.json["verdict"]) == (4, "undecided")


def test_evidence_is_listed(tally: Program, first: str, makes: Makes, tmp_path: Path) -> None:
    """By 'verify' alone, with the steps of a run, and as a count with the peer that is accused."""
    sixth = tally.at(tmp_path / "sixth")
    assert sixth.told("verify") == {"evidence": []}
    assert "no evidence" in sixth("verify").err
    cid, file = makes("lie", "right"), tmp_path / "evidence.car"
    tally.told("export", cid, file)
    sixth.told("import", file)
    (imported,) = sixth.told("verify")["evidence"]
    step = tally.told("show", first)["steps"][0]
    names = ("evidence", "step", "accused", "ran_ms", "found_here")
    assert tuple(imported[one] for one in names) == (cid, step["step"], str(LIAR), 1, False)
    assert sixth.told("peer", "list")["peers"] == []
    sixth.told("verify", cid, "--offline")
    assert sixth.told("verify")["evidence"] == [{**imported, "found_here": True}]
    (liar,) = sixth.told("peer", "list")["peers"]
    assert (liar["peer"], liar["wrong"]) == (str(LIAR), 1)
    assert "1 wrong" in sixth("peer", "list").out
    assert "contradicted by whoever made the evidence" in sixth("verify", cid, "--offline").err
    assert tally("verify", cid).code == 0
    told = tally.told("show", first, "--evidence")["wrong"]
    assert {**imported, "found_here": True, "id": step["id"]} in told
    assert cid in tally("show", first, "--evidence").out


def test_forged_evidence_is_damage(tally: Program, makes: Makes) -> None:
    """Nothing is run for it: exit 5."""
    other = makes("right", "lie", claim=word(Result(Cid.of(RAW, b""), 0, {}), signs=True))
    assert tally("verify", other).code == 5


@pytest.mark.parametrize("command", ["verify", "import"])
def test_forged_evidence_is_not_stored(
    tally: Program, empty: Program, makes: Makes, tmp_path: Path, command: str
) -> None:
    """A file of it is looked at before anything in it is kept: exit 5, as of a forged run."""
    said = word(Result(Cid.of(RAW, b""), 0, {}), signs=True)
    tally("export", makes("right", "lie", claim=said), tmp_path / "forged.car")
    told = empty(command, tmp_path / "forged.car")
    assert (told.code, "nothing was stored" in told.err) == (5, True), told.err
    assert _has_nothing_of(empty, tmp_path / "forged.car")


def test_what_is_no_evidence_is_not_stored(
    tally: Program, empty: Program, first: str, tmp_path: Path
) -> None:
    """A run is imported by 'tally import' alone: exit 2."""
    tally.told("export", first, tmp_path / "run.car")
    told = empty("verify", tmp_path / "run.car")
    assert (told.code, "no evidence of a wrong result" in told.err) == (2, True), told.err
    assert _has_nothing_of(empty, tmp_path / "run.car")


def _has_nothing_of(program: Program, bundle: Path) -> bool:
    with bundle.open("rb") as file, Workspace(program.home) as space:
        cids = [block.cid for block in car.Reader(file)]
        return not (space.store.pins.all() or space.journal.runs() or space.store.has_many(cids))


def test_what_cannot_run_here_is_said(tally: Program, makes: Makes) -> None:
    """A machine that is too small: exit 2, with what it lends."""
    done = tally("verify", makes("lie", "right", memory=2**50))
    assert done.code in (2, 3)
    assert "memory" in done.err


def test_whose_a_peer_is_can_be_noted(empty: Program) -> None:
    """And forgotten."""
    told = empty.told("peer", "owner", LIAR, "lab")
    assert told == {"peer": str(LIAR), "owner": "lab"}
    assert empty.told("peer", "owner", LIAR)["owner"] is None
