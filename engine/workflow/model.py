"""Workflow: the author's file in its one canonical form. Pure.

Defaults are applied, references and paths are in their shortest form, sizes are bytes and times
milliseconds: the same workflow has the same CID whichever way it was written. What a file names on
the author's machine or by CID stays text here; the links are in the Lock (lock.py).
"""

from dataclasses import field
from typing import Final

from engine.content.schema import Record
from engine.values import dataclass

MIB: Final = 2**20
GIB: Final = 2**30
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class InputSource:
    """Where an input comes from: exactly one of `path`, `cid` and `url` is set."""

    path: str | None  # relative to the workflow file, or absolute
    cid: str | None
    url: str | None  # https; with `sha256`
    sha256: str | None  # 64 hexadecimal digits
    ignore: tuple[str, ...]  # patterns of names that a directory leaves out, sorted
    share: str  # "any", "owners" or "never": whom the input may be sent to


@dataclass(frozen=True, slots=True)
class EnvironmentSource:
    """What an environment is made from."""

    form: str  # "nix", "flake", "store", "drv", "cid" or "requirements"
    source: str  # a file (relative to the workflow file), a flake reference, a store path or a CID
    attribute: str  # of `nix`; of `requirements` its options as compact JSON; "" when none is named


@dataclass(frozen=True, slots=True)
class Axis:
    """One name that a step scatters over."""

    name: str
    source: str  # "params.NAME", "STEP.OUTPUT/*", or a list as compact JSON


@dataclass(frozen=True, slots=True)
class Resources:
    """What one instance of a step may use. Not part of the step key."""

    cpus: int = 1
    memory: int = 2 * GIB  # bytes; four steps of no stated size fit on a machine of 8 GiB
    disk: int = 4 * GIB  # bytes of scratch and outputs
    wall_ms: int = DAY_MS


@dataclass(frozen=True, slots=True)
class Comparator:
    """A program that says whether two outputs are equivalent; `command` or `script` is set.

    It runs as a step of its own (comparators.py), and is in no other step's key.
    """

    environment: str
    command: tuple[str, ...]
    script: str
    inputs: dict[str, str]  # name -> reference to an input of the workflow
    resources: Resources


@dataclass(frozen=True, slots=True)
class Verify:
    """How a rerun's output is judged against the recorded one."""

    rule: str  # "exact", "tolerance", "none" or "compare"
    tolerance: str | None  # of "tolerance": shortest round-trip decimal text, above 0
    comparator: Comparator | None = field(default=None, metadata={"since": 2})  # of "compare"


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file or directory that a step makes."""

    path: str  # below /out, in its shortest form
    verify: Verify


@dataclass(frozen=True, slots=True)
class WorkflowStep:
    """A step as its author wrote it, defaults applied. `command` or `script` is set, not both."""

    environment: str
    command: tuple[str, ...]  # templates of a list `run`
    script: str  # template of a string `run`
    inputs: dict[str, str]  # name -> reference
    outputs: dict[str, OutputFile]
    scatter: tuple[Axis, ...]  # in the order written: the last one is the fastest
    needs: tuple[str, ...]  # steps that come before, without data; sorted
    resources: Resources
    retries: int  # extra attempts after the first
    variables: dict[str, str]  # templates of `env`
    reusable: bool  # `cache`
    condition: str | None  # of `when`: the name of a param


@dataclass(frozen=True, slots=True)
class Workflow:
    """A whole workflow."""

    name: str
    description: str
    parameters: dict[str, str | None]  # default as compact JSON; None: it must be given
    inputs: dict[str, InputSource]
    environments: dict[str, EnvironmentSource]
    steps: dict[str, WorkflowStep]
    outputs: dict[str, str]  # name -> reference
    trust: str = field(default="", metadata={"since": 2})  # how results of peers are believed


WORKFLOW: Final = Record("tallystick/workflow/1", Workflow)
WORKFLOW_2: Final = Record("tallystick/workflow/2", Workflow, version=2)


def record_of(workflow: Workflow) -> Record[Workflow]:
    """Return the kind of record that a workflow has: the first that can say all of it.

    So a workflow has the CID that it always had (docs/adr/0142).
    """
    outputs = (one for step in workflow.steps.values() for one in step.outputs.values())
    is_new = workflow.trust or any(one.verify.comparator for one in outputs)
    return WORKFLOW_2 if is_new else WORKFLOW
