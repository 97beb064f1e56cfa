"""`tally export --format in-toto`: what others' tools read of a run."""

import base64
import hashlib
import json
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.dsse import pae
from tests.cli.program import Program
from tests.fakes.attested import KEY, OTHER, attested_again, signed
from tests.validators import needs_validators, validate

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

STATEMENT = "https://in-toto.io/Statement/v1"


def _key(public: str, key_id: str) -> SSlibKey:
    return SSlibKey(key_id, "ed25519", "ed25519", {"public": public})


def _envelopes(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def _statements(file: Path) -> list[dict]:
    return [json.loads(base64.b64decode(one["payload"])) for one in _envelopes(file)]


def test_each_statement_is_signed_by_the_home(tally: Program, first: str, tmp_path: Path) -> None:
    """By its Ed25519 key, which securesystemslib verifies; and by no other."""
    file = tmp_path / "run.intoto.jsonl"
    told = tally.told("export", first, file, "--format", "in-toto")
    assert told["statements"] == len(_envelopes(file)) == 4
    for one in _envelopes(file):
        assert one["payloadType"] == "application/vnd.in-toto+json"
        envelope = Envelope.from_dict(one)
        envelope.verify([_key(told["signer"], told["peer"])], 1)
        with pytest.raises(VerificationError):
            envelope.verify([_key(bytes(KEY.verify_key).hex(), told["peer"])], 1)


def test_statements_replace_no_file(tally: Program, first: str, tmp_path: Path) -> None:
    """What is there stays as it is, as with a crate."""
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    done = tally("export", first, file, "--format", "in-toto")
    assert (done.code, "there is a file already" in done.err) == (2, True), done.err
    assert file.read_text() == "mine"


def test_a_statement_that_was_changed_does_not_verify(
    tally: Program, first: str, tmp_path: Path
) -> None:
    """A byte of the payload, or of its type, and the signature is on something else."""
    file = tmp_path / "run.intoto.jsonl"
    told = tally.told("export", first, file, "--format", "in-toto")
    key = _key(told["signer"], told["peer"])
    for name in ("payload", "payloadType"):
        envelope = Envelope.from_dict(_envelopes(file)[0])
        if name == "payload":
            envelope.payload = envelope.payload.replace(b"greet", b"treat")
        else:
            envelope.payload_type = "text/plain"
        with pytest.raises(VerificationError):
            envelope.verify([key], 1)


def test_a_statement_says_what_came_out_of_what(tally: Program, first: str, tmp_path: Path) -> None:
    """Subjects by digest; what was run, on what, where, by whom and how it went."""
    file = tmp_path / "run.intoto.jsonl"
    tally.told("export", first, file, "--format", "in-toto", "--sha256")
    run = tally.told("show", first)
    greet, _, letter, whole = _statements(file)
    assert {one["_type"] for one in (greet, letter, whole)} == {STATEMENT}
    assert letter["predicateType"] == "urn:tallystick:predicate:step:1"
    (subject,) = letter["subject"]
    assert subject["name"] == "letter/text"
    assert subject["digest"]["cid"] == run["outputs"]["letter"]
    data = tally("cat", run["outputs"]["letter"]).out.encode()
    assert subject["digest"]["sha256"] == hashlib.sha256(data).hexdigest()
    definition = letter["predicate"]["buildDefinition"]
    names = [one["name"] for one in definition["resolvedDependencies"]]
    assert names == ["environment", "inputs.code", "inputs.all[0]", "inputs.all[1]"]
    assert definition["resolvedDependencies"][2]["digest"] == {
        name: value for name, value in greet["subject"][0]["digest"].items() if name != "sha256"
    }
    (said,) = letter["predicate"]["attestations"]
    assert said["machine"]["cores"] >= 1
    assert said["signer"] == "urn:tallystick:unsigned"
    assert whole["predicateType"] == "urn:tallystick:predicate:run:1"
    assert whole["subject"][0]["digest"]["cid"] == run["run"]
    assert [one["step"] for one in whole["predicate"]["steps"]] == [
        "greet[0]",
        "greet[1]",
        "letter",
    ]


def test_who_signed_what_is_in_the_statement(tally: Program, first: str, tmp_path: Path) -> None:
    """Whoever attested a step is its builder, by the name of the key."""
    with Workspace(tally.home, writing=True) as space:
        run = Cid.parse(tally.told("show", first)["run"])
        other = attested_again(space.store, run, lambda said: [signed(said, KEY)])
    file = tmp_path / "run.intoto.jsonl"
    tally.told("export", other, file, "--format", "in-toto")
    letter = _statements(file)[2]
    builder = letter["predicate"]["runDetails"]["builder"]["id"]
    assert builder.startswith("tally://")
    assert letter["predicate"]["attestations"][0]["signer"] == builder


def test_what_is_forged_is_not_signed_for(tally: Program, first: str, tmp_path: Path) -> None:
    """Exit 5, and no file: whoever signs statements says that what is in them was looked at."""
    with Workspace(tally.home, writing=True) as space:
        run = Cid.parse(tally.told("show", first)["run"])
        forged = attested_again(space.store, run, lambda said: [signed(said, KEY, OTHER)])
    told = tally("export", forged, tmp_path / "x.jsonl", "--format", "in-toto")
    assert told.code == 5
    assert "the run has 3 attestations that cannot be so" in told.err
    assert list(tmp_path.iterdir()) == []


def test_what_stayed_with_peers_needs_no_content(
    tally: Program, first: str, empty: Program, tmp_path: Path
) -> None:
    """Its CID is in its result; of what is not here, no SHA-256 is told, and that is said."""
    tally.told("export", first, tmp_path / "run.car")
    empty.told("import", tmp_path / "run.car")
    run = tally.told("show", first)
    away = next(one for one in run["steps"] if one["id"] == "greet[0]")["outputs"]["text"]
    with Workspace(empty.home, writing=True) as space, space.store.index.change() as change:
        change.execute("DELETE FROM blocks WHERE cid = ?", (Cid.parse(away).raw,))
    told = empty.told("export", run["run"], tmp_path / "a", "--format", "in-toto")
    assert told["statements"] == 4
    done = empty("export", run["run"], tmp_path / "b", "--format", "in-toto", "--sha256")
    assert done.code == 0, done.err
    assert "without SHA-256, as their content is not here: greet[0]/text" in done.err
    made = {
        one["name"]: one["digest"]
        for statement in _statements(tmp_path / "b")
        for one in statement["subject"]
    }
    lacking = {name for name, digest in made.items() if "sha256" not in digest}
    assert lacking == {"greet[0]/text", "run"}  # a run is a record, and no file


def test_only_a_run_is_told_so(tally: Program, first: str, tmp_path: Path) -> None:
    """Of other content nothing is attested."""
    told = tally("export", f"{first}/letter/text", tmp_path / "x", "--format", "in-toto")
    assert (told.code, "only a run is written as in-toto" in told.err) == (2, True), told.err


def test_what_is_signed_of_an_envelope_is_no_record() -> None:
    """It begins with DSSEv1, and what is signed of a record with its kind."""
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@needs_validators
def test_each_statement_is_one_of_in_toto(tally: Program, first: str, tmp_path: Path) -> None:
    """in-toto's own bindings read each, and find nothing wrong with it."""
    file = tmp_path / "run.intoto.jsonl"
    tally.told("export", first, file, "--format", "in-toto", "--sha256")
    assert validate("statements.py", file) == 4
