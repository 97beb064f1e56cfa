"""A run with results of a liar, gone through again: what its record then says."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cli import execute
from cli.prepare import How, Prepared
from cli.settings import Settings
from cli.workspace import Workspace
from engine.admission import Capacity
from engine.content.select import select
from engine.host import Host
from engine.localrunner import LocalRunner
from engine.products import Products
from engine.sandbox.base import Job, Outcome
from engine.sandbox.scripted import Act, Scripted
from engine.slots import Slots
from engine.staging import Staging
from engine.summary import load_run, run_steps
from engine.values import dataclass
from engine.workflow.graph import groups
from engine.workflow.lock import LOCK, Lock
from engine.workflow.model import record_of
from engine.workflow.parameters import bind
from engine.workflow.parse import parse
from engine.workflow.resolve import Resolver
from tests.fakes.home import NOWHERE, NoClosures
from tests.fakes.key import Key


@dataclass(frozen=True, slots=True)
class Most:
    """Settings, as far as they say what may be spent."""

    max_cost: int


FAILS = Outcome(3, "", "", 5, 3, 1_000_000, False)
TEXT = """
workflow: sample
environments: {env: {store: /nix/store/00000000000000000000000000000001-env}}
defaults: {environment: env}
steps:
  split: {run: "split {outputs.parts}", outputs: {parts: parts}}
  each:
    scatter: {part: split.parts/*}
    run: each {scatter.part} {outputs.o}
    outputs: {o: o}
  all: {inputs: {os: "each[*].o"}, run: "all {inputs.os.list} {outputs.o}", outputs: {o: o}}
"""

Script = Callable[[Job], Act]


class Passes:
    """Who runs the steps in each pass: first a liar, that is found out as it ends; then others."""

    def __init__(self, space: Workspace, *scripts: Script) -> None:
        self.space = space
        self.begun = 0
        self._scripts = scripts

    @contextmanager
    def open_crew(self, *_: object) -> Iterator[tuple[Slots, Capacity]]:
        """Open the crew of the next pass; all but the first are of this machine."""
        script = self._scripts[min(self.begun, len(self._scripts) - 1)]
        liar = Key() if self.begun == 0 else None
        self.begun += 1
        space = self.space
        places = NoClosures(space.work)
        staging = Staging(space.work, space.store, space.claims, secrets.token_hex(8))
        host = Host(space.store, staging, places, execute.SystemClock(), "test", liar)
        slots = Slots([LocalRunner(host, Scripted(script))])
        try:
            yield slots, Capacity(1, 64, 2**40, ahead=1)
        finally:
            slots.close()
            staging.close()
            if liar is not None:
                space.memo.disown(liar.public_key)


def splits(*parts: str, **outcomes: Outcome) -> Script:
    """Return a script that makes these parts, and of some steps has these outcomes."""

    def play(job: Job) -> Act:
        if b"split" in (job.script or b""):
            return Act(
                outcomes.get("split", Act().outcome),
                {f"parts/{one}": one.encode() for one in parts},
            )
        seen = b"".join(path.read_bytes() for path in job.inputs.rglob("*") if path.is_file())
        outcome = outcomes.get(seen.decode(), Act().outcome)
        return Act(outcome, dict.fromkeys(job.outputs, (job.script or b"") + seen))

    return play


def executed(
    home: Path, monkeypatch: pytest.MonkeyPatch, *scripts: Script, keep_going: bool = False
) -> tuple[str, dict[str, str], int]:
    """Return how a run ended, what its record says of its steps, and how many passes it took."""
    with Workspace(home, writing=True) as space:
        passes = Passes(space, *scripts)
        monkeypatch.setattr(execute, "open_crew", passes.open_crew)
        workflow = parse(TEXT, "test.yaml")
        bound = bind(workflow, {})
        records = (record_of(workflow).block(workflow), LOCK.block(Lock({}, {})))
        space.store.put(records)

        def selected(cid: Any, path: str) -> Any:
            part, blocks = select(space.store.get, cid, path)
            space.store.put(blocks)
            return part

        resolver = Resolver(
            workflow, bound, {}, dict.fromkeys(workflow.environments, NOWHERE), selected
        )
        cids = (records[0].cid, bound, records[1].cid)
        prepared = Prepared(workflow, *cids, {}, groups(workflow, bound), resolver)
        row = space.journal.begin(prepared.new, secrets.token_bytes(16), 1)
        how, settings = (
            How(keep_going=keep_going),
            cast("Settings", None),
        )  # local runs ask for none
        done = execute.execute(space, settings, prepared, row, lambda _: None, how)
        run = space.journal.find(row.id).run
        assert run is not None
        steps = {one.id: one.status for one in run_steps(space.store, load_run(space.store, run))}
        return done.status, steps, passes.begun


ALL = {"split": "ran", "each[0]": "ran", "all": "ran"}


@pytest.mark.parametrize("keep_going", [False, True])
def test_what_failed_on_what_a_liar_gave_is_no_part_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, keep_going: bool
) -> None:
    """Instances that only the liar's directory had, and that failed or were left out, are gone."""
    liar, honest = splits("a", "b", "c", b=FAILS, c=FAILS), splits("a")
    found = executed(tmp_path, monkeypatch, liar, honest, keep_going=keep_going)
    assert found == ("succeeded", ALL, 2)


def test_a_run_that_fails_without_the_liar_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the liar made of steps that are not come to any more is not looked for for ever."""
    found = executed(tmp_path, monkeypatch, splits("a", "b"), splits("a", split=FAILS))
    assert found == ("failed", {"split": "failed", "each": "skipped", "all": "skipped"}, 2)


def test_a_failure_at_a_liar_is_tried_by_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else is of the liar: what it says of a failure is believed no more than a result."""
    found = executed(tmp_path, monkeypatch, splits("a", split=FAILS), splits("a"))
    assert found == ("succeeded", ALL, 2)


def test_what_a_pass_has_cost_is_not_spent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command has one maximum, however often it goes through the run."""
    costs = iter([100, 100, 700, 5_000])  # by commands before; then so far, before each pass
    monkeypatch.setattr(execute, "_spent", lambda *_: next(costs))
    most: list[int] = []

    def go_through(_: object, settings: Settings, *__: object) -> tuple[str, Products]:
        most.append(settings.max_cost)
        return "cancelled", Products()

    def passes(_: object, __: object, begin: Callable[[], Any]) -> Any:
        return (begin(), begin(), begin())[0]

    monkeypatch.setattr(execute, "_go_through", go_through)
    monkeypatch.setattr(execute, "until_believed", passes)
    monkeypatch.setattr(execute, "_end", lambda *_: None)
    space = cast("Workspace", SimpleNamespace(journal=SimpleNamespace(steps=lambda _: [])))
    settings = cast("Settings", Most(1_000))
    none: Any = SimpleNamespace(id="")
    execute.execute(space, settings, none, none, lambda _: None, How(frozenset(("a",))))
    assert most == [1_000, 400, 0]
