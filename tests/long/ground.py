"""Ground: a home to begin from, with an environment, a run and a file in it, and copies of it.

place/environment.car   what a home needs to run the workflow with no Nix
place/project/          the workflow and its source
place/home/             the home that trials copy
"""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.nix.treewriter import remove
from tests.cli.program import Program
from tests.fakes import nixstore
from tests.long.warm import Command, Ended, Warm

WORKFLOW: Final = """\
workflow: life
params: {{names: [ada, alan], size: 100000}}
inputs: {{code: ./src}}
environments: {{sh: {{cid: {environment}}}}}
defaults: {{environment: sh, resources: {{memory: 64MiB}}}}
steps:
  greet:
    scatter: {{name: params.names}}
    inputs: {{code: inputs.code/greet.sh}}
    run: sh {{inputs.code}} {{scatter.name}} >{{outputs.text}}
    outputs: {{text: greeting.txt}}
  tree:
    inputs: {{code: inputs.code/tree.sh, all: "greet[*].text"}}
    run: sh {{inputs.code}} {{outputs.dir}} {{params.size}} {{inputs.all}}
    outputs: {{dir: dir}}
  letter:
    inputs: {{dir: tree.dir}}
    run: 'cat {{inputs.dir}}/small {{inputs.dir}}/large >{{outputs.text}}'
    outputs: {{text: letter.txt}}
outputs: {{letter: letter.text, tree: tree.dir}}
"""
SOURCES: Final = {
    "greet.sh": 'echo "hello, $1"; echo "greeting $1" >&2\n',
    "tree.sh": (
        'dir=$1 size=$2; shift 2; mkdir -p "$dir/bin"; cat "$@" >"$dir/small"\n'
        'head -c "$size" /dev/zero | tr "\\0" x >"$dir/large"; cat "$@" >>"$dir/large"\n'
        'cp "$dir/large" "$dir/bin/run"; chmod +x "$dir/bin/run"; ln -s small "$dir/link"\n'
    ),
}
_BUILD: Final = """\
workflow: build
environments: {sh: {nix: ./env/default.nix, attribute: env-sh}}
defaults: {environment: sh, resources: {memory: 64MiB}}
steps: {s: {run: 'echo >{outputs.o}', outputs: {o: o}}}
"""
ROOT: Final = Path(__file__).parents[2]
FILE: Final = bytes(range(256)) * 1000  # of the file that the home has pinned


@dataclass(frozen=True)
class Ground:
    """Where trials begin."""

    place: Path
    run: str = ""  # the name of the run that the home has
    file: str = ""  # the CID of the file that it has pinned

    @property
    def bundle(self) -> Path:
        """The environment, as one file."""
        return self.place / "environment.car"

    @property
    def workflow(self) -> Path:
        """The workflow's file."""
        return self.place / "project" / "w.yaml"

    @property
    def home(self) -> Path:
        """The home that is copied."""
        return self.place / "home"

    def copy(self, place: Path) -> Path:
        """Return a copy of the home and the project in a new directory `place`."""
        place.mkdir()
        command = ["cp", "-a", self.home, self.workflow.parent, place]
        subprocess.run(command, check=True)
        return place / "home"


def environ(home: Path) -> dict[str, str]:
    """Return the variables that a command on `home` sees."""
    kept = Program(home).environ()
    return kept | {"TALLY_JOBS": "2", "NO_COLOR": "1"}


def tally(warm: Warm, home: Path, *words: object) -> Ended:
    """Run a command that must succeed."""
    order = Command([str(word) for word in words], environ(home), home.parent)
    ended = warm.run(order)
    assert ended.code == 0, str(ended)
    return ended


def build_environment(place: Path, program: Program) -> Path:
    """Return a bundle of the recipe's shell, which this program's home makes with Nix."""
    project = place / "build"
    project.mkdir(parents=True)
    shutil.copytree(ROOT / "examples" / "env", project / "env")
    (project / "w.yaml").write_text(_BUILD)
    told = program.told("env", "lock", project / "w.yaml")["environments"]["sh"]
    bundle = place / "environment.car"
    program.told("export", told["environment"], bundle)
    return bundle


def prepare(place: Path, warm: Warm, bundle: Path) -> Ground:
    """Make the ground in `place`, which is there, from a bundle of an environment."""
    ground = Ground(place)
    if bundle != ground.bundle:
        shutil.copy(bundle, ground.bundle)
    imported = tally(warm, ground.home, "import", bundle, "-o", "json").json
    ground.workflow.parent.mkdir()
    text = WORKFLOW.format(environment=imported["roots"][0]["cid"])
    ground.workflow.write_text(text)
    (ground.workflow.parent / "src").mkdir()
    for name, content in SOURCES.items():
        (ground.workflow.parent / "src" / name).write_text(content)
    (place / "file").write_bytes(FILE)
    file = tally(warm, ground.home, "add", place / "file", "-o", "json").json["cid"]
    run = tally(warm, ground.home, "run", ground.workflow, "-o", "json").json["name"]
    (ground.home / "store" / "reserve").unlink()  # 8 MiB less to copy; the next command makes it
    return Ground(place, run, file)


def with_nix(place: Path) -> Path:
    """Return the bundle that `prepare` wants, made with the Nix of this machine."""
    store = nixstore.make(place / "nix")
    program = Program(nixstore.lend(store, place / "builder" / "home"))
    return build_environment(place, program)


def clear(place: Path) -> None:
    """Remove a directory with homes in it."""
    remove(place)
