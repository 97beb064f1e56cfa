"""Run frames: what a run and the node of its home say to each other on the control socket. Pure.

    run -> node   ("steps", (group, ...))     have these run: neighbours alike say it once
                  ("held", (group, ...), (…))  what these gave is with peers
                  ("stop", (number, ...))     nobody wants these any more
                  ("accused", (key, ...))     these gave wrong results
                  ("end",)                    the run has ended
    node -> run   ("begun", (number, ...))    handed over to a provider
                  ("ended", (outcome, ...))   all of it is durable
                  ("lost", (loss, ...))       nobody runs these
                  ("room", slots)             how many steps providers run at once now
                  ("note", text)              for a person

The two are processes of one user, so that a frame of another form is a bug: ValueError.

>>> write_numbers("stop", (1, 2))
('stop', (1, 2))
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, Final, NamedTuple

from engine.content.cid import BYTES, Cid
from peers.plain import Plain
from peers.step_messages import Need

MAX_TASKS: Final = 1_000  # of a frame: 4 MiB of their records


class Task(NamedTuple):
    """A step that a run wants run by somebody."""

    number: int  # of the run's
    key: Cid
    need: Need
    kind: int  # steps of one kind take about as long as one another
    usual_ms: int | None  # None: it was never run
    outputs: tuple[str, ...]  # names
    sizes: tuple[tuple[Cid, int], ...]  # of its environment and inputs: bytes
    is_private: bool = False  # for peers that the user named alone
    stays: tuple[str, ...] = ()  # of the outputs, what need not be brought here
    apart: tuple[bytes, ...] = ()  # keys of who is not to run it: they have, and it is checked
    record: bytes = b""  # if it is small
    away: tuple[Cid, ...] = ()  # of what it reads, what stayed where it was made
    maker: bytes = b""  # key of the peer that is to do it again, if it can: it is not sent

    @property
    def is_made_again(self) -> bool:
        """Whether no run waits for it, but others that read what it gave: see Away."""
        return self.number < 0


class Held(NamedTuple):
    """A step that was done before, whose outputs a peer has."""

    task: Task  # to be done again if that peer has them no more
    roots: tuple[Cid, ...]
    provider: bytes  # its key


class Outcome(NamedTuple):
    """A step that a provider ran: its records, whose word it is, and the proof of that."""

    number: int
    result: bytes
    attestation: bytes
    proof: Cid
    signer: bytes
    away: tuple[Cid, ...] = ()  # of what came out, what stayed there


class Loss(NamedTuple):
    """A step that nobody runs, and why."""

    number: int
    what: str
    where: str
    fix: str


def write_tasks(tasks: Sequence[Task]) -> Plain:
    """Return the frame that has steps run."""
    alike = groupby(tasks, lambda task: task[2:-3])  # what is the same of neighbours
    return ("steps", tuple(_plain_group(tuple(of)) for _, of in alike))


def write_held(held: Sequence[Held]) -> Plain:
    """Return the frame that says what is with peers."""
    groups = tuple(_plain_group((one.task,)) for one in held)
    return ("held", groups, tuple((_raws(one.roots), one.provider) for one in held))


def write_numbers(word: str, numbers: Iterable[int]) -> Plain:
    """Return a frame about some steps."""
    return (word, tuple(numbers))


def write_outcomes(outcomes: Iterable[Outcome]) -> Plain:
    """Return the frame of steps that were run."""
    return (
        "ended",
        tuple((*one[:3], one.proof.raw, one.signer, _raws(one.away)) for one in outcomes),
    )


def write_losses(losses: Iterable[Loss]) -> Plain:
    """Return the frame of steps that nobody runs."""
    return ("lost", tuple(tuple(one) for one in losses))


def read_tasks(plain: Plain) -> list[Task]:
    """Read the steps of a frame that has them run."""
    if not isinstance(plain, tuple):
        raise ValueError("steps come in a tuple")
    return [task for group in plain for task in _group(group)]


def read_held(groups: Plain, of: Plain) -> list[Held]:
    """Read what a frame says to be with peers."""
    if not isinstance(of, tuple):
        raise ValueError("what is held comes in a tuple")
    return [_held(task, one) for task, one in zip(read_tasks(groups), of, strict=True)]


def read_numbers(plain: Plain) -> list[int]:
    """Read which steps a frame is about."""
    if not isinstance(plain, tuple):
        raise ValueError("numbers come in a tuple")
    return [one for one in plain if isinstance(one, int)]


def read_outcomes(plain: Plain) -> list[Outcome]:
    """Read the steps of a frame that were run."""
    if not isinstance(plain, tuple):
        raise ValueError("outcomes come in a tuple")
    return [_outcome(one) for one in plain]


def read_losses(plain: Plain) -> list[Loss]:
    """Read the steps of a frame that nobody runs."""
    if not isinstance(plain, tuple):
        raise ValueError("losses come in a tuple")
    return [_loss(one) for one in plain]


def _plain_group(tasks: tuple[Task, ...]) -> Plain:
    one = tasks[0]
    sizes = tuple((root.raw, size) for root, size in one.sizes)
    need = (one.need.environment.raw, *one.need[1:])
    named = tuple((task.number, task.key.raw, task.record, _raws(task.away)) for task in tasks)
    where = (one.is_private, one.stays, one.apart)
    return (need, one.kind, one.usual_ms, one.outputs, sizes, *where, named)


def _group(plain: Plain) -> Iterator[Task]:
    match plain:
        case (
            (bytes(environment), int(memory), int(disk), int(wall_ms), int(cores), bool(is_fresh)),
            int(kind),
            int() | None as usual_ms,
            tuple(outputs),
            tuple(sizes),
            bool(is_private),
            tuple(stays),
            tuple(apart),
            tuple(named),
        ):
            need = Need(Cid(environment), memory, disk, wall_ms, cores, is_fresh)
            names, stay = tuple(map(str, outputs)), tuple(map(str, stays))
            keys = tuple(one for one in apart if isinstance(one, bytes))
            where = (is_private, stay, keys)
            about = (need, kind, usual_ms, names, tuple(map(_size, sizes)), *where)
            yield from (_task(one, about) for one in named)
            return
    raise ValueError("tasks of another form")


def _task(plain: Plain, about: tuple[Any, ...]) -> Task:
    match plain:
        case (int(number), bytes(key), bytes(record), bytes(away)):
            return Task(number, Cid(key), *about)._replace(record=record, away=_cids(away))
    raise ValueError("a task of another form")


def _held(task: Task, plain: Plain) -> Held:
    match plain:
        case (bytes(roots), bytes(provider)):
            return Held(task, _cids(roots), provider)
    raise ValueError("what is held, in another form")


def _raws(cids: Iterable[Cid]) -> bytes:
    return b"".join(cids)


def _cids(raws: bytes) -> tuple[Cid, ...]:
    return tuple(Cid(raws[at : at + BYTES]) for at in range(0, len(raws), BYTES))


def _size(plain: Plain) -> tuple[Cid, int]:
    match plain:
        case (bytes(root), int(size)):
            return Cid(root), size
    raise ValueError("a size of another form")


def _outcome(plain: Plain) -> Outcome:
    match plain:
        case (int(number), bytes(result), bytes(said), bytes(proof), bytes(signer), bytes(away)):
            return Outcome(number, result, said, Cid(proof), signer, _cids(away))
    raise ValueError("an outcome of another form")


def _loss(plain: Plain) -> Loss:
    match plain:
        case (int(number), str(what), str(where), str(fix)):
            return Loss(number, what, where, fix)
    raise ValueError("a loss of another form")
