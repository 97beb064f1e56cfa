"""Stock Nix takes an environment from its binary cache."""

import subprocess
from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.nix.command import Command
from engine.nix.environment import Opened, publish
from engine.nix.narinfo import fingerprint
from engine.nix.nixstore import NixStore
from engine.nix.realise import Realiser
from engine.nix.signature import SecretKey
from engine.nix.signed_here import signed_here
from engine.nix.source import Stored
from engine.nix.storepath import StorePath
from engine.nix.vouched import info_of
from engine.store.get import get_tree
from tests.engine.nix.conftest import Machine

pytestmark = pytest.mark.nix

KEY = SecretKey("tally-test-1", bytes(range(32)))


@pytest.fixture
def opened(machine: Machine, recipe: Path) -> Opened:
    """Return the captured environment with Python in it."""
    return machine.capture(recipe, "env-python")


def fetch(root: Path, cache: Path, keys: str) -> Path:
    """Have Nix take the environment from a cache into a new store; return its Python."""
    command = Command(
        NixStore(root), root.parent / "scratch", substituters={f"file://{cache}": keys}
    )
    (path,) = Realiser(command, root.parent / "roots").realise(Stored(environment())).paths
    assert not list((root / "nix/store").glob("*.drv"))  # nothing was there to build from
    return command.store.physical(path) / "bin/python3"


def environment() -> StorePath:
    """Return the store path of env-python."""
    return StorePath.parse("jb9ggg51s2ky683z3i0crrbr9ls1sh9x-env-python")


def test_nix_takes_a_signed_view(machine: Machine, opened: Opened, tmp_path: Path) -> None:
    """With our public key trusted, Nix fetches the whole closure and builds nothing."""
    cache = tmp_path / "cache"
    get_tree(machine.content, publish(machine.content, opened, KEY), cache)
    assert fetch(tmp_path / "other", cache, str(KEY.public())).is_symlink()
    verified = ["nix-store", "--store", str(tmp_path / "other"), "--verify-path"]
    subprocess.run([*verified, *(f"/nix/store/{p.name}" for p in opened.closure.paths)], check=True)


def test_nix_tells_what_others_signed(machine: Machine, opened: Opened, tmp_path: Path) -> None:
    """Of what it took from a signed cache; of what it built itself there is nothing."""
    assert signed_here(machine.command, opened.closure) == {}
    cache, other = tmp_path / "cache", tmp_path / "other"
    get_tree(machine.content, publish(machine.content, opened, KEY), cache)
    fetch(other, cache, str(KEY.public()))
    found = signed_here(Command(NixStore(other), tmp_path / "scratch"), opened.closure)
    assert found.keys() == {path.name for path in opened.closure.paths}
    for path in opened.closure.paths:
        (signature,) = found[path.name]
        assert KEY.public().verifies(fingerprint(info_of(path)), signature)


def test_nix_refuses_what_it_does_not_trust(
    machine: Machine,
    opened: Opened,
    tmp_path: Path,
) -> None:
    """Without signatures, or with those of another key, Nix takes nothing."""
    get_tree(machine.content, opened.environment.cache, tmp_path / "unsigned")
    with pytest.raises(Unavailable):
        fetch(tmp_path / "other", tmp_path / "unsigned", str(KEY.public()))
    get_tree(machine.content, publish(machine.content, opened, KEY), tmp_path / "signed")
    with pytest.raises(Unavailable):
        fetch(tmp_path / "other", tmp_path / "signed", str(SecretKey("x", bytes(32)).public()))


def test_nix_takes_the_plain_cache_when_told(
    machine: Machine,
    opened: Opened,
    tmp_path: Path,
) -> None:
    """The cache that an Environment links to serves a Nix that asks for no signatures."""
    cache = tmp_path / "cache"
    get_tree(machine.content, opened.environment.cache, cache)
    options = ["--option", "require-sigs", "false", "--option", "substituters", f"file://{cache}"]
    store = ["--store", str(tmp_path / "other")]
    subprocess.run(
        ["nix-store", *store, *options, "--realise", str(environment())],
        check=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "NIX_CONF_DIR": str(tmp_path)},
    )
    assert (tmp_path / "other/nix/store" / environment().base / "pyvenv.cfg").is_file()
