"""The recipe's env-sh, made with a real Nix, for tests and measurements of real steps."""

from pathlib import Path

from engine.closures import Closures
from engine.nix.capture import capture
from engine.nix.closure import Materialiser, shell_of
from engine.nix.command import Command
from engine.nix.nixstore import choose
from engine.nix.paths import Paths
from engine.nix.realise import Realiser
from engine.nix.source import NixFile
from engine.store.disk import DiskStore
from engine.workflow.resolve import EnvironmentUse

RECIPE = Path(__file__).parents[2] / "examples/env/default.nix"


def disk_store(home: Path) -> DiskStore:
    """Open a store whose NARs may lie in the home's unpacked store paths."""
    from engine.nix.carried import KIND

    return DiskStore(home / "store", readers={KIND: Paths(home / "work").read_nar_range})


def env_sh(home: Path, store: DiskStore) -> tuple[EnvironmentUse, Closures]:
    """Build env-sh and keep it in this home; return how steps name it and where it is."""
    command = Command(choose(home, sandboxed_daemon=False), home / "nix-home")
    realised = Realiser(command, home / "nix-roots").realise(NixFile(RECIPE, "env-sh"))
    opened = capture(realised, command, Paths(home / "work"), store)
    materialiser = Materialiser(home / "work", store)
    farm = materialiser.ensure(opened.closure, opened.environment)
    use = EnvironmentUse(
        opened.closure_cid, opened.closure.search_path, shell_of(opened.closure, farm) is not None
    )
    return use, Closures(store, materialiser, {opened.closure_cid: opened.cid})
