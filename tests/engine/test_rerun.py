"""Recorded runs run again."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from engine.admission import Capacity
from engine.errors import Refused, StepFailed
from engine.progress import Retried, Started
from engine.rerun import Rerun, recorded_steps
from engine.run import RUN
from engine.sandbox.base import Job, Outcome
from engine.sandbox.scripted import Act, Scripted
from engine.slots import Slots
from engine.verdict import of_run
from tests.fakes.home import Home

FAILS = Outcome(3, "", "", 5, 3, 1_000_000, False)
TEXT = """
workflow: sample
params: {seeds: [0, 1, 2]}
environments: {env: {store: /nix/store/00000000000000000000000000000001-env}}
defaults: {environment: env}
steps:
  train:
    scatter: {seed: params.seeds}
    run: train {scatter.seed} {outputs.model}
    outputs: {model: model.bin}
  report:
    inputs: {models: "train[*].model"}
    run: report {inputs.models} {outputs.metrics}
    outputs: {metrics: {path: metrics.json, verify: {tolerance: 1e-6}}}
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Open a home."""
    home = Home(tmp_path / "home")
    yield home
    home.close()


def play(job: Job) -> Act:
    """Give what depends on the command alone, as an honest program does."""
    if b"report" in (job.script or b""):
        return Act(files={"metrics": b'{"loss": 0.5}'})
    return Act(files={"model": job.script or b""}, stdout=b"working\n")


def boxes(home: Home, script=play) -> list:
    """Return runners that play a script."""
    return home.runners([Scripted(script) for _ in "ab"])


def test_a_run_is_reproduced(home: Home) -> None:
    """Every step runs again, with no reuse, and gives the same."""
    ran = home.run(TEXT, boxes(home))
    jobs: list[Job] = []

    verdicts = home.rerun(ran.run, boxes(home, lambda job: (jobs.append(job), play(job))[1]))

    assert of_run(verdicts) == "reproduced"
    assert [verdict.id for verdict in verdicts] == ["train[0]", "train[1]", "train[2]", "report"]
    assert len(jobs) == 4


def test_each_step_starts_from_what_was_recorded(home: Home) -> None:
    """One step that differs changes no other verdict; what it gave now is kept."""
    ran = home.run(TEXT, boxes(home))

    def other(job: Job) -> Act:
        return Act(files={"model": b"!"}) if b"train 1" in (job.script or b"") else play(job)

    verdicts = {verdict.id: verdict for verdict in home.rerun(ran.run, boxes(home, other))}

    assert verdicts["train[1]"].verdict == "differs"
    assert {verdicts[name].verdict for name in verdicts if name != "train[1]"} == {"identical"}
    now = verdicts["train[1]"].outputs["model"].now
    assert now is not None
    assert home.store.get(now) == b"!"


def test_an_output_is_judged_by_its_own_rule(home: Home) -> None:
    """A tolerance makes the report equivalent."""
    ran = home.run(TEXT, boxes(home))

    def near(job: Job) -> Act:
        found = play(job)
        return (
            Act(files={"metrics": b'{"loss": 0.5000000001}'}) if "metrics" in found.files else found
        )

    assert of_run(home.rerun(ran.run, boxes(home, near))) == "equivalent"


def test_a_step_that_fails_now_is_said_to(home: Home) -> None:
    """The verdict on the whole is failed, with the reason."""
    ran = home.run(TEXT, boxes(home))

    verdicts = home.rerun(ran.run, boxes(home, lambda _: Act(outcome=FAILS)), "report")

    assert [(v.id, v.verdict, v.note) for v in verdicts] == [("report", "failed", "exit code 3")]


@pytest.mark.parametrize(("failures", "verdict"), [(1, "identical"), (2, "failed")])
def test_a_step_is_tried_as_often_as_its_workflow_says(
    home: Home, failures: int, verdict: str
) -> None:
    """With `retries: 1` a second attempt is made, and no third; each is told."""
    text = TEXT.replace("  report:\n", "  report:\n    retries: 1\n")
    ran = home.run(text, boxes(home))
    left, told = [FAILS] * failures, []

    def fails(job: Job) -> Act:
        return Act(outcome=left.pop()) if left else play(job)

    found = home.rerun(ran.run, boxes(home, fails), "report", watch=told.append)

    assert [one.verdict for one in found] == [verdict]
    assert [one.attempt for one in told if isinstance(one, Started)] == [1, 2]
    assert [one.note for one in told if isinstance(one, Retried)] == ["exit code 3"]


def test_one_step_can_be_chosen(home: Home) -> None:
    """By its name all instances, by its id one."""
    ran = home.run(TEXT, boxes(home))

    assert len(home.rerun(ran.run, boxes(home), "train")) == 3
    assert [v.id for v in home.rerun(ran.run, boxes(home), "train[2]")] == ["train[2]"]
    with pytest.raises(Refused, match="no step 'nothing'"):
        home.rerun(ran.run, boxes(home), "nothing")


def test_the_run_and_the_memo_stay_as_they_were(home: Home) -> None:
    """A rerun that differs is not reused, and the journal knows nothing of it."""
    ran = home.run(TEXT, boxes(home))
    before = home.journal.steps(ran.row.id)
    home.rerun(ran.run, boxes(home, lambda job: Act(files=dict.fromkeys(job.outputs, b"x"))))

    again = home.run(TEXT, boxes(home))

    assert home.journal.steps(ran.row.id) == before
    assert [row.result for row in again.steps] == [row.result for row in before]
    assert not home.memo.conflicts()


def test_a_rerun_can_be_cancelled(home: Home) -> None:
    """What runs is ended, and the rerun says that it was cancelled."""
    ran = home.run(TEXT, boxes(home))
    steps = recorded_steps(home.store, RUN.decode(home.store.get(ran.run)))
    slots = Slots(boxes(home, lambda _: Act(until_cancelled=True)))
    begun = threading.Event()
    rerun = Rerun(
        home.store,
        slots,
        Capacity(2, 2, 2**40),
        lambda e: begun.set() if isinstance(e, Started) else None,
    )
    threading.Thread(target=lambda: (begun.wait(10), rerun.cancel())).start()

    with pytest.raises(StepFailed, match="cancelled"):
        rerun.run(steps)
    slots.close()


class Reluctant(Slots):
    """Slots that give back the first step, as after a failure of another one before it began."""

    refused = False

    def start(self, name, order, logs, done, *more) -> None:
        """Start all but the first."""
        if self.refused:
            super().start(name, order, logs, done, *more)
            return
        self.refused = True
        end: Future = Future()
        end.cancel()
        done(end)


def test_a_step_that_is_given_back_is_run_all_the_same(home: Home) -> None:
    """No step goes without a verdict because another failed before it began."""
    ran = home.run(TEXT, boxes(home))
    steps = recorded_steps(home.store, RUN.decode(home.store.get(ran.run)))
    slots = Reluctant(boxes(home))

    verdicts = Rerun(home.store, slots, Capacity(2, 2, 2**40), lambda _: None).run(steps)

    slots.close()
    assert [verdict.verdict for verdict in verdicts] == ["identical"] * len(steps)
