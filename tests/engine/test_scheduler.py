"""The scheduler with a real store and database, and a sandbox that plays what it is told."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.content.reader import read
from engine.errors import NoSandbox, NotRun, Refused, Unavailable
from engine.progress import Counted, Ended, Printed, Progress, Retried, Started, Waiting
from engine.sandbox.base import Job, Outcome
from engine.sandbox.scripted import Act, Scripted
from tests.fakes.home import Home

FAILS = Outcome(3, "", "", 5, 3, 1_000_000, False)
HEAD = """
workflow: sample
params: {seeds: [0, 1, 2]}
inputs: {code: {path: ./code}}
environments: {env: {store: /nix/store/00000000000000000000000000000001-env}}
defaults: {environment: env}
steps:
"""
DIGITS = (
    HEAD
    + """
  prepare:
    inputs: {code: inputs.code/prepare.py}
    run: prepare {inputs.code} {outputs.data}
    outputs: {data: data.npz}
  train:
    scatter: {seed: params.seeds}
    inputs: {data: prepare.data}
    run: train {inputs.data} {scatter.seed} {outputs.model}
    outputs: {model: model.npz}
  report:
    inputs: {code: inputs.code/report.py, models: "train[*].model"}
    run: report {inputs.code} {inputs.models} {outputs.metrics}
    outputs: {metrics: metrics.json}
"""
)


DIAMOND = (
    HEAD
    + """
  top: {run: 'x > {outputs.o}', outputs: {o: o}}
  left: {inputs: {top: top.o}, run: 'l > {outputs.o}', outputs: {o: o}}
  right: {inputs: {top: top.o}, run: 'r > {outputs.o}', outputs: {o: o}}
  end: {inputs: {l: left.o, r: right.o}, run: 'e > {outputs.o}', outputs: {o: o}}
"""
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Open a home."""
    home = Home(tmp_path / "home")
    yield home
    home.close()


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Make the sources of the sample."""
    folder = tmp_path / "code"
    folder.mkdir()
    for name in ("prepare", "report"):
        (folder / f"{name}.py").write_text(f"# {name}\n")
    return folder


def echo(job: Job) -> Act:
    """Give each output the job's script and inputs as its content."""
    script = job.script or b""
    seen = (
        b"".join(path.read_bytes() for path in sorted(job.inputs.rglob("*")) if path.is_file())
        if job.inputs
        else b""
    )
    return Act(files=dict.fromkeys(job.outputs, script + seen), stdout=b"hello\n")


def scripted(home: Home, script: Callable[[Job], Act] = echo, slots: int = 2) -> list:
    """Return runners whose sandboxes play a script."""
    return home.runners([Scripted(script) for _ in range(slots)])


def test_the_sample_runs_and_is_then_reused(home: Home, code: Path) -> None:
    """Every step runs once; run again, none does, and the outputs are the same."""
    first = home.run(DIGITS, scripted(home), inputs={"code": code})
    second = home.run(DIGITS, scripted(home), inputs={"code": code})

    assert (first.status, second.status) == ("succeeded", "succeeded")
    assert set(first.statuses().values()) == {"ran"}
    assert set(second.statuses().values()) == {"reused"}
    assert len(first.steps) == 5
    assert [row.result for row in first.steps] == [row.result for row in second.steps]


def test_an_edit_runs_only_what_it_reaches(home: Home, code: Path) -> None:
    """After an edit of the report's source only the report runs."""
    home.run(DIGITS, scripted(home), inputs={"code": code})
    (code / "report.py").write_text("# edited\n")

    ran = home.run(DIGITS, scripted(home), inputs={"code": code})

    assert [name for name, status in ran.statuses().items() if status == "ran"] == ["report[0]"]


def test_a_step_sees_its_inputs_and_gathers(home: Home, code: Path) -> None:
    """A gather is a directory of numbered files and a list of their paths."""
    seen: dict[str, list[str]] = {}

    def look(job: Job) -> Act:
        if job.inputs and (job.inputs / "models.list").exists():
            seen["files"] = sorted(path.name for path in job.inputs.iterdir())
            seen["list"] = (job.inputs / "models.list").read_text().splitlines()
            assert (job.inputs / "models/2").stat().st_mode & 0o777 == 0o444
        return echo(job)

    home.run(DIGITS, scripted(home, look), inputs={"code": code})

    assert seen["files"] == ["code", "models", "models.list"]
    assert seen["list"] == ["/in/models/0", "/in/models/1", "/in/models/2"]


