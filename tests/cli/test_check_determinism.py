"""`tally check-determinism` on steps that programs compare, that fail, or that need those."""

import json

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

RANDOM = 'od -An -N4 -tu4 /dev/urandom | tr -d " "'


def compared(name: str, said: str) -> str:
    """Return a step whose random output is compared by a command."""
    command = json.dumps(said)
    return (
        f"  {name}:\n    run: {RANDOM} >{{outputs.o}}\n    outputs:\n      o:\n"
        f"        path: o.txt\n        verify: {{compare: {{run: {command}}}}}\n"
    )


def says(opinion: dict[str, object]) -> str:
    """Return a command that writes an opinion, whatever it is given."""
    text = json.dumps(opinion).replace("{", "{{").replace("}", "}}")
    return f"echo '{text}' >{{outputs.verdict}}"


def words(told: dict[str, object]) -> dict[str, str]:
    """Return the verdict on each step."""
    return {step["id"]: step["verdict"] for step in told["steps"]}  # type: ignore[attr-defined]


def test_a_program_says_what_is_equivalent(tally: Program, write: Write) -> None:
    """An output that has a comparator is compared by it: what it allows is no fault."""
    path = write(compared("a", says({"equivalent": True, "deviation": 0.5})), name="allowed")
    done = tally("check-determinism", path, "-o", "json")
    assert (done.code, words(done.json)) == (0, {"a": "equivalent"}), done.err


def test_a_program_says_what_is_not(tally: Program, write: Write) -> None:
    """What it does not allow is looked into, and its words say where."""
    said = says({"equivalent": False, "difference": "row 3"})
    done = tally("check-determinism", write(compared("a", said), name="refused"), "-o", "json")
    assert (done.code, words(done.json)) == (4, {"a": "nondeterministic"})
    assert done.json["steps"][0]["outputs"]["o"]["difference"] == "row 3"
    assert [one["cause"] for one in done.json["steps"][0]["causes"]] == ["random bytes"]
