"""What others signed is asked of Nix, whose JSON has had several shapes."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import pytest

from engine.errors import Unavailable
from engine.nix.command import Finished
from engine.nix.signed_here import signed_here
from tests.engine.nix.conftest import LIBRARY, Content

SIGNED = f"key-1:{base64.b64encode(bytes(64)).decode()}"
PATH = f"/nix/store/{LIBRARY}"


@dataclass
class Says:
    """A Nix that says something."""

    text: str

    def run(self, *words: str) -> Finished:
        """Say it."""
        return Finished(0, self.text, ())


class Gone:
    """A machine without Nix."""

    def run(self, *words: str) -> Finished:
        """Say so."""
        raise Unavailable("Nix is not installed")


def asked(content: Content, told: object) -> Any:
    """Return what is made of what Nix says."""
    text = told if isinstance(told, str) else json.dumps(told)
    return signed_here(Says(text), content.opened.closure)  # type: ignore[arg-type]


def facts(content: Content, signatures: object) -> dict[str, object]:
    """Return what Nix says of a path."""
    (path,) = (path for path in content.opened.closure.paths if path.name == LIBRARY)
    digest = f"sha256-{base64.b64encode(path.nar_hash).decode()}"
    return {"narHash": digest, "signatures": signatures}


def test_every_shape_is_understood(content: Content) -> None:
    """Of Nix 2.8, of 2.19, of 2.33, of 2.35."""
    one = facts(content, [SIGNED])
    name, _, sig = SIGNED.partition(":")
    split = facts(content, [{"keyName": name, "sig": sig}])
    for told in (
        [{"path": PATH, **one}, {"path": "/nix/store/" + "0" * 32 + "-x", "valid": False}],
        {PATH: one, "/nix/store/" + "0" * 32 + "-x": None},
        {"version": 2, "storeDir": "/nix/store", "info": {LIBRARY: one}},
        {"version": 3, "info": {LIBRARY: split}},
    ):
        assert asked(content, told) == {LIBRARY: (SIGNED,)}


def test_signatures_of_other_bytes_are_left(content: Content) -> None:
    """Nix's path has the name of ours, and another NAR."""
    assert asked(content, [{"path": PATH, **facts(content, [SIGNED]), "narHash": "sha256-x"}]) == {}
    other = "sha256-" + base64.b64encode(bytes(32)).decode()
    assert asked(content, [{"path": PATH, "narHash": other, "signatures": [SIGNED]}]) == {}


@pytest.mark.parametrize("told", ["", "no JSON", "3", "[3]", '{"info": 3}', '[{"path": 3}]'])
def test_what_is_not_understood_is_nothing(content: Content, told: str) -> None:
    """Signatures of others are worth no error."""
    assert asked(content, told) == {}


def test_a_machine_without_nix(content: Content) -> None:
    """Knows of no signatures."""
    assert signed_here(Gone(), content.opened.closure) == {}  # type: ignore[arg-type]