def test_logs_are_kept_and_passed_on(home: Home, code: Path) -> None:
    """What a step prints is told as it comes and stored as a file."""
    ran = home.run(DIGITS, scripted(home), inputs={"code": code})

    printed = [one for one in ran.progress if isinstance(one, Printed)]
    assert {one.data for one in printed} == {b"hello\n"}
    assert ran.steps[0].stdout is not None
    assert b"".join(read(home.store.get, ran.steps[0].stdout)) == b"hello\n"


def test_a_failure_stops_what_has_not_started(home: Home, code: Path) -> None:
    """The failed step says why; what needs it is skipped; its result is recorded, not reused."""

    def fail(job: Job) -> Act:
        return Act(outcome=FAILS) if b"prepare" in (job.script or b"") else echo(job)

    ran = home.run(DIGITS, scripted(home, fail), inputs={"code": code})
    again = home.run(DIGITS, scripted(home), inputs={"code": code})

    assert ran.status == "failed"
    prepare = next(row for row in ran.steps if row.step == "prepare")
    assert (prepare.status, prepare.note) == ("failed", "exit code 3")
    assert prepare.result is not None
    assert prepare.attestation is not None
    assert {row.status for row in ran.steps if row.step != "prepare"} == {"skipped"}
    assert set(again.statuses().values()) == {"ran"}


def test_retries_are_made_and_told(home: Home) -> None:
    """A step with a retry that fails once succeeds."""
    tries: list[Job] = []

    def flaky(job: Job) -> Act:
        tries.append(job)
        return Act(outcome=FAILS) if len(tries) == 1 else echo(job)

    text = HEAD + "  a: {run: 'x > {outputs.o}', outputs: {o: o}, retries: 1}\n"
    ran = home.run(text, scripted(home, flaky))

    assert ran.status == "succeeded"
    assert [type(one) for one in ran.progress if not isinstance(one, Printed)] == [
        Started, Retried, Started, Ended,
    ]  # fmt: skip


def test_a_step_without_cache_runs_again(home: Home) -> None:
    """`cache: false` never takes an earlier result."""
    text = HEAD + "  a: {run: 'x > {outputs.o}', outputs: {o: o}, cache: false}\n"

    assert home.run(text, scripted(home)).statuses() == {"a[0]": "ran"}
    assert home.run(text, scripted(home)).statuses() == {"a[0]": "ran"}


def test_a_forced_step_runs_again(home: Home, code: Path) -> None:
    """A forced step runs, and what it gives being the same, nothing else does."""
    home.run(DIGITS, scripted(home), inputs={"code": code})

    ran = home.run(DIGITS, scripted(home), inputs={"code": code}, forced=frozenset({"prepare"}))

    assert [name for name, status in ran.statuses().items() if status == "ran"] == ["prepare[0]"]


def test_two_equal_steps_run_once(home: Home) -> None:
    """Steps with one key share one run, whatever they are called."""
    text = HEAD + "".join(
        f"  {name}: {{run: 'x > {{outputs.o}}', outputs: {{o: o}}}}\n" for name in "abc"
    )

    ran = home.run(text, scripted(home))

    assert sorted(ran.statuses().values()) == ["ran", "reused", "reused"]


def test_a_directory_is_scattered_over(home: Home) -> None:
    """Each entry of an output directory is an instance, in order of names."""
    text = (
        HEAD
        + """
  split: {run: "split {outputs.parts}", outputs: {parts: parts}}
  each:
    scatter: {part: split.parts/*}
    run: each {scatter.part} {outputs.o}
    outputs: {o: o}
  all: {inputs: {os: "each[*].o"}, run: "all {inputs.os.list} {outputs.o}", outputs: {o: o}}
"""
    )

    def play(job: Job) -> Act:
        if b"split" in (job.script or b""):
            return Act(files={"parts/b": b"B", "parts/a": b"A"})
        return echo(job)

    ran = home.run(text, scripted(home, play))

    assert ran.status == "succeeded"
    assert Counted("each", 2) in ran.progress
    first = next(row for row in ran.steps if row.step == "each" and row.index == 0)
    assert b"".join(read(home.store.get, home.outputs(first)["o"])).endswith(b"A")


