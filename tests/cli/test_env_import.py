"""`tally env import`: a closure that stock Nix has put in a binary cache, used without Nix."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.nix.nixstore import NixStore
from tests.cli.program import Program

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

OTHER_KEY = "other-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

Copy = Callable[..., Path]


@pytest.fixture
def root(tally: Program, letters: Path) -> str:
    """Return the store path of the letters' environment."""
    (path,) = tally.told("env", "show", letters)["environments"]["sh"]["roots"]
    return str(path)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Return a secret key that Nix has made; its public one is beside it."""
    made = ("nix-store", "--generate-binary-cache-key", "upstream-1")
    key = tmp_path / "upstream"
    subprocess.run([*made, str(key), f"{key}.pub"], check=True, capture_output=True)
    return key


@pytest.fixture
def copy(nix_store: NixStore, root: str, key: Path, tmp_path: Path) -> Copy:
    """Return what has Nix copy that path into a cache: its `compression`, or unsigned."""

    def copied(compression: str, *, signed: bool = True) -> Path:
        place = tmp_path / f"cache-{compression}-{signed}"
        address = f"file://{place}?compression={compression}"
        address += f"&secret-key={key}" if signed else ""
        words = ("copy", "--extra-experimental-features", "nix-command", "--to", address, root)
        done = subprocess.run(
            ["nix", *nix_store.options(), *words],
            env={**os.environ, "HOME": str(tmp_path), "NIX_CONFIG": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return place

    return copied


@pytest.mark.parametrize("compression", ["xz", "none", "bzip2", "gzip", "zstd"])
def test_what_nix_copied_is_the_environment_that_was_built(
    empty: Program, copy: Copy, root: str, environment: str, compression: str, without_nix: str
) -> None:
    """To the last address, whatever Nix compressed it by, and without Nix."""
    cache = copy(compression)
    program = empty.at(empty.home, PATH=without_nix)
    assert program.told("env", "import", cache, root)["environment"] == environment
    assert program("env", "import", f"file://{cache}", root).out.strip() == environment


def test_a_workflow_runs_in_it(
    empty: Program, copy: Copy, root: str, tmp_path: Path, without_nix: str
) -> None:
    """On a machine that has no Nix, and offline."""
    program = empty.at(empty.home, PATH=without_nix)
    cid = program("env", "import", copy("xz"), root, "--offline").out.strip()
    workflow = tmp_path / "w.yaml"
    workflow.write_text(
        f"workflow: w\nenvironments: {{sh: {{cid: {cid}}}}}\n"
        "defaults: {environment: sh, resources: {memory: 64MiB}}\n"
        "steps:\n  a: {run: 'echo hi >{outputs.text}', outputs: {text: a.txt}}\n"
    )
    assert program.told("run", workflow, "--offline")["status"] == "succeeded"
    assert program("gc").code == 0
    assert program.told("env", "show", cid)["environments"][cid]["environment"] == cid


def test_only_what_is_signed_by_who_is_trusted(
    empty: Program, copy: Copy, root: str, key: Path
) -> None:
    """Others' caches are refused: exit 2, with the path and who signed it."""
    public = Path(f"{key}.pub").read_text().strip()
    assert empty("env", "import", copy("xz"), root, "--trusted-key", public).code == 0
    refused = empty("env", "import", copy("xz"), root, "--trusted-key", OTHER_KEY)
    assert refused.code == 2
    assert "upstream-1 did" in refused.err
    unsigned = empty("env", "import", copy("xz", signed=False), root, "--trusted-key", public)
    assert unsigned.code == 2
    assert "nobody did" in unsigned.err


def test_it_goes_round(
    empty: Program, copy: Copy, root: str, key: Path, environment: str, tmp_path: Path
) -> None:
    """From a stock cache, published with upstream's signature, and imported from there."""
    cid = empty("env", "import", copy("xz"), root).out.strip()
    public = Path(f"{key}.pub").read_text().strip()
    other = empty.at(tmp_path / "other")
    with empty.serving() as address:
        published = empty.told("env", "publish", cid)
        assert "upstream-1" in published["unverified"]  # by a key that is known to nobody here
        cache = f"{address}/ipfs/{published['cid']}"
        for trusted in (public, published["public_key"]):
            told = other.told("env", "import", cache, root, "--trusted-key", trusted)
            assert told["environment"] == environment
        done = stock(tmp_path / "fresh", cache, public, root)
        assert done.returncode == 0, done.stderr
        assert other("env", "import", cache, root, "--offline").code == 3
    assert empty.told("env", "import", published["cid"], root)["environment"] == environment


def stock(store: Path, cache: str, key: str, root: str) -> "subprocess.CompletedProcess[str]":
    """Have stock Nix take a path from a cache, trusting one key."""
    options = {
        "substituters": cache,
        "trusted-public-keys": key,
        "build-users-group": "",
        "max-jobs": "0",
    }
    said = [word for name, value in options.items() for word in ("--option", name, value)]
    return subprocess.run(
        ["nix-store", "--store", str(store), "--realise", root, *said],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": str(store.parent), "NIX_CONFIG": ""},
    )


@pytest.mark.parametrize(
    ("cache", "path", "code"),
    [
        ("{folder}/none", "/nix/store/" + "0" * 32 + "-x", 2),
        ("{folder}", "/nix/store/" + "0" * 32 + "-x", 2),
        ("{cache}", "/nix/store/" + "0" * 32 + "-x", 3),
        ("{cache}", "hello", 2),
        ("http://127.0.0.1:9", "/nix/store/" + "0" * 32 + "-x", 3),
    ],
)
def test_what_cannot_be_imported(
    empty: Program, copy: Copy, tmp_path: Path, cache: str, path: str, code: int
) -> None:
    """No cache there, no such path in it, no store path at all, nobody that answers."""
    place = copy("xz") if cache == "{cache}" else tmp_path
    done = empty("env", "import", cache.format(folder=tmp_path, cache=place), path)
    assert done.code == code, done.err
    assert "fix: " in done.err
