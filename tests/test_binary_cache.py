"""The example's environment, published from the command line, is a cache that stock Nix uses."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cli.main import main
from engine.nix.nixstore import NixStore
from tests.fakes import nixstore

EXAMPLES = Path(__file__).parents[1] / "examples"
ENV_NUMPY = "/nix/store/jcaj5dfvlzl2ghax6hl5si6rf15656x8-env-numpy"


@pytest.mark.nix
def test_stock_nix_substitutes_the_examples_environment(
    tmp_path: Path,
    nix_store: NixStore,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`env publish` and `get` write a directory that Nix takes env-numpy from."""
    home = nixstore.lend(nix_store, tmp_path / "home")
    monkeypatch.setenv("TALLY_HOME", str(home))
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    assert main(["env", "publish", f"{tmp_path}/examples/digits/workflow.yaml#ml"]) == 0
    cid = capsys.readouterr().out.strip()
    assert main(["get", cid, str(tmp_path / "cache")]) == 0

    options = {
        "substituters": f"file://{tmp_path}/cache",
        "require-sigs": "false",
        "build-users-group": "",
        "max-jobs": "0",
    }
    words = [word for name, value in options.items() for word in ("--option", name, value)]
    done = subprocess.run(
        ["nix-store", "--store", str(tmp_path / "fresh"), "--realise", ENV_NUMPY, *words],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HOME": str(tmp_path), "NIX_CONFIG": ""},
    )
    assert done.stdout.strip() == ENV_NUMPY
    assert (tmp_path / "fresh" / ENV_NUMPY[1:] / "bin/python3").is_symlink()
