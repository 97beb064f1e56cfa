"""Realising with a real Nix: what is built, what is said when it cannot be."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from engine.errors import Refused, StepFailed, Unavailable
from engine.nix.command import Command
from engine.nix.nixstore import NixStore
from engine.nix.realise import Realiser
from engine.nix.source import Flake, NixFile, Recipe, Stored
from engine.nix.storepath import StorePath

pytestmark = pytest.mark.nix

GOLDEN = {
    "env-sh": "pyhl1qyaar7sgx94vl5nfdw0ymr2insb-tools",
    "env-python": "jb9ggg51s2ky683z3i0crrbr9ls1sh9x-env-python",
    "env-numpy": "jcaj5dfvlzl2ghax6hl5si6rf15656x8-env-numpy",
    "tcc": "zssrw3qkazpkvvbg1zs5qjzbbhz6i1q7-tcc-musl",
    "hello-tcc": "1hf5493aax88b8rmc6akmg7a3dywxdhk-hello-tcc",
}


@pytest.fixture
def command(tmp_path: Path, nix_store: NixStore) -> Command:
    """Return Nix on the store that this user builds in."""
    return Command(nix_store, tmp_path / "scratch")


@pytest.fixture
def realiser(command: Command, tmp_path: Path) -> Realiser:
    """Return a Realiser with roots of its own."""
    return Realiser(command, tmp_path / "the roots")


def write(tmp_path: Path, recipe: Path, expression: str) -> NixFile:
    """Write a Nix file that has all of the recipe's names."""
    file = tmp_path / "probe.nix"
    file.write_text(f"with import {recipe} {{}}; {expression}\n")
    return NixFile(file)


@pytest.mark.parametrize("attribute", GOLDEN)
def test_recipe_environments_are_where_they_always_are(
    realiser: Realiser, recipe: Path, attribute: str
) -> None:
    """Every environment of the recipe builds, at the store path that it has everywhere."""
    realised = realiser.realise(NixFile(recipe, attribute))
    assert [path.base for path in realised.paths] == [GOLDEN[attribute]]
    assert realised.system == "x86_64-linux"
    assert realised.store.physical(realised.paths[0]).exists()


def test_a_recipe_or_path_realises_to_the_same(realiser: Realiser, recipe: Path) -> None:
    """What a lock pins, its derivation, realises to what its Nix file did; so does its path."""
    first = realiser.realise(NixFile(recipe, "env-sh"))
    assert first.recipe is not None
    assert realiser.realise(Recipe.parse(str(first.recipe))) == first
    stored = realiser.realise(Stored(first.paths[0]))
    assert (stored.recipe, stored.paths, stored.system) == (None, first.paths, first.system)


def test_a_flake_realises_to_the_same(realiser: Realiser, recipe: Path) -> None:
    """The recipe as a flake is the same derivation, and evaluating writes no lock file."""
    flake = Flake(f"path:{recipe.parent}#env-sh", recipe.parent)
    first = realiser.realise(NixFile(recipe, "env-sh"))
    assert realiser.realise(flake) == first
    assert not (recipe.parent / "flake.lock").exists()


def test_of_several_outputs_the_first_is_taken(
    realiser: Realiser, recipe: Path, tmp_path: Path
) -> None:
    """As with nix-build, the derivation's first output is the environment, and the lock says so."""
    script = "mkdir -p $bin/bin $out"
    source = write(tmp_path, recipe, f'mk "multi" {{ outputs = ["bin" "out"]; }} "{script}"')
    realised = realiser.realise(source)
    assert [path.name for path in realised.paths] == ["multi-bin"]
    assert str(realised.recipe).endswith("-multi.drv!bin")
    assert realiser.realise(Recipe.parse(str(realised.recipe))) == realised
    with pytest.raises(Refused, match="no output 'doc'"):
        realiser.realise(Recipe.parse(str(realised.recipe).replace("!bin", "!doc")))


def test_out_stands_alone(realiser: Realiser, recipe: Path, tmp_path: Path) -> None:
    """Of a derivation with "out" and others, "out" alone is the environment."""
    source = write(tmp_path, recipe, 'mk "more" { outputs = ["out" "dev"]; } "mkdir $out $dev"')
    realised = realiser.realise(source)
    assert [path.name for path in realised.paths] == ["more"]
    assert str(realised.recipe).endswith("-more.drv")


def test_what_is_made_is_kept_from_collection(
    realiser: Realiser, recipe: Path, command: Command, tmp_path: Path
) -> None:
    """A root below the home keeps Nix from collecting what was realised."""
    (path,) = realiser.realise(NixFile(recipe, "env-sh")).paths
    roots = command.run("nix-store", "--query", "--roots", str(path)).output
    assert str(tmp_path / "the roots") in roots


def test_an_evaluation_error_is_refused(realiser: Realiser, recipe: Path, tmp_path: Path) -> None:
    """What does not evaluate is refused, with Nix's reason and the file."""
    source = write(tmp_path, recipe, "nosuch")
    with pytest.raises(Refused, match="undefined variable 'nosuch'") as refused:
        realiser.realise(source)
    assert refused.value.where.rpartition(":")[0].rpartition(":")[0] == str(source.file)
    with pytest.raises(Refused, match="no such Nix file"):
        realiser.realise(NixFile(tmp_path / "nowhere.nix"))
    with pytest.raises(Refused, match="attribute 'nosuch'"):
        realiser.realise(NixFile(recipe, "nosuch"))
    with pytest.raises(Refused, match="nosuch"):
        realiser.realise(Flake(f"path:{recipe.parent}#nosuch", recipe.parent))


