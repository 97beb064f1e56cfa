"""Scenes: what each kind of command is tried in: a home made ready, then one deed.

Together they come by every moment of engine/durable.py. A scene is made ready once, unhurt, and
copied for each trial.
"""

import copy
import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.nix.treewriter import remove
from tests.long import open_scenes as shelf
from tests.long.damage import flip, flip_block
from tests.long.hurts import Hurts
from tests.long.life import Deed, Life, nothing
from tests.long.promises import Letters, Promises
from tests.long.suite import Field

NEW: Final = Letters(("grace", "tony"), 70_000)
OTHER: Final = Letters(("edsger",), 200_000)


@dataclass(frozen=True)
class Scene:
    """A home made ready, and what is done in it."""

    ready: Callable[[Life], None]
    deed: Callable[[Life], Deed]
    again: Callable[[Life], Deed] | None = None  # where the same words would be refused
    broken: bool = False  # it cannot be looked at before the deed is done


def prepared(field: Field, name: str) -> Life:
    """Return a copy of a scene that is ready."""
    master = field.ground.place / f"scene-{name}"
    if master not in _READY:
        life = Life(field, random.Random(name), master)  # noqa: S311
        SCENES[name].ready(life)
        _READY[master] = life.promises
    place = field.place / "life"
    subprocess.run(["cp", "-a", master, place], check=True)
    promises = copy.deepcopy(_READY[master])
    return Life(field, random.Random(name), place, promises)  # noqa: S311


_READY: dict[Path, Promises] = {}


def _as_it_is(life: Life) -> None:
    """Change nothing."""


def _done_twice(life: Life) -> None:
    """Have a run of which nothing was left to do, so that it is entered at once."""
    for _ in range(2):
        life.succeed(life.run(NEW))


def _interrupted(life: Life) -> None:
    """Leave a run that was killed with two of its steps done."""
    ended = life.do(life.run(NEW), Hurts(moment="record.durable", hit=3))
    assert ended.code == -9, str(ended)


def _empty(life: Life) -> None:
    """Begin with no home at all."""
    remove(life.home)
    life.promises = Promises()


def _imported(life: Life) -> None:
    """Have the environment, not unpacked yet."""
    _empty(life)
    life.succeed(Deed(["import", str(life.ground.bundle)], nothing))


def _with_bundle(life: Life) -> None:
    """Have a bundle of a run, and a home that has never seen it."""
    life.succeed(Deed(["export", life.ground.run, "out.car"], nothing))
    _empty(life)


def _with_imported_run(life: Life) -> None:
    """Have a run that came in a bundle."""
    _with_bundle(life)
    life.succeed(Deed(["import", "out.car"], nothing))


def _with_garbage(life: Life) -> None:
    """Have much that nobody needs: blocks, files, directories, an environment."""
    life.succeed(life.run(OTHER))
    for _ in range(2):
        life.succeed(life.add_tree())
    for cid in tuple(life.promises.content):
        if cid != life.ground.file:
            life.succeed(Deed(["gc", "--keep-intermediates", "--unpin", cid], nothing))
            del life.promises.content[cid]
    life.succeed(life.add_tree())
    life.promises.content.popitem()


def _unpin_last(life: Life) -> Deed:
    """Collect all that, what was added last with it."""
    from cli.workspace import Workspace

    with Workspace(life.home) as space:
        wanted = {*map(str, (cid for cid, name in space.store.pins.all() if name != "fetched"))}
        wanted -= {life.ground.file}
    unpin = [word for cid in sorted(wanted) for word in ("--unpin", cid)]
    return Deed(["gc", *unpin], nothing, (("TALLY_ENVIRONMENT_QUOTA", "1B"),))


def _just_gc(life: Life) -> Deed:
    return Deed(["gc"], nothing, (("TALLY_ENVIRONMENT_QUOTA", "1B"),))