def test_a_lost_output_is_made_again(home: Home) -> None:
    """A result whose output is not here any more is no reason not to run."""
    text = HEAD + "  a: {run: 'x > {outputs.o}', outputs: {o: o}}\n"
    first = home.run(text, scripted(home))
    output = home.outputs(first.steps[0])["o"]
    with home.store.index.change() as change:
        change.execute("DELETE FROM blocks WHERE cid = ?", (output.raw,))

    assert home.run(text, scripted(home)).statuses() == {"a[0]": "ran"}
    assert home.store.has(output)


def test_cancel_ends_what_runs(home: Home) -> None:
    """A cancel from elsewhere stops the running step and skips the rest."""
    text = (
        HEAD
        + """
  a: {run: 'x > {outputs.o}', outputs: {o: o}}
  b: {inputs: {o: a.o}, run: "y {inputs.o} > {outputs.o}", outputs: {o: o}}
"""
    )
    timer = threading.Timer(0.2, lambda: home.journal.request_cancel(home.journal.runs()[0].id))
    timer.start()

    ran = home.run(text, scripted(home, lambda _: Act(until_cancelled=True)))

    assert ran.status == "cancelled"
    assert ran.statuses() == {"a[0]": "skipped", "b[0]": "skipped"}


def test_a_step_that_another_run_waits_for_goes_on(tmp_path: Path) -> None:
    """Cancelled, the one run lets the step end, and the other takes its result."""
    one, two = Home(tmp_path / "home"), Home(tmp_path / "home")
    text = HEAD + "  a: {run: 'x > {outputs.o}', outputs: {o: o}}\n"
    begun, go_on = threading.Event(), threading.Event()

    def slow(job: Job) -> Act:
        begun.set()
        go_on.wait(10)
        return echo(job)

    def cancel_one(_: object) -> None:
        assert one.scheduler is not None
        one.scheduler.cancel()
        threading.Timer(0.2, go_on.set).start()

    found = {}
    first = threading.Thread(target=lambda: found.update(one=one.run(text, scripted(one, slow))))
    first.start()
    begun.wait(10)
    found["two"] = two.run(text, scripted(two), watch=cancel_one)
    first.join()
    one.close()
    two.close()

    assert found["two"].statuses() == {"a[0]": "reused"}
    assert found["one"].statuses() == {"a[0]": "ran"}


def test_a_run_that_waits_can_be_cancelled(tmp_path: Path) -> None:
    """What is only waited for is let go at once."""
    one, two = Home(tmp_path / "home"), Home(tmp_path / "home")
    text = HEAD + "  a: {run: 'x > {outputs.o}', outputs: {o: o}}\n"
    begun, go_on = threading.Event(), threading.Event()

    def slow(job: Job) -> Act:
        begun.set()
        go_on.wait(10)
        return echo(job)

    def cancel_two(event: object) -> None:
        if isinstance(event, Waiting):
            assert two.scheduler is not None
            two.scheduler.cancel()

    first = threading.Thread(target=lambda: one.run(text, scripted(one, slow)))
    first.start()
    begun.wait(10)
    ran = two.run(text, scripted(two), watch=cancel_two)
    go_on.set()
    first.join()
    one.close()
    two.close()

    assert (ran.status, ran.statuses()) == ("cancelled", {"a[0]": "skipped"})


def test_a_machine_without_a_sandbox_is_told_of_once(tmp_path: Path) -> None:
    """No step is tried again, nor said to have failed; where there is one, the run goes on."""
    one = Home(tmp_path / "home")
    tries: list[Job] = []
    told: list[Progress] = []

    def none(job: Job) -> Act:
        tries.append(job)
        raise NoSandbox("no bubblewrap", fix="install it")

    with pytest.raises(NoSandbox, match="no bubblewrap"):
        one.run(DIAMOND, scripted(one, none, slots=1), watch=told.append)
    interrupted = one.journal.runs()[0]
    one.close()
    two = Home(tmp_path / "home")
    ran = two.run(DIAMOND, scripted(two))
    two.close()

    assert len(tries) == 1
    assert not [one for one in told if isinstance(one, Retried | Ended)]
    assert (ran.row.id, ran.status) == (interrupted.id, "succeeded")
    assert set(ran.statuses().values()) == {"ran"}


