"""The view: the facts of a run in the parts that its page has, each bounded. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final
from xml.etree.ElementTree import Element

from cli.page.facts import Facts, Instance, Locked, Tail
from cli.page.figures import Figures, figures, span
from cli.page.timeline import Timeline, timeline
from engine.exits import failed_by
from engine.nix import nix32
from engine.picture.graph import Picture, counts_of, picture_of_run
from engine.picture.svg import draw
from engine.values import dataclass
from engine.workflow.model import InputSource

MAX_DRAWN: Final = 500  # steps of a graph: with more nobody finds one, and it takes half a megabyte
MAX_FAILURES: Final = 20  # told one by one
MAX_PATHS: Final = 2_000  # of all environments together
MAX_MACHINES: Final = 50


@dataclass(frozen=True, slots=True)
class Failure:
    """An instance that failed."""

    one: Instance
    why: str
    tails: tuple[Tail, ...]


@dataclass(frozen=True, slots=True)
class Paths:
    """An environment and its store paths, the largest first."""

    of: Locked
    rows: tuple[tuple[str, int, str], ...]  # path, bytes, hash of its NAR as Nix writes it
    count: int  # of all of them, more than are in `rows` where there are very many
    size: int  # bytes of all of them


@dataclass(frozen=True, slots=True)
class Machine:
    """Where instances ran."""

    system: str
    sandbox: str
    signer: str  # "" for nobody
    instances: int


@dataclass(frozen=True, slots=True)
class View:
    """All parts of a page."""

    facts: Facts
    called: str  # what stands for the run on the command line
    span: tuple[int, int] | None  # when it began and ended, in milliseconds since 1970
    totals: Mapping[str, int]  # state -> instances
    failures: tuple[Failure, ...]
    unfailed: int  # failures that are not among them
    graph: Element | None  # None where there are too many steps
    kinds: frozenset[str]  # of its lines
    timeline: Timeline | None  # None when nothing ran
    figures: tuple[Figures, ...]
    longest_ms: int  # of any instance
    processor_ms: int  # of all instances
    environments: tuple[Paths, ...]
    machines: tuple[Machine, ...]


def view_of(facts: Facts) -> View:
    """Return what is on the page of a run."""
    when = span(facts)
    picture = _picture(facts)
    steps = figures(facts)
    failed = [one for one in facts.instances if one.status == "failed"]
    return View(
        facts=facts,
        called=facts.head.name or str(facts.head.run),
        span=when,
        totals=sum((Counter(node.states) for node in picture.nodes), Counter()),
        failures=tuple(_failure(facts, one) for one in failed[:MAX_FAILURES]),
        unfailed=max(0, len(failed) - MAX_FAILURES),
        graph=draw(picture) if len(picture.nodes) <= MAX_DRAWN else None,
        kinds=frozenset(edge.kind for edge in picture.edges),
        timeline=timeline(facts.instances, when) if when else None,
        figures=steps,
        longest_ms=max((step.longest_ms for step in steps), default=0),
        processor_ms=sum(step.processor_ms for step in steps),
        environments=tuple(_environments(facts)),
        machines=_machines(facts),
    )


def origin(source: InputSource) -> str:
    """Return where an input came from, as its author wrote it."""
    return source.path or source.cid or source.url or ""


def why_failed(one: Instance) -> str:
    """Return why an instance failed: as the journal has it, or else its record."""
    if one.note:
        return one.note
    if one.exit_code is None:
        return "it could not be run"
    return failed_by(one.attested.reason if one.attested else "", one.exit_code)


def _picture(facts: Facts) -> Picture:
    """Return the graph; `tally graph` draws the same."""
    goes_on = facts.head.run is None
    expected = counts_of(facts.workflow, facts.head.parameters) if goes_on else {}
    ended = ((one.name, one.status) for one in facts.instances)
    return picture_of_run(facts.workflow, ended, expected)


def _failure(facts: Facts, one: Instance) -> Failure:
    return Failure(one, why_failed(one), tuple(tail for tail in facts.tails if tail.id == one.id))


def _environments(facts: Facts) -> Iterator[Paths]:
    left = MAX_PATHS
    for one in facts.environments:
        paths = one.closure.paths if one.closure else ()
        largest = sorted(paths, key=lambda path: (-path.nar_size, path.name))[:left]
        left -= len(largest)
        rows = tuple(
            (path.name, path.nar_size, f"sha256:{nix32.encode(path.nar_hash)}") for path in largest
        )
        yield Paths(one, rows, len(paths), sum(path.nar_size for path in paths))


def _machines(facts: Facts) -> tuple[Machine, ...]:
    found = Counter(
        (said.system, said.sandbox, one.signer)
        for one in facts.instances
        if (said := one.attested) is not None
    )
    return tuple(Machine(*of, count) for of, count in found.most_common(MAX_MACHINES))
