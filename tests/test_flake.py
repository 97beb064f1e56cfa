"""The flake: no inputs, the recipe's environments, tally itself and a development shell."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.nix.nixstore import NixStore

ROOT = Path(__file__).parents[1]
PARTS = ["cli", "engine", "peers", "examples", "packaging", "flake.nix"]
PARTS += ["pyproject.toml", "README.md", "LICENSE"]
ENV_NUMPY = "/nix/store/jcaj5dfvlzl2ghax6hl5si6rf15656x8-env-numpy"
PIN = re.compile(r"^(?:whl|src) +\S+ +(\S+==\S+) +[0-9a-f]{64}$", re.MULTILINE)

Nix = Callable[..., str]


def pins(text: str) -> set[str]:
    """Return the `name==version` of a list, one a line, in one spelling."""
    return {normal(line) for line in text.splitlines() if line and not line.startswith("#")}


def normal(name: str) -> str:
    """Return a package's name as the index compares it."""
    return re.sub(r"[-_.]+(?=[^=]*(==|$))", "-", name).lower()


def nix_config() -> str:
    """Return what examples/env/nixenv.sh sets for Debian's Nix."""
    shell = '. examples/env/nixenv.sh; printf %s "$NIX_CONFIG"'
    done = subprocess.run(
        ["/bin/sh", "-c", shell], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def flake(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a flake reference to a copy of what the flake reads, and nothing else."""
    if shutil.which("nix") is None:
        pytest.skip("no nix on this machine: ./setup/test installs it")
    copy = tmp_path_factory.mktemp("flake")
    for part in PARTS:
        if (ROOT / part).is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, copy / part, ignore=ignore, symlinks=True)
        else:
            shutil.copy(ROOT / part, copy / part)
    return f"path:{copy}"


@pytest.fixture
def nix(nix_store: NixStore, tmp_path: Path) -> Nix:
    """Return what runs Nix, with no network, and returns its stdout; `then`: what it is to run."""
    own = {"NIX_CONFIG": nix_config(), "XDG_CACHE_HOME": str(tmp_path), "TMPDIR": str(tmp_path)}

    def run(*words: str, then: tuple[str, ...] = ()) -> str:
        variables = os.environ | own
        command = ["nix", *words, "--offline", *nix_store.options(), *then]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_every_locked_wheel_has_the_version_that_the_set_up_installs() -> None:
    """The two ways to get the program, pip and Nix, give the same versions."""
    by_pip = pins((ROOT / "setup/python.lock").read_text())
    runtime = PIN.findall((ROOT / "packaging/inputs.lock").read_text())
    development = PIN.findall((ROOT / "packaging/dev.lock").read_text())
    assert {normal(pin) for pin in runtime + development} == by_pip


def test_every_dependency_is_locked() -> None:
    """A dependency of pyproject.toml that is not locked would be missing from the flake."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = {
        normal(re.split(r"[<>=]", line)[0])
        for line in project["dependencies"] + extras["sandbox"] + extras["dev"]
    }
    locked = {pin.split("==")[0] for pin in pins((ROOT / "setup/python.lock").read_text())}
    assert wanted <= locked


@pytest.mark.nix
def test_the_flake_has_no_inputs(nix: Nix, flake: str) -> None:
    """Nothing is locked because there is nothing to fetch."""
    metadata = json.loads(nix("flake", "metadata", "--json", flake))
    assert list(metadata["locks"]["nodes"]) == ["root"]


@pytest.mark.nix
def test_the_flake_gives_the_recipes_environment(nix: Nix, flake: str) -> None:
    """The flake and the plain file are one recipe: the store path is the golden one."""
    (built,) = json.loads(nix("build", "--no-link", "--json", f"{flake}#env-numpy"))
    assert built["outputs"]["out"] == ENV_NUMPY


@pytest.mark.nix
@pytest.mark.slow
def test_nix_run_starts_the_packaged_program(nix: Nix, flake: str) -> None:
    """`nix run . -- --version` prints the version of pyproject.toml, from wheels alone."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert version in nix("run", flake, then=("--", "--version"))


@pytest.mark.nix
@pytest.mark.slow
def test_the_packaged_program_lists_its_commands(nix: Nix, flake: str) -> None:
    """Every module that the command line imports at its start is in the package."""
    assert "rerun" in nix("run", flake, then=("--", "--help"))


@pytest.mark.nix
@pytest.mark.slow
def test_the_packaged_program_writes_projects_that_can_be_edited(
    nix: Nix, flake: str, tmp_path: Path
) -> None:
    """What it copies from the Nix store, where nobody may write, is the user's."""
    nix("run", flake, then=("--", "init", str(tmp_path / "project")))
    assert (tmp_path / "project" / "workflow.yaml").stat().st_mode & 0o200


@pytest.mark.nix
@pytest.mark.slow
def test_the_development_shell_has_what_the_check_calls(nix: Nix, flake: str) -> None:
    """`nix develop` gives every tool of ./check, and the sources of the checkout."""
    tools = "ruff --version && mypy --version && pytest --version && lint-imports --help"
    script = f"set -e; cd {ROOT}; {tools}; PYTHONPATH={ROOT} tally --version"
    told = nix("develop", flake, then=("-c", "bash", "-c", script))
    assert "ruff" in told
    assert "pytest" in told
