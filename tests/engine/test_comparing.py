"""Outputs compared by programs of their author, in a rerun."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.admission import Capacity
from engine.comparing import Comparing
from engine.errors import Refused, StepFailed
from engine.opinion import Asked
from engine.progress import Progress, Started
from engine.rerun import Rerun, recorded_steps
from engine.run import RUN
from engine.runner import Order, limits_of
from engine.sandbox.base import Job, Outcome
from engine.sandbox.scripted import Act, Scripted
from engine.slots import Slots
from engine.step import STEP
from engine.verdict import StepVerdict
from engine.workflow.comparisons import Comparisons
from engine.workflow.parameters import bind
from engine.workflow.parse import parse
from tests.fakes.home import NOWHERE, Home

FAILS = Outcome(3, "", "", 5, 3, 1_000_000, False)
TEXT = """
workflow: sample
params: {seeds: [0, 1, 2], most: 2}
environments: {env: {store: /nix/store/00000000000000000000000000000001-env}}
defaults: {environment: env}
steps:
  train:
    scatter: {seed: params.seeds}
    run: train {scatter.seed}
    outputs:
      model:
        path: model.bin
        verify:
          compare: {run: "judge {params.most} {inputs.was} {inputs.now} {outputs.verdict}"}
      log: {path: log, verify: none}
"""
YES = b'{"equivalent": true, "deviation": 0.25}'


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Open a home."""
    home = Home(tmp_path / "home")
    yield home
    home.close()


def honest(job: Job) -> Act:
    """Give what depends on the command alone."""
    return Act(files={"model": job.script or b"", "log": b""})


def another(judge: Callable[[Job], Act]) -> Callable[[Job], Act]:
    """Return what gives other models than before, and judges them so."""

    def play(job: Job) -> Act:
        if (job.script or b"").startswith(b"judge"):
            return judge(job)
        return Act(files={"model": b"!" + (job.script or b""), "log": b"other"})

    return play


def says(data: bytes) -> Callable[[Job], Act]:
    """Return a comparator that writes some bytes."""
    return lambda _: Act(files={"verdict": data})


class Again:
    """A rerun of what was recorded, with comparators in its own slots."""

    def __init__(self, home: Home, play: Callable[[Job], Act], slots: type[Slots] = Slots) -> None:
        run = RUN.decode(home.store.get(home.run(TEXT, home.runners([Scripted(honest)])).run))
        self.boxes = [Scripted(play) for _ in "ab"]
        self.slots = slots(home.runners(self.boxes))
        self.steps = recorded_steps(home.store, run)
        workflow = parse(TEXT, "w.yaml")
        comparisons = Comparisons(workflow, bind(workflow, {}), {}, lambda tree, _: tree)

        def make(comparator, was, now) -> Order:
            found = comparisons.step(comparator, NOWHERE, was, now)
            record = STEP.block(found.step)
            return Order(record.cid, found.step, (record,), limits_of(found.resources))

        self.make = make
        self.comparing = Comparing(home.store, self.slots, lambda *all_: self.make(*all_), self.see)
        self.seen: list[Progress] = []
        self.rerun = Rerun(
            home.store, self.slots, Capacity(2, 2, 2**40), self.see, lambda: self.comparing
        )

    def see(self, event: Progress) -> None:
        """Remember what is shown."""
        self.seen.append(event)

    def verdicts(self) -> dict[str, StepVerdict]:
        """Run all steps again."""
        try:
            return {one.id: one for one in self.rerun.run(self.steps)}
        finally:
            self.slots.close()


def test_each_output_is_compared_by_its_program(home: Home) -> None:
    """It sees both, and the params; its words are in the verdict, and what it wrote is kept."""
    again = Again(home, another(says(YES)))
    found = again.verdicts()

    assert {one.verdict for one in found.values()} == {"equivalent"}
    model = found["train[1]"].outputs["model"]
    assert model.opinion is not None
    assert model.deviation is not None
    assert (model.deviation.absolute.value, model.deviation.relative) == (0.25, None)
    jobs = [job for box in again.boxes for job in box.jobs if b"judge" in (job.script or b"")]
    assert {job.script for job in jobs} == {b"judge 2 /in/was /in/now /out/verdict.json"}
    step = STEP.decode(home.store.get(model.opinion.step))
    assert step.inputs == {"was": model.was, "now": model.now}


