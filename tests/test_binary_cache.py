"""The example's environment, published from the command line, is a cache that stock Nix uses."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from engine.nix.nixstore import NixStore
from tests.cli.program import Program
from tests.fakes import nixstore

pytestmark = pytest.mark.nix

EXAMPLES = Path(__file__).parents[1] / "examples"
ENV_NUMPY = "/nix/store/jcaj5dfvlzl2ghax6hl5si6rf15656x8-env-numpy"
OTHER_KEY = "other-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.fixture
def program(tmp_path: Path, nix_store: NixStore) -> Program:
    """Return the program on a home that may build in the tests' Nix store."""
    return Program(nixstore.lend(nix_store, tmp_path / "home"))


def workflow(tmp_path: Path) -> str:
    """Return the environment of the example in a copy of it."""
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    return f"{tmp_path}/examples/digits/workflow.yaml#ml"


def nix(root: Path, *words: str, **options: str) -> subprocess.CompletedProcess[str]:
    """Have stock Nix do something in a store of its own, with no setting but these options."""
    all_options = {"build-users-group": "", "max-jobs": "0", "substituters": "", **options}
    said = [word for name, value in all_options.items() for word in ("--option", name, value)]
    return subprocess.run(
        [words[0], "--store", str(root), *said, *words[1:]],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": str(root.parent), "NIX_CONFIG": ""},
    )


def realised(root: Path, address: str, key: str) -> bool:
    """Return whether stock Nix takes the environment from an address into a new store."""
    words = ("nix-store", "--realise", ENV_NUMPY)
    done = nix(root, *words, **{"substituters": address, "trusted-public-keys": key})
    if done.returncode:
        assert not (root / ENV_NUMPY[1:]).exists()
        return False
    assert done.stdout.strip() == ENV_NUMPY
    assert (root / ENV_NUMPY[1:] / "bin/python3").is_symlink()
    return True


def test_stock_nix_substitutes_the_examples_environment(program: Program, tmp_path: Path) -> None:
    """`env publish` and `get` write a directory that Nix takes env-numpy from, by its key."""
    told = program.told("env", "publish", workflow(tmp_path))
    assert program("get", told["cid"], tmp_path / "cache").code == 0
    address = f"file://{tmp_path}/cache"
    assert not realised(tmp_path / "refused", address, OTHER_KEY)
    assert realised(tmp_path / "fresh", address, told["public_key"])


def test_stock_nix_substitutes_from_the_peer(program: Program, tmp_path: Path) -> None:
    """Over its own HTTP, as the lines that are printed say; with another key it takes nothing."""
    with program.serving() as address:
        told: dict[str, Any] = program.told("env", "publish", workflow(tmp_path))
        substituter = f"{address}/ipfs/{told['cid']}"
        assert told["substituters"][0] == substituter
        assert told["nix_conf"] == [
            f"extra-substituters = {substituter}",
            f"extra-trusted-public-keys = {told['public_key']}",
        ]
        assert not realised(tmp_path / "refused", substituter, OTHER_KEY)
        assert realised(tmp_path / "fresh", substituter, told["public_key"])
        command = told["command"].split()
        assert nix(tmp_path / "again", *command).returncode == 0


def test_a_key_is_made_once(program: Program, tmp_path: Path) -> None:
    """What is published again has the same signatures, and so the same address."""
    what = workflow(tmp_path)
    first = program.told("env", "publish", what)
    assert program.told("env", "publish", what) == first
    said = program("env", "publish", what)
    assert said.out.strip() == first["cid"]
    assert all(line in said.err for line in (first["public_key"], *first["nix_conf"]))
    assert (program.home / "keys/nix-cache").stat().st_mode & 0o777 == 0o600


def test_signatures_of_others_are_kept(program: Program, tmp_path: Path) -> None:
    """Whoever trusts the one who built a path needs not to trust who published it again."""
    first = program.told("env", "publish", workflow(tmp_path))
    key = tmp_path / "key"
    made = ("nix-store", "--generate-binary-cache-key", "upstream-1", str(key), str(key) + ".pub")
    subprocess.run(made, check=True, capture_output=True)
    signed = program.told("env", "publish", first["cid"], "--key", key)
    assert signed["signed_by"] == ["upstream-1", first["signed_by"][0]]
    again = program.told("env", "publish", signed["cid"])
    assert (again["signed_by"], again["unverified"]) == (first["signed_by"], ["upstream-1"])
    said = program("env", "publish", signed["cid"]).err
    assert "unverified signatures, which anybody may have written; they name upstream-1" in said
    assert "beside the signatures of" not in said
    with program.serving() as address:
        substituter = f"{address}/ipfs/{again['cid']}"
        public = Path(f"{key}.pub").read_text().strip()
        assert realised(tmp_path / "fresh", substituter, public)