def _with_damage(life: Life) -> None:
    """Have a damaged block, header, file, staged directory and unpacked path, and a lost row."""
    from cli.workspace import Workspace

    with Workspace(life.home) as space:
        run = space.journal.find(life.ground.run)
        steps = {row.step: row for row in space.journal.steps(run.id)}
        flip_block(space.store, steps["letter"].result)
        flip_block(space.store, steps["greet"].result, header=True)
        with space.store.index.change() as change:
            change.execute("DELETE FROM blocks WHERE cid = ?", (bytes(steps["tree"].result),))
    files = sorted(life.home.glob("store/files/*/*"), key=lambda path: path.stat().st_size)
    flip(files[0], 100)
    (small,) = life.home.glob("work/trees/*/small")
    flip(small, 1)
    flip(max(life.home.glob("work/paths/*/bin/*"), key=lambda p: p.lstat().st_size), 1000)


def _with_broken_databases(life: Life) -> None:
    """Have neither database in a state to be opened."""
    for name in ("state.db", "store/index.db"):
        with (life.home / name).open("r+b") as file:
            file.write(bytes(4096))


def _without_index(life: Life) -> None:
    """Have lost the index."""
    for path in life.home.glob("store/index.db*"):
        path.unlink()


def _touched(life: Life) -> None:
    """Have an unpacked path, and an environment, that somebody wrote to."""
    for path in life.home.glob("work/*/*/bin"):
        path.touch()
    for path in life.home.glob("work/closures/*/*/bin"):
        path.touch()


def _without_lock(life: Life) -> None:
    """Have a workflow that was never locked."""
    (life.place / "project" / "w.lock").unlink()


SCENES: Final = {
    "run": Scene(_as_it_is, lambda life: life.run(NEW)),
    "go-on": Scene(_interrupted, lambda life: life.run(NEW)),
    "repeat": Scene(_done_twice, lambda life: life.run(NEW)),
    "rerun": Scene(_as_it_is, lambda life: Deed(["rerun", life.ground.run, "--offline"], nothing)),
    "lock": Scene(_without_lock, lambda life: life.run(NEW)),
    "touched": Scene(_touched, lambda life: life.run(NEW)),
    "add": Scene(_as_it_is, lambda life: life.add_tree()),
    "in-place": Scene(_as_it_is, lambda life: life.add_in_place()),
    "get": Scene(_as_it_is, lambda life: life.get(), lambda life: life.get("second")),
    "export": Scene(_as_it_is, lambda life: life.export()),
    "import": Scene(_empty, lambda life: Deed(["import", str(life.ground.bundle)], nothing)),
    "import-run": Scene(_with_bundle, lambda life: Deed(["import", "out.car"], nothing)),
    "settle": Scene(_imported, lambda life: life.run(NEW)),
    "gc": Scene(_with_garbage, _unpin_last, _just_gc),
    "forget": Scene(_with_imported_run, _unpin_last, _just_gc),
    "repair": Scene(_with_damage, lambda life: life.fsck("--repair"), broken=True),
    "salvage": Scene(_with_broken_databases, lambda life: life.fsck("--repair"), broken=True),
    "index": Scene(_without_index, lambda life: life.fsck("--repair")),
    "publish": Scene(_as_it_is, shelf.publish),
    "next": Scene(shelf.published, lambda life: shelf.publish(life, "--title", "anew")),
    "offer": Scene(shelf.published, shelf.publish),
    "unpublish": Scene(shelf.published_twice, shelf.unpublish, shelf.take_back_the_rest),
    "name": Scene(shelf.elsewhere, lambda life: shelf.use(life, NEW)),
    "endorse": Scene(shelf.published, shelf.endorse),
    "cache": Scene(_as_it_is, shelf.publish_environment),
    "from-cache": Scene(shelf.with_cache, shelf.import_environment),
    "catalogue": Scene(shelf.without_catalogue, lambda _: Deed(["search", "life"], nothing)),
    "mend": Scene(shelf.with_broken_catalogue, lambda _: Deed(["search", "life"], nothing)),
}