def test_what_is_identical_is_not_compared(home: Home) -> None:
    """The same bytes need no opinion."""
    again = Again(home, honest)
    assert {one.verdict for one in again.verdicts().values()} == {"identical"}
    assert sum(len(box.jobs) for box in again.boxes) == 3


@pytest.mark.parametrize(
    ("judge", "verdict", "said"),
    [
        (says(b'{"equivalent": false, "difference": "row 3"}'), "differs", "row 3"),
        (says(b'{"equivalent": false}'), "differs", "is another, by its comparator"),
        (lambda _: Act(outcome=FAILS), "failed", "could not be compared: exit code 3"),
        (says(b"yes"), "failed", "could not be compared: what it wrote is not JSON"),
        (says(b" " * (1024 * 1024 + 1)), "failed", "it wrote is over 1048576 bytes"),
        (
            lambda _: Act(files={"verdict/a": b"1"}),
            "failed",
            "could not be compared: what it wrote is not a file",
        ),
    ],
)
def test_what_it_says_is_the_verdict(home: Home, judge, verdict: str, said: str) -> None:
    """A program that fails, or writes anything else, never makes an output equivalent."""
    found = Again(home, another(judge)).verdicts()
    assert {one.verdict for one in found.values()} == {verdict}
    model = found["train[0]"].outputs["model"]
    assert model.difference is not None
    assert said in model.difference.what


def test_one_that_fails_spoils_no_other(home: Home) -> None:
    """What was waiting for a slot then is compared all the same."""

    def judge(job: Job) -> Act:
        (model,) = (job.inputs / "now",)
        return Act(outcome=FAILS) if model.read_bytes() == b"!train 1" else says(YES)(job)

    found = Again(home, another(judge)).verdicts()
    assert {id_: one.verdict for id_, one in found.items()} == {
        "train[0]": "equivalent",
        "train[1]": "failed",
        "train[2]": "equivalent",
    }


def test_one_that_cannot_be_run_as_it_is_has_no_verdict(home: Home) -> None:
    """As when a path is not in an input: it is said, and nothing runs."""
    again = Again(home, another(says(YES)))

    def refuse(*_: object) -> Order:
        raise Refused("'inputs.code/x' is not there", fix="name another")

    again.make = refuse
    found = again.verdicts()
    assert {one.verdict for one in found.values()} == {"failed"}
    assert "is not there" in found["train[0]"].outputs["model"].opinion.failed


def test_a_rerun_is_cancelled_while_it_compares(home: Home) -> None:
    """The comparators are ended, and no step is judged."""
    judging = threading.Event()

    def judge(_: Job) -> Act:
        judging.set()
        return Act(until_cancelled=True)

    again = Again(home, another(judge))
    threading.Thread(target=lambda: (judging.wait(10), again.rerun.cancel())).start()
    with pytest.raises(StepFailed, match="cancelled"):
        again.verdicts()
    assert any(isinstance(event, Started) for event in again.seen)


def test_many_are_compared_at_once(home: Home) -> None:
    """As after a chain: each has its opinion, whatever became of the others."""

    def judge(job: Job) -> Act:
        return Act(outcome=FAILS) if len(again.boxes[0].jobs) % 2 else says(YES)(job)

    again = Again(home, judge)
    outputs = [
        Asked(one.name, "model", one.declared["model"].verify.comparator, *pair)
        for one in again.steps
        for pair in [(one.was.outputs["model"], one.was.outputs["log"])]
    ]
    found = again.comparing.ask_all(outputs)
    again.slots.close()
    assert found.keys() == {("train.model", 0), ("train.model", 1), ("train.model", 2)}
