"""What tests of pages share: runs with records but no process, and a real browser."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cli.page.facts import Facts, Instance
from cli.page.findings import NOBODY, Again, Findings, Part, Place, Voice, Voucher, Who
from cli.page.gather import gather
from cli.page.listing import fold
from cli.page.render import render
from cli.workspace import Workspace
from engine.content.cid import RAW, Cid
from engine.redone import Redone, RedoneOutput, RedoneStep
from engine.step import Attestation
from tests.fakes.records import MIB, NOON_MS, Ran, record

WORKFLOW = """\
workflow: protein
description: structures for three families
params: {families: [1, 2, 3], deep: true}
inputs: {code: ./src, table: {cid: bafkr4ihdgn2ga5dbi4kmxojphj7aic7g3wn65ovobt5smsn7sajw2avy7i}}
environments: {sh: {store: /nix/store/00000000000000000000000000000000-sh}}
defaults: {environment: sh, resources: {memory: 1GiB, time: 10min}}
steps:
  fetch: {run: 'true', outputs: {o: o}}
  fold: {run: 'true', scatter: {f: params.families}, inputs: {a: fetch.o}, outputs: {o: o}}
  check: {run: 'true', inputs: {i: fetch.o}, outputs: {o: o}}
  report: {run: 'true', inputs: {s: "fold[*].o"}, needs: [check], outputs: {o: o}}
"""

INSTANCES = (
    Ran("fetch", None, "reused", -86_400_000, 3_200),
    Ran("fold", 0, "ran", 400, 42_000, 210 * MIB),
    Ran(
        "fold", 1, "failed", 410, 61_000, 1_020 * MIB, 137,
        stdout=b"epoch 1\repoch 2\n\x1b[31mred\x1b[0m\n", stderr=b"MemoryError\n", reason="memory",
    ),
    Ran("fold", 2, "ran", 420, 9_000, 50 * MIB),
    Ran("check", None, "ran", 100, 320),
    Ran("report", None, "skipped"),
)  # fmt: skip

MANY = """\
workflow: many
environments: {sh: {store: /nix/store/00000000000000000000000000000000-sh}}
defaults: {environment: sh}
steps:
  prepare: {run: 'true', outputs: {o: o}}
  train: {run: 'true', scatter: {n: [1, 2, 3]}, inputs: {d: prepare.o}, outputs: {o: o}}
"""

Made = Callable[..., Facts]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Return what records a run in a home of its own and returns the facts of it."""

    def make(text: str = WORKFLOW, instances: Iterable[Ran] = INSTANCES, **how: Any) -> Facts:
        return facts_of(tmp_path / "home", text, instances, **how)

    return make


@pytest.fixture(scope="session")
def protein(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """Return the facts of the run that most tests look at."""
    return facts_of(tmp_path_factory.mktemp("protein") / "home", WORKFLOW, INSTANCES)


@pytest.fixture(scope="session")
def checked(protein: Facts) -> Facts:
    """Return the same with what a home that ran some of it again knows."""
    return replace(protein, findings=found_of(protein))


def found_of(facts: Facts) -> Findings:
    """Return what came of two reruns, who vouches, and what was paid."""
    assert facts.head.run is not None
    ran = [one for one in facts.listed if one.status == "ran"]
    was, now = ran[0].outputs["o"], Cid.of(RAW, b"now")
    where = ("Linux 6.1 x86_64", "bwrap 0.8.0 seccomp watchdog", "", 9_000)
    output = RedoneOutput("o", "differs", was, now, "$.loss[3] 1 -> 4\nlargest deviation: 3")
    near = output._replace(verdict="equivalent", where="relative 1e-9")
    steps = [
        RedoneStep("fold[2]", "differs", "", *where, (output,)),
        RedoneStep("fold[0]", "equivalent", "", *where, (near,)),
        RedoneStep("check", "identical", "", *where, ()),
    ]
    peer = Who("12D3KooWMeY6JTgPD3jDib5vxyZ7SaFDakx9Hk9p8DkwZPvN22Pk", "named", "lab-7")
    proves = "drawn with --seed 'mine'"
    later = Redone(
        2, facts.head.run, NOON_MS, NOON_MS + 70_000, "differs", 3, 6, False, "mine", proves
    )
    earlier = later._replace(id=1, began_ms=NOON_MS - 86_400_000, verdict="equivalent", chain=True)
    counts = {"differs": 1, "equivalent": 1, "identical": 1}
    places = [Place(NOBODY, *where[:2], 2), Place(peer, *where[:2], 1)]
    words = "all others contradict it ('tally verify CID')"
    return Findings(
        again=[
            Again(later, counts, places, steps),
            Again(earlier, {"equivalent": 1, "identical": 1}, places, steps[1:]),
        ],
        older=3,
        vouchers=[
            Voucher(peer, "GenuineIntel/6/143 x86-64-v4", where[1], 5, 1),
            Voucher(NOBODY, "", where[1], 5, 0),
        ],
        voices=[
            Voice(one.id, one.result, 1, 0, 1, words if not at else "")
            for at, one in enumerate(ran)
        ],
        parts=[Part(3, 6, "")],
        receipts="its receipts hold: 0.5 paid to one peer, for 3 steps",
        paid=[peer],
        cost="cost: 0.5",
    )


def facts_of(home: Path, text: str, instances: Iterable[Ran], **how: Any) -> Facts:
    """Return the facts of a run that is recorded in a home."""
    with Workspace(home) as space:
        cid = record(space.store, text, instances, **{"status": "failed", **how})
        return gather(space, str(cid))


def many(facts: Facts, count: int) -> Facts:
    """Return the facts of a run with so many instances of `train`, eight at once."""
    found = (
        instance("train", n, after_ms=1_000 + n * 10, wall_ms=74 + n % 7) for n in range(count)
    )
    instances = [*facts.instances, *found]
    listed, folded = fold(instances)
    return replace(facts, instances=instances, listed=listed, folded=folded)


def instance(
    name: str, index: int, status: str = "ran", after_ms: int = 0, wall_ms: int = 0
) -> Instance:
    """Return an instance that took so long."""
    gave = Cid.of(RAW, f"{name}[{index}]".encode())
    start = NOON_MS + after_ms
    said = Attestation(gave, gave, "bwrap", "Linux", start, wall_ms, 0, 0, None, None, False, "")
    return Instance(name, index, status, gave, gave, 0, {"o": gave}, said, "", "")


@dataclass
class Opened:
    """A page in a browser, and all that it said and asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def look(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Return what opens the page of a run from disk; `how` as a browser's context takes it."""
    contexts = []

    def look_at(facts: Facts, **how: Any) -> Opened:
        file = tmp_path / "run.html"
        file.write_text(render(facts))
        context = browser.new_context(**{"viewport": {"width": 1100, "height": 800}, **how})
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.page.on("console", lambda message: opened.said.append(message.text))
        opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
        opened.page.on("dialog", lambda dialog: opened.said.append(dialog.message))
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.goto(file.as_uri())
        return opened

    yield look_at
    for context in contexts:
        context.close()
