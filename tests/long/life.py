"""Life: a home, what is done with it, and what it has promised.

A deed is a command and what its success promises. It can be hurt (hurts.py), and is then done
again, which must succeed: whatever happened, the same command goes on.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.long.ground import FILE, environ
from tests.long.hurts import UNHURT, Hurts
from tests.long.promises import Letters, Promises, check_bundle, leftovers
from tests.long.suite import Field
from tests.long.warm import Command, Ended, Running

NAMES: Final = ("ada", "alan", "grace", "edsger", "barbara", "donald", "tony", "frances")
SIZES: Final = (10, 70_000, 200_000)  # bytes, below and above what packs take
FIRST: Final = Letters(
    ("ada", "alan"), 100_000
)  # the defaults of the workflow, which the ground ran
# how a command that was struck may end: it did it after all, was told why not, found damage
HONEST: Final = (0, 3, 5)


@dataclass(frozen=True)
class Deed:
    """A command, and what to make of how it ended."""

    words: list[str]
    success: Callable[[Ended], None]
    extra: tuple[tuple[str, str], ...] = ()  # variables


class Life:
    """A home that lives through a trial."""

    def __init__(
        self, field: Field, chance: random.Random, place: Path, promises: Promises | None = None
    ) -> None:
        """Copy the ground to `place`, where nothing is, or go on with what has promised there."""
        self.ground, self.warm, self.log = field.ground, field.warm, field.log
        self.place, self.chance = place, chance
        self.home = place / "home" if promises else self.ground.copy(place)
        first = Promises({self.ground.file: {"": FILE}}, {self.ground.run: FIRST})
        self.promises = promises or first
        self._left: list[Deed] = []  # to be done again

    # what can be done

    def run(self, letters: Letters | None = None) -> Deed:
        """Run the workflow, with new params unless they are given."""
        chosen = letters or Letters(
            tuple(self.chance.sample(NAMES, self.chance.randint(1, 3))), self.chance.choice(SIZES)
        )
        self.promises.asked.add(chosen)

        def success(ended: Ended) -> None:
            assert ended.json["status"] == "succeeded"
            self.promises.runs[ended.json["name"]] = chosen

        words = ["run", "project/w.yaml", *chosen.words, "--offline", "-o", "json"]
        return Deed(words, success)

    def add(self) -> Deed:
        """Add a new file or directory."""
        path = self._new_path()
        if self.chance.random() < 0.5:
            files = {"": self.chance.randbytes(self.chance.choice(SIZES))}
            path.write_bytes(files[""])
        else:
            path.mkdir()
            names = [f"f{n}" for n in range(self.chance.randint(1, 5))]
            files = {name: self.chance.randbytes(self.chance.choice(SIZES)) for name in names}
            for name, data in files.items():
                (path / name).write_bytes(data)

        def success(ended: Ended) -> None:
            self.promises.content[ended.json["tree"]] = files

        return Deed(["add", path.name, "-o", "json"], success)

    def add_tree(self) -> Deed:
        """Add a directory with files of every size: of one block, whole, of several leaves."""
        path = self._new_path()
        path.mkdir()
        sizes = {"small": 10, "more": 5000, "whole": 100_000, "leaves": 2_500_000}
        files = {name: self.chance.randbytes(size) for name, size in sizes.items()}
        for name, data in files.items():
            (path / name).write_bytes(data)

        def success(ended: Ended) -> None:
            self.promises.content[ended.json["tree"]] = files

        return Deed(["add", path.name, "-o", "json"], success)

    def add_in_place(self) -> Deed:
        """Index a file of the user's where it is; moved with its home, it is missing."""
        path = self._new_path()
        path.write_bytes(self.chance.randbytes(200_000))
        data = path.read_bytes()

        def success(ended: Ended) -> None:
            self.promises.content[ended.json["tree"]] = {"": data}

        return Deed(["add", "--in-place", path.name, "-o", "json"], success)

    def get(self, name: str = "first") -> Deed:
        """Write the tree of a run to a new place."""
        path = self.place / name

        def success(ended: Ended) -> None:
            assert (path / "small").read_bytes() == FIRST.small
            assert (path / "bin" / "run").read_bytes() == FIRST.large

        return Deed(["get", f"{self.ground.run}/tree/dir", name], success)

    def export(self) -> Deed:
        """Write a run to a file."""
        path = self.place / "out.car"
        return Deed(["export", self._a_run(), path.name], lambda _: check_bundle(path))

    def import_(self) -> Deed:
        """Read the environment's bundle, or one that was exported."""
        paths = list(self.place.glob("*.car")) or [self.ground.bundle]
        return Deed(["import", str(self.chance.choice(paths))], nothing)

    def rerun(self) -> Deed:
        """Run a run again and compare."""
        return Deed(["rerun", self._a_run(), "--offline"], nothing)

    def gc(self) -> Deed:
        """Collect; what other deeds need stays."""
        return Deed(["gc", "--keep-intermediates"], nothing)

    def fsck(self, *words: str) -> Deed:
        """Check everything."""
        return Deed(["fsck", *words], nothing)

    def any(self) -> Deed:
        """Return something to do, most often a run."""
        deeds = (self.run, self.run, self.run, self.add, self.add, self.export, self.import_,
                 self.rerun, self.gc, self.fsck)  # fmt: skip
        return self.chance.choice(deeds)()

    # doing it

    def start(self, deed: Deed, hurts: Hurts = UNHURT) -> Running:
        """Begin a deed."""
        variables = environ(self.home) | dict(deed.extra)
        return self.warm.start(Command(deed.words, variables, self.place, hurts))

    def take(self, deed: Deed, ended: Ended) -> Ended:
        """Take what a deed that has ended, in whatever way, has promised."""
        assert "Traceback" not in ended.err, str(ended)
        assert ended.code in (*HONEST, -9), str(ended)
        if ended.code > 0:
            assert ended.err.startswith("error: ") or "\nerror: " in ended.err, str(ended)
        self.promises.hear(ended.err)
        if ended.code == 0:
            deed.success(ended)
        return ended

    def do(self, deed: Deed, hurts: Hurts = UNHURT) -> Ended:
        """Do a deed to its end."""
        self.log.append(f"{' '.join(deed.words)[:200]} [{hurts}]")
        ended = self.start(deed, hurts).wait()
        self.log[-1] += f": {ended.code} {ended.told[:300].strip()}"
        return self.take(deed, ended)

    def succeed(self, deed: Deed) -> Ended:
        """Do a deed that nothing stands against any more."""
        ended = self.do(deed)
        assert ended.code == 0, f"N2: {ended}"
        return ended

    def go_on(self, deed: Deed, ended: Ended) -> None:
        """Do a deed that did not succeed again: at once, or when nothing else is to be done."""
        if ended.code != 0:
            self._left.append(deed)
            if self.chance.random() < 0.5:
                self.succeed(self._left.pop())

    def check(self) -> None:
        """Look whether every promise holds."""
        self.promises.check(self.home)

    def finish(self) -> None:
        """Do what is left, then look whether all is well, also when what nobody needs is gone."""
        while self._left:
            self.succeed(self._left.pop(0))
        self.check()
        self.succeed(self.fsck())
        self.succeed(self.gc())
        self.succeed(self.fsck())
        self.check()
        assert leftovers(self.home) == [], leftovers(self.home)
        for name, row in self._unended():
            raise AssertionError(f"N2: run {name} is {row}")

    def _unended(self) -> list[tuple[str, str]]:
        from cli.workspace import Workspace

        with Workspace(self.home) as space:
            return [
                (row.name, row.status)
                for row in space.journal.runs()
                if row.status not in ("succeeded", "failed", "cancelled")
            ]

    def _new_path(self) -> Path:
        number = sum(1 for _ in self.place.glob("mine*"))
        return self.place / f"mine{number}"

    def _a_run(self) -> str:
        """Return a run that has ended."""
        return self.chance.choice(sorted(self.promises.runs))


def nothing(ended: Ended) -> None:
    """Promise nothing."""