def test_a_sandbox_that_is_refused_after_others_is_asked_for_again(home: Home) -> None:
    """When a step has run here, one that gets no sandbox is tried like one that was lost."""
    tries: list[Job] = []

    def second_fails(job: Job) -> Act:
        tries.append(job)
        if len(tries) == 2:
            raise NoSandbox("too many namespaces", fix="end others")
        return echo(job)

    ran = home.run(DIAMOND, scripted(home, second_fails, slots=1))

    assert (ran.status, len(tries)) == ("succeeded", len(ran.steps) + 1)


def test_what_is_wrong_with_the_machine_ends_the_run(home: Home) -> None:
    """A sandbox that cannot be had is raised, after the run was recorded."""

    def none(_: Job) -> Act:
        raise Unavailable("no bubblewrap", fix="install it")

    text = HEAD + "  a: {run: 'x > {outputs.o}', outputs: {o: o}}\n"

    with pytest.raises(Unavailable, match="no bubblewrap"):
        home.run(text, scripted(home, none))
    rows = home.journal.steps(home.journal.runs()[0].id)
    assert [(row.status, row.note) for row in rows] == [("failed", "no bubblewrap; install it")]


def test_a_step_that_nobody_runs_is_not_tried_again(home: Home) -> None:
    """Whoever says so has asked all; of what is not here it is another matter."""
    tries: list[Job] = []

    def nobody(job: Job) -> Act:
        tries.append(job)
        raise NotRun("no peer is there", fix="start one")

    text = HEAD + "  a: {run: 'x > {outputs.o}', outputs: {o: o}, retries: 2}\n"

    with pytest.raises(Unavailable, match="no peer is there"):
        home.run(text, scripted(home, nobody))
    assert len(tries) == 1


def test_a_refused_output_fails_the_step(home: Home) -> None:
    """What cannot be kept fails its step with the reason."""

    def refuse(_: Job) -> Act:
        raise Refused("over 100000 files", fix="pack them")

    text = HEAD + "  a: {run: 'x > {outputs.o}', outputs: {o: o}}\n"

    ran = home.run(text, scripted(home, refuse))

    assert ran.status == "failed"
    assert ran.steps[0].note == "over 100000 files; pack them"


def test_an_interrupted_run_goes_on_under_its_name(tmp_path: Path) -> None:
    """A run whose process died goes on; what it had run, even uncached, is not run again."""
    text = (
        HEAD
        + """
  a: {run: 'x > {outputs.o}', outputs: {o: o}, cache: false}
  b: {inputs: {o: a.o}, run: "y {inputs.o} > {outputs.o}", outputs: {o: o}}
"""
    )

    def die(job: Job) -> Act:
        if b"y " in (job.script or b""):
            raise SystemExit
        return echo(job)

    first = Home(tmp_path / "home")
    with pytest.raises(SystemExit):
        first.run(text, scripted(first, die))
    first.close()
    second = Home(tmp_path / "home")
    interrupted = second.journal.runs()
    ran = second.run(text, scripted(second))
    second.close()

    assert [row.status for row in interrupted] == ["interrupted"]
    assert ran.row.name == interrupted[0].name
    assert ran.statuses() == {"a[0]": "ran", "b[0]": "ran"}
    assert [one.step for one in ran.progress if isinstance(one, Started)] == ["b"]


def test_two_processes_share_the_work(tmp_path: Path) -> None:
    """Of two homes open on one directory one runs a step, the other waits and takes its result."""
    one, two = Home(tmp_path / "home"), Home(tmp_path / "home")
    text = HEAD + "  a: {run: 'x > {outputs.o}', outputs: {o: o}}\n"
    begun, go_on = threading.Event(), threading.Event()

    def slow(job: Job) -> Act:
        begun.set()
        go_on.wait(10)
        return echo(job)

    found = {}
    threads = [
        threading.Thread(target=lambda: found.update(one=one.run(text, scripted(one, slow)))),
        threading.Thread(
            target=lambda: found.update(
                two=two.run(text, scripted(two), watch=lambda _: go_on.set())
            )
        ),
    ]
    threads[0].start()
    begun.wait(10)
    threads[1].start()
    for thread in threads:
        thread.join()
    one.close()
    two.close()

    assert found["one"].statuses() == {"a[0]": "ran"}
    assert found["two"].statuses() == {"a[0]": "reused"}
