"""Orders: a Job, which names places of this machine, as the Order an executor understands.

The executor sees only `work`, as /work; a path anywhere else is a mistake of ours.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from engine.errors import Refused
from engine.sandbox import ground, leader, walls
from engine.sandbox.base import Job, Size
from engine.sandbox.frames import FRAME_MAX, Order

WORD_MAX: Final = 128 * 1024 - 1  # bytes of one argument or variable: Linux's MAX_ARG_STRLEN
WORDS_MAX: Final = 2 * 1024 * 1024 - 64 * 1024  # bytes of all: a quarter of the stack, less slack
COUNT_MAX: Final = 8_000  # words of the command and thrice the variables: bwrap stops at 9 000
_SHORT: Final = WORD_MAX // 4  # characters, of at most 4 bytes
_FEW: Final = COUNT_MAX // 3  # words
_POINTER: Final = 8  # bytes each word costs besides itself and its NUL


def order(job: Job, work: Path, number: int, terminal: Size | None = None) -> Order:
    """Translate a job; given the size of a terminal, it leads a session on one.

    Raises: Refused when its command or variables are longer than Linux takes; ValueError for a
    path outside `work`.
    """
    _check_length(job)
    store = _inside(job.closure, work)
    inputs = _inside(job.inputs, work) if job.inputs else ""
    trees = _trees(job.trees, work)
    was = _inside(job.was, work) if job.was else ""
    was_trees = _trees(job.was_trees, work)
    room = walls.Room(
        store=store,
        inputs=f"{ground.SCRATCH}/in" if trees else inputs or None,
        scratch=ground.SCRATCH,
        script=job.script is not None,
        shell=job.shell,
        variables=tuple(job.variables.items()),
        was=f"{ground.SCRATCH}/was" if was_trees else was or None,
        leader=terminal is not None,
        files=tuple(job.files),
    )
    return Order(
        number=number,
        arguments=_arguments(room),
        command=job.command if terminal is None else (leader.PLACE, *job.command),
        script=job.script,
        parents=tuple(sorted({path.rpartition("/")[0] for path in job.outputs.values()} - {""})),
        outputs=tuple(sorted(job.outputs.items())),
        store=store,
        inputs=inputs,
        trees=trees,
        was=was,
        was_trees=was_trees,
        memory=job.limits.memory,
        disk=job.limits.disk,
        inodes=job.limits.inodes,
        wall_ms=job.limits.wall_ms,
        processes=job.limits.processes,
        log=job.limits.log,
        rows=terminal.rows if terminal else 0,
        columns=terminal.columns if terminal else 0,
        files=tuple(job.files.values()),
        patches=tuple(job.patches.items()),
        niceness=job.niceness,
        serial=job.serial,
    )


def _trees(trees: Mapping[str, Path], work: Path) -> tuple[tuple[str, str], ...]:
    return tuple((path, _inside(tree, work)) for path, tree in trees.items())


@lru_cache(maxsize=32)  # rooms: those of one scattered step are mostly the same
def _arguments(room: walls.Room) -> bytes:
    return b"".join(word.encode() + b"\0" for word in walls.arguments(room))


@lru_cache(maxsize=64)  # paths, for the closures among them
def _inside(path: Path, work: Path) -> str:
    return f"{ground.WORK}/{path.resolve().relative_to(work)}"


def _check_length(job: Job) -> None:
    words = [*job.command, *(f"{name}={value}" for name, value in job.variables.items())]
    if sum(map(len, words)) < _SHORT and len(words) < _FEW:  # nearly every step
        return
    sizes = [len(word.encode()) for word in words]
    if (
        max(sizes, default=0) > WORD_MAX
        or sum(sizes) + (_POINTER + 1) * len(sizes) > min(WORDS_MAX, FRAME_MAX)
        or len(job.command) + 3 * len(job.variables) > COUNT_MAX
    ):
        raise Refused(
            "the step's command and variables are longer than a sandbox takes",
            fix="pass many paths in a file, {inputs.NAME.list}, or put the command in a file",
        )
