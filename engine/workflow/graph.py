"""Graph: the steps of a workflow as groups, and what each group waits for. Pure.

A scattered step is one Group however many instances it has, and a gather is one Need: the graph
grows with the file's text, not with the number of steps that run.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Need:
    """One group's wait for another.

    `one`: the producer is not scattered. `all`: every instance (a gather, or order alone).
    `same`: instance i waits for the producer's instance i. `item`: that `index` of the producer.
    """

    step: str
    how: Literal["one", "all", "same", "item"]
    index: int = 0  # for `item`
    carries_skip: bool = True  # a skipped producer skips this group; not so through [*]


@dataclass(frozen=True, slots=True)
class Group:
    """A step of the workflow and all its instances."""

    step: str
    count: int | None  # instances; 1 when not scattered; None until `expands_on` is done
    scattered: bool
    expands_on: Need | None  # the step whose output directory gives the instances
    needs: tuple[Need, ...]  # `expands_on` is among them
    skipped: bool  # its `when` is false
    cpus: int
    memory: int  # bytes
    retries: int  # extra attempts after the first
    reusable: bool  # `cache`: false never takes an earlier result
