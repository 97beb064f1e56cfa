"""Facts: all that the page of a run says, as it was read. Pure.

Most of it may come from a stranger's bundle: texts are of any length and say anything. What is
shown of them, and how much, is decided where it is laid out.
"""

from collections.abc import Mapping, Sequence

from cli.page.findings import Findings
from engine.content.cid import Cid
from engine.nix.records import Closure
from engine.step import Attestation, Step
from engine.values import dataclass
from engine.workflow.lock import LockedEnvironment
from engine.workflow.model import Workflow


@dataclass(frozen=True, slots=True)
class Instance:
    """What became of one instance of a step."""

    name: str
    index: int | None  # None when the step is not scattered
    status: str
    key: Cid | None
    result: Cid | None
    exit_code: int | None  # None when it did not end, or its result is not here
    outputs: dict[str, Cid]  # read of those that are listed
    attested: Attestation | None  # of a reused one: of when it ran
    signer: str  # the public key of who signed that, as hexadecimal text; "" for nobody
    note: str  # why it failed or was skipped, as far as this home knows

    @property
    def id(self) -> str:
        """The id that people see: "train[1]"."""
        return self.name if self.index is None else f"{self.name}[{self.index}]"

    @property
    def executed(self) -> Attestation | None:
        """What is attested of it, if it was this run that started a process for it."""
        return self.attested if self.status in ("ran", "failed") else None


@dataclass(frozen=True, slots=True)
class Locked:
    """An environment of the run; the closure is None when its record is not here."""

    name: str
    system: str
    locked: LockedEnvironment
    closure: Closure | None


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of what an instance printed to one stream."""

    id: str
    stream: str
    text: str
    skipped: int  # bytes before it


@dataclass(frozen=True, slots=True)
class Folded:
    """The instances of a step that are not listed: how many there are in each state."""

    step: str
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Given:
    """An output of the workflow: none of what was skipped, several of one that gathers."""

    values: tuple[Cid, ...]
    more: int  # that are not among them


@dataclass(frozen=True, slots=True)
class Head:
    """Which run it is, and when it was."""

    name: str  # "" of a run that this home has no name for
    run: Cid | None  # None while it goes on
    status: str
    imported: bool  # it was made elsewhere: when, is known from attestations only
    began_ms: int | None  # since 1970 UTC, by the journal of this home
    ended_ms: int | None
    workflow: Cid
    lock: Cid | None  # None while it goes on
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """A run."""

    head: Head
    workflow: Workflow
    inputs: dict[str, Cid]
    environments: Sequence[Locked]
    instances: Sequence[Instance]
    listed: Sequence[Instance]  # those that are shown one by one, in the same order
    folded: Sequence[Folded]  # the others, step by step
    unread: int  # how many instances have more to be read than was: there were too many
    outputs: dict[str, Given]
    sample: Step | None  # one of its steps: what it was given, all of them were
    tails: Sequence[Tail]
    findings: Findings = Findings()
