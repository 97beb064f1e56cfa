"""Promises: what a home has said yes to, and whether it still holds. "Nothing lost", exactly.

N1 what was acknowledged is there    N2 the same command completes, and what it began is ended
N3 a step has one result, made once  N4 nothing is there that nobody asked for
N5 no wrong bytes are given out      N7 no yes without room on the disk

They are numbered as in docs/reliability.md; there is no ledger yet to lose (N6).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cli.workspace import Workspace
from engine.content import car
from engine.content.cid import Cid
from engine.content.links import OURS, reachable
from engine.content.reader import read
from engine.content.walk import open_tree, walk
from engine.rows import StepRow
from engine.step import RESULT
from engine.summary import load_run, of_record
from tests.long.publications import Publications

_ENDED: Final = re.compile(r"^([a-z]+)(?:\[(\d+)\])?: done in ", re.MULTILINE)
_NAMED: Final = re.compile(r"^run ([a-z]+-[a-z]+(?:-\d+)?)$", re.MULTILINE)


@dataclass(frozen=True)
class Letters:
    """The params of a run of the workflow (ground.py), and so what must come out of it."""

    names: tuple[str, ...]
    size: int

    @property
    def small(self) -> bytes:
        """All greetings."""
        return "".join(f"hello, {name}\n" for name in self.names).encode()

    @property
    def large(self) -> bytes:
        """The large file."""
        return b"x" * self.size + self.small

    @property
    def outputs(self) -> dict[str, dict[str, bytes]]:
        """The final outputs: files by path."""
        tree = {"small": self.small, "large": self.large, "bin/run": self.large}
        return {"letter": {"": self.small + self.large}, "tree": tree}

    @property
    def words(self) -> list[str]:
        """The options that ask for it."""
        return ["-p", f"names=[{','.join(self.names)}]", "-p", f"size={self.size}"]


@dataclass
class Promises:
    """What was acknowledged so far."""

    content: dict[str, dict[str, bytes]] = field(default_factory=dict)  # CID -> files
    runs: dict[str, Letters] = field(default_factory=dict)  # by name
    asked: set[Letters] = field(default_factory=set)
    ended: set[tuple[str, str, int]] = field(default_factory=set)  # run, step, index
    proofs: dict[tuple[str, str, int], StepRow] = field(default_factory=dict)
    public: Publications = field(default_factory=Publications)

    def hear(self, err: str) -> None:
        """Take what a run says while it runs: each step that is done is durable."""
        named = _NAMED.search(err)
        if named:
            self.ended |= {(named[1], step, int(index or 0)) for step, index in _ENDED.findall(err)}

    def check(self, home: Path) -> None:
        """Look whether everything holds.

        Raises: AssertionError, or what reading raised.
        """
        if not (home / "state.db").exists():
            assert not self.runs, "N1: the record of runs is gone"
        with Workspace(home) as space:
            for part, sqlite in (("index", space.store.index), ("state", space.database)):
                said = sqlite.rows("PRAGMA integrity_check")
                assert said == [("ok",)], f"N5: {part} is corrupt: {said}"
            for cid, files in self.content.items():
                _holds(space, Cid.parse(cid), files)
            self._check_rows(space)
            for name, letters in self.runs.items():
                _holds_run(space, name, letters)
        self.public.check(home)

    def _check_rows(self, space: Workspace) -> None:
        runs = {row.name: row for row in space.journal.runs()}
        for name, step, index in self.ended:
            assert name in runs, f"N1: run {name} is not in the journal"
            rows = {(row.step, row.index): row for row in space.journal.steps(runs[name].id)}
            row = rows.get((step, index))
            assert row is not None, f"N1: {name} {step}[{index}] had ended and is not recorded"
            assert row.status == "ran", f"N1: {name} {step}[{index}] ran and is now {row.status}"
            known = self.proofs.setdefault((name, step, index), row)
            assert known == row, f"N3: {name} {step}[{index}] was run again"
            assert row.result is not None
            RESULT.decode(space.store.get(row.result))
        keys = space.database.rows("SELECT key, count(*) FROM memo GROUP BY key")
        assert {count for _, count in keys} <= {1}, "N3: a key has several results"
        known_keys = {raw for (raw,) in space.database.rows("SELECT key FROM run_steps")}
        assert {raw for raw, _ in keys} <= known_keys, "N4: a result of a step nobody asked for"


def _holds(space: Workspace, cid: Cid, files: dict[str, bytes]) -> None:
    tree = open_tree(space.store.get, cid)
    if "" in files:
        found = {"": b"".join(read(space.store.get, tree.link))}
    else:
        found = {
            entry.path: b"".join(read(space.store.get, entry.cid))
            for entry in walk(space.store.get, cid)
            if entry.kind == "file"
        }
    assert found == files, f"N5: {cid} is not what was put"


def _holds_run(space: Workspace, name: str, letters: Letters) -> None:
    row = space.journal.find(name)
    assert row.status == "succeeded", f"N1: run {name} succeeded and is now {row.status}"
    assert row.run is not None
    steps = {step.id: step for step in of_record(space.store, load_run(space.store, row.run))}
    for output, (step, part) in {"letter": ("letter", "text"), "tree": ("tree", "dir")}.items():
        _holds(space, steps[step].outputs[part], letters.outputs[output])


def check_bundle(path: Path) -> None:
    """Look whether a bundle is whole."""
    with path.open("rb") as stream:
        reader = car.Reader(stream)
        blocks = {block.cid: block.data for block in reader}
    assert set(reachable(blocks.__getitem__, reader.roots, OURS)) == set(blocks), "N1: a bundle"


def leftovers(home: Path) -> list[str]:
    """Return what commands that have ended, one way or the other, and a gc should not leave."""
    patterns: Iterable[str] = (
        "work/in/*", "work/trees/.*", "work/paths/.*", "work/closures/.*", "store/files/tmp.*",
        "live/*",
    )  # fmt: skip
    with Workspace(home) as space:
        known = {name for (name,) in space.store.index.rows("SELECT id FROM leases")}
    leases = [path for path in home.glob("store/leases/*") if path.name not in known]
    return sorted(map(str, [*leases, *(path for text in patterns for path in home.glob(text))]))
