"""Shape: what steps ask of whoever runs them. Pure.

Steps of one shape wait in one queue, and providers are looked for by shape.

>>> shape_of(task)                                                       # doctest: +SKIP
Shape(kind=0, cores=1, memory=67108864, disk=67108864, is_private=False, apart=())
"""

from typing import NamedTuple

from peers.run_frames import Task


class Shape(NamedTuple):
    """What is the same of all steps in a queue."""

    kind: int
    cores: int
    memory: int
    disk: int
    is_private: bool
    apart: tuple[bytes, ...] = ()  # keys of who is not to run them


def shape_of(task: Task) -> Shape:
    """Return what a step asks of whoever runs it."""
    need = task.need
    asked = (task.kind, need.cores, need.memory, need.disk)
    return Shape(*asked, task.is_private, task.apart)