def test_several_derivations_are_refused(realiser: Realiser, recipe: Path) -> None:
    """A file that has many environments needs an attribute, and the error says so."""
    with pytest.raises(Refused, match="derivations, not one") as refused:
        realiser.realise(NixFile(recipe))
    assert "attribute" in refused.value.fix


def test_a_failing_build_shows_the_end_of_its_log(
    realiser: Realiser, recipe: Path, tmp_path: Path
) -> None:
    """What does not build fails with the last lines that its builder printed."""
    script = "for i in $(seq 100); do echo line $i; done; exit 3"
    source = write(tmp_path, recipe, f'mk "bad" {{ }} "{script}"')
    with pytest.raises(StepFailed) as failed:
        realiser.realise(source)
    lines = failed.value.what.splitlines()
    assert "line 100" in lines
    assert "line 50" not in lines


def test_an_input_that_was_not_fetched_names_the_fix(
    realiser: Realiser, recipe: Path, tmp_path: Path
) -> None:
    """A pinned input that is not in the store says that fetch-inputs puts it there."""
    source = write(tmp_path, recipe, f'fixed {{ name = "x.whl"; hash = "{"0" * 64}"; }}')
    with pytest.raises(StepFailed, match=r"x\.whl") as failed:
        realiser.realise(source)
    assert "fetch-inputs" in failed.value.fix


def test_settings_of_the_user_change_nothing(
    realiser: Realiser, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Builds are in the sandbox whatever the user's own settings are."""
    (tmp_path / "nix.conf").write_text("sandbox = false\n")
    monkeypatch.setenv("NIX_CONFIG", "sandbox = false")
    monkeypatch.setenv("NIX_CONF_DIR", str(tmp_path))
    monkeypatch.setenv("NIX_PATH", "nixpkgs=/nosuch")
    probe = f"echo {uuid.uuid4()}; [ ! -e {recipe} ]; [ ! -e /usr ]; mkdir $out"
    assert realiser.realise(write(tmp_path, recipe, f'mk "probe" {{ }} "{probe}"')).paths


def test_a_path_that_nobody_has_is_unavailable(realiser: Realiser) -> None:
    """A store path that is neither here nor substituted is unavailable, with a way on."""
    with pytest.raises(Unavailable, match="cannot be had"):
        realiser.realise(Stored(StorePath("0" * 32, "nowhere")))
    with pytest.raises(Unavailable, match="not in the Nix store"):
        realiser.realise(Recipe(StorePath("0" * 32, "nowhere.drv")))


def test_lines_are_told_as_they_come(tmp_path: Path, command: Command, recipe: Path) -> None:
    """Whoever waits for a build sees what it prints."""
    told: list[str] = []
    following = Command(command.store, tmp_path / "scratch", tell=told.append)
    salt = str(uuid.uuid4())
    source = write(tmp_path, recipe, f'mk "told" {{ }} "echo {salt}; mkdir $out"')
    Realiser(following, tmp_path / "roots").realise(source)
    assert salt in told


def test_without_nix_it_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without Nix the error says how to install it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    realiser = Realiser(Command(NixStore.private(tmp_path), tmp_path), tmp_path / "roots")
    (tmp_path / "x.nix").write_text("1\n")
    with pytest.raises(Unavailable, match="not installed") as unavailable:
        realiser.realise(NixFile(tmp_path / "x.nix"))
    assert "apt install nix-bin" in unavailable.value.fix


SLEEPER = """
import sys
from pathlib import Path
from engine.nix.command import Command
from engine.nix.nixstore import NixStore
from engine.nix.realise import Realiser
from engine.nix.source import NixFile
root, home, file = map(Path, sys.argv[1:])
command = Command(NixStore(root), home / "scratch", tell=lambda line: print(line, flush=True))
Realiser(command, home / "roots").realise(NixFile(file))
"""


def test_an_interruption_ends_the_build(command: Command, recipe: Path, tmp_path: Path) -> None:
    """Ctrl-C in the middle of a build leaves no process of it."""
    salt = str(uuid.uuid4())
    source = write(tmp_path, recipe, f'mk "sleeper" {{ }} "echo {salt}; sleep 600; : {salt}"')
    arguments = [str(command.store.root), str(tmp_path), str(source.file)]
    with subprocess.Popen(
        [sys.executable, "-c", SLEEPER, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any(salt in line for line in process.stdout)  # the builder runs
        process.send_signal(signal.SIGINT)
        process.wait(30)
    deadline = time.monotonic() + 10
    while running(salt) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.returncode != 0
    assert running(salt) == []


def running(salt: str) -> list[str]:
    """Return the processes whose command line has the salt."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and salt.encode() in (entry / "cmdline").read_bytes():
                found.append(entry.name)
        except OSError:
            continue
    return [number for number in found if int(number) != os.getpid()]
