"""What the recipe's own Python is made of: fetched when a store does not have it."""

import hashlib
import os
from pathlib import Path

import pytest

from cli.workspace import RECIPE
from engine.errors import Damaged, Unavailable
from engine.nix.command import Command
from engine.nix.nixstore import NixStore
from engine.nix.realise import Realiser
from engine.nix.source import NixFile
from engine.nix.storepath import StorePath, fixed_path
from engine.nix.treewriter import remove
from engine.wheels import debs
from engine.wheels.inputs_lock import Input, parse
from engine.wheels.interpreter import OWN
from engine.wheels.lacking import Missing
from engine.wheels.recipe_inputs import RecipeInputs
from engine.wheels.supply import Hints, Supply

LOCKS = ("inputs.lock", "wheels.lock")


def inputs() -> dict[str, Input]:
    """Return all inputs of the recipe, by hash."""
    found: dict[str, Input] = {}
    for name in LOCKS:
        found |= parse((RECIPE / name).read_text(), name)
    return found


def test_every_input_is_known() -> None:
    """A line each: kind, name, source with a version, hash."""
    found = inputs()
    lines = [line for name in LOCKS for line in (RECIPE / name).read_text().splitlines()]
    assert len(found) == len([line for line in lines if line and not line.startswith("#")])
    for each in found.values():
        assert ("==" if each.kind == "whl" else "=") in each.source


def test_busybox_is_taken_out_of_its_package(nix_store: NixStore) -> None:
    """As dpkg-deb would: the program is the one in the store."""
    (package,) = (each for each in inputs().values() if "busybox" in each.name)
    file = fixed_path(package.name, "flat", "sha256", bytes.fromhex(package.sha256))
    place = nix_store.physical(file)
    program = debs.member(place, "./bin/busybox")
    assert program.startswith(b"\x7fELF")
    assert hashlib.sha256(place.read_bytes()).hexdigest() == package.sha256
    with pytest.raises(Damaged, match=r"there is no \./bin/absent"):
        debs.member(place, "./bin/absent")


@pytest.mark.parametrize("junk", [b"", b"!<arch>\n", b"!<arch>\n" + b"x" * 100, b"junk" * 100])
def test_a_package_that_is_none_is_damage(tmp_path: Path, junk: bytes) -> None:
    """Whatever it is instead."""
    (tmp_path / "x.deb").write_bytes(junk)
    with pytest.raises(Damaged):
        debs.member(tmp_path / "x.deb", "./bin/busybox")


@pytest.mark.parametrize(
    ("script", "what"),
    [
        (None, "there is no apt-get"),
        ("#!/bin/sh\necho 'E: Unable to locate package x' >&2; exit 100\n", "E: Unable to locate"),
        ("#!/bin/sh\nexit 0\n", "apt-get cannot fetch Debian's packages"),
    ],
)
def test_another_system_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, what: str
) -> None:
    """No apt-get, or one that does not have the package: name a Python of your own."""
    (tmp_path / "bin").mkdir()
    if script is not None:
        (tmp_path / "bin/apt-get").write_text(script)
        (tmp_path / "bin/apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(Unavailable) as error:
        debs.download(["x=1"], tmp_path)
    assert what in error.value.what
    assert "python: {flake: …}" in error.value.fix


def test_another_file_than_is_pinned_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a mirror sends, the hash decides."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/apt-get").write_text("#!/bin/sh\necho other >x.deb\n")
    (tmp_path / "bin/apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    wanted = Input("deb", "x.deb", "x=1", "a" * 64)
    recipe = RecipeInputs({wanted.sha256: wanted}, _nobody, lambda _: None)
    missing = Missing(StorePath.parse("0" * 32 + "-x.deb"), wanted.sha256, "")
    with pytest.raises(Unavailable, match="another file than the recipe pins"):
        recipe.provide([missing], OWN)


def _nobody(file: Path, path: StorePath, *, tree: bool = False) -> None:
    raise AssertionError(f"{file} was added as {path} {tree}")


@pytest.mark.nix
@pytest.mark.network
@pytest.mark.slow
def test_the_recipes_python_is_made_in_a_store_that_has_nothing(tmp_path: Path) -> None:
    """By apt-get and pip, as on a machine where nobody ran fetch-inputs."""
    command = Command(NixStore(tmp_path / "store"), tmp_path / "scratch")
    realiser = Realiser(command, tmp_path / "roots")
    recipe = realiser.evaluate(NixFile(RECIPE / "default.nix", "env-wheels"))
    Supply(command, inputs(), lambda _: None).provide(recipe, Hints(OWN))
    (root,) = realiser.realise(recipe).paths
    assert (command.store.physical(root) / "bin/python3").is_symlink()
    remove(tmp_path / "store")
