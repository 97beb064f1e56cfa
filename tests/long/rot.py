"""rot: stored bytes change behind the store's back: bits, zeros, truncation, other blocks' bytes.

Twenty at once in each trial. Every one is found and none is given out; what another copy or a rerun
can bring back is back, and the rest is named, until a bundle brings it.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.store.disk import DiskStore
from engine.store.place import Slice
from tests.long.damage import behind_the_back, flip
from tests.long.life import Deed, Life, nothing
from tests.long.suite import Field, Suite

DAMAGES = 20  # blocks in one trial
KINDS = ("bit", "bit", "zero", "swap", "cut")


class Stored(NamedTuple):
    """One copy of a block."""

    cid: Cid
    path: Path
    offset: int
    length: int

    def read(self) -> bytes:
        """Return what stands where it should be."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.length)


def trial(field: Field, chance: random.Random, number: int) -> str:
    """Damage much of a home, look, repair, and bring back the rest from bundles."""
    life = Life(field, chance, field.place / "life")
    life.succeed(life.run())
    life.succeed(life.add_tree())
    bundles = list(_bundles(life))
    wrong = _harm(life.home, chance)
    staged, right, path = _harm_what_steps_see(life.home, chance)
    seen = _read_all(life.home) if chance.random() < 0.5 else frozenset()
    found = _fsck(life)
    seen |= {Cid.parse(one["cid"]) for one in found if one["cid"]}
    assert seen >= wrong, f"N5: not found: {wrong - seen}"
    places = {one["where"] for one in found}
    assert str(path) in places, f"N5: {path} not found"
    life.do(life.fsck("--repair"))
    again = not staged.exists() or staged.read_bytes() == right  # what it is made of was lost too
    assert str(staged.parent) in places or again, f"N5: {staged} not found"
    left = _fsck(life)
    assert all(one["problem"] == "missing" for one in left), left
    for bundle in bundles:
        life.succeed(Deed(["import", bundle], nothing))
    life.finish()
    return f"{len(wrong)} blocks found, {len(left)} had no copy"


def _bundles(life: Life) -> Iterator[str]:
    """Write all that the home has promised to files, and yield their names."""
    for at, ref in enumerate((*life.promises.runs, *life.promises.content)):
        name = f"backup{at}.car"
        life.succeed(Deed(["export", ref, name], nothing))
        yield name


def _fsck(life: Life) -> list[dict[str, str]]:
    ended = life.do(life.fsck("-o", "json"))
    found: list[dict[str, str]] = json.loads(ended.out)["findings"]
    assert (ended.code == 0) == (found == []), str(ended)
    return found


def _stored(store: DiskStore) -> list[Stored]:
    query = "SELECT cid, place, offset, length FROM blocks ORDER BY cid, place, offset"
    places = {place.number: place for place in store.index.places() if place.solid}
    return [
        Stored(Cid(cid), places[place].path(store.root), offset, length)
        for cid, place, offset, length in store.index.rows(query)
        if place in places and length
    ]


def _harm(home: Path, chance: random.Random) -> frozenset[Cid]:
    """Damage blocks; return all of which a copy is not what it was."""
    with Workspace(home) as space:
        stored = _stored(space.store)
    for one in chance.sample(stored, DAMAGES):
        _change(one, chance.choice(KINDS), chance.choice(stored), chance)
    return frozenset(one.cid for one in stored if not one.cid.matches(one.read()))


def _change(one: Stored, kind: str, other: Stored, chance: random.Random) -> None:
    if one.path.stat().st_size < one.offset + one.length:
        return  # cut off by another
    if kind == "bit":
        flip(one.path, one.offset + chance.randrange(one.length), chance.randrange(8))
        return
    with behind_the_back(one.path) as file:
        if kind == "cut":
            if one.path.parent.name != "packs" or chance.random() < 0.1:  # or little is left
                file.truncate(one.offset + chance.randrange(one.length))
            return
        file.seek(one.offset)
        data = b"" if kind == "zero" else other.read()[: one.length]  # or another block's
        file.write(data.ljust(one.length, b"\0"))


def _harm_what_steps_see(home: Path, chance: random.Random) -> tuple[Path, bytes, Path]:
    """Damage a file of a staged directory, and one of an unpacked path.

    Returns the file with what it should hold, and the unpacked path.
    """
    files = [path for path in home.glob("work/trees/*/small") if path.stat().st_nlink == 1]
    staged = chance.choice(files)
    right = staged.read_bytes()
    flip(staged, chance.randrange(len(right)))
    program = max(home.glob("work/paths/*/bin/*"), key=lambda path: path.lstat().st_size)
    flip(program, chance.randrange(program.stat().st_size))
    return staged, right, program.parent.parent


def _read_all(home: Path) -> frozenset[Cid]:
    """Read every copy of every block; return those that are damaged, none of which is given out."""
    damaged = set()
    with Workspace(home) as space:
        rows = space.store.index.rows("SELECT cid, place, offset, length FROM blocks")
        for cid, at in ((Cid(raw), Slice(*rest)) for raw, *rest in rows):
            found = space.store.reader.read(cid, at)
            if isinstance(found, bytes):
                assert cid.matches(found), f"N5: wrong bytes of {cid}"
            else:
                damaged.add(cid)
    return frozenset(damaged)


SUITE = Suite("rot", f"damaged blocks, {DAMAGES} in each trial", 100, trial)
