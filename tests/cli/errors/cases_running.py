"""Errors of steps: why one failed, what cannot start, what came out otherwise."""

import os
import signal
from unittest.mock import patch

from tests.cli.errors.stage import Stage, meets
from tests.cli.program import Told

STEPS = "Steps"
RERUN = "Runs done again"
REAL = ("nix", "sandbox")
_PARAMS = "tally check-determinism brave-otter -p x=1"


def _step(stage: Stage, run: str, more: str = "", head: str = "") -> Told:
    stage.good(f"  a: {{run: '{run}', outputs: {{o: o}}{more}}}\n", head)
    return stage("run", "w.yaml")


@meets(STEPS, "a command that fails", *REAL)
def _(stage: Stage) -> Told:
    return _step(stage, "echo three is too many >&2; exit 3")


@meets(STEPS, "a command that does not exist", *REAL)
def _(stage: Stage) -> Told:
    return _step(stage, "pyhton x.py")


@meets(STEPS, "a program of a list that does not exist", *REAL)
def _(stage: Stage) -> Told:
    stage.good("  a: {run: [pyhton, x.py]}\n")
    return stage("run", "w.yaml")


@meets(STEPS, "an output that was not made", *REAL)
def _(stage: Stage) -> Told:
    return _step(stage, "echo 1 >/out/wrong")


@meets(STEPS, "an output that leads elsewhere", *REAL)
def _(stage: Stage) -> Told:
    return _step(stage, "ln -s /etc/passwd {outputs.o}")


@meets(STEPS, "an output that is no file", *REAL)
def _(stage: Stage) -> Told:
    return _step(stage, "mkfifo {outputs.o}")


@meets(STEPS, "a step that takes too long", *REAL)
def _(stage: Stage) -> Told:
    return _step(stage, "sleep 3004", ", resources: {time: 300ms}")


@meets(STEPS, "a step that takes too much memory", *REAL)
def _(stage: Stage) -> Told:
    command = "x=x; while :; do x=$x$x$x$x; done"
    return _step(stage, command, ", resources: {memory: 16MiB}")


@meets(STEPS, "a step that writes too much", *REAL)
def _(stage: Stage) -> Told:
    command = "head -c 9000000 /dev/zero >{outputs.o}"
    return _step(stage, command, ", resources: {disk: 4MiB}")


@meets(STEPS, "a step that is ended by a signal", *REAL)
def _(stage: Stage) -> Told:
    return _step(stage, "kill -9 $$")


@meets(STEPS, "a step that wants the network", *REAL)
def _(stage: Stage) -> Told:
    return _step(stage, "wget -q http://example.org/ -O {outputs.o}")


@meets(STEPS, "more memory than this machine lends", *REAL)
def _(stage: Stage) -> Told:
    stage.extra["TALLY_MEMORY"] = "1GiB"
    stage.good("  a: {run: x, resources: {memory: 64GiB}}\n")
    return stage("run", "w.yaml", shown="TALLY_MEMORY=1GiB tally run w.yaml")


@meets(STEPS, "a part of an output that is not there", *REAL)
def _(stage: Stage) -> Told:
    stage.good(
        "  a: {run: 'mkdir /out/o; echo 1 >/out/o/model.npz', outputs: {o: o}}\n"
        "  b: {run: x, inputs: {i: a.o/model.npy}}\n"
    )
    return stage("run", "w.yaml")


@meets(STEPS, "a scatter over what is no directory", *REAL)
def _(stage: Stage) -> Told:
    stage.good(
        "  a: {run: 'echo no directory >{outputs.o}', outputs: {o: o}}\n"
        "  b: {run: x, scatter: {s: a.o/*}}\n"
    )
    return stage("run", "w.yaml")


@meets(STEPS, "a script for an environment without a shell", *REAL)
def _(stage: Stage) -> Told:
    stage.write("env.nix", EMPTY)
    stage.write(
        "w.yaml",
        "workflow: w\nenvironments: {e: {nix: env.nix}}\n"
        "steps:\n  a: {environment: e, run: 'echo hello'}\n",
    )
    return stage("run", "w.yaml")


EMPTY = """\
builtins.derivation {
  name = "nothing"; system = "x86_64-linux";
  builder = "${builtins.storePath /nix/store/ap5lw0pk87zllpr8psdiqgxx50yqpp1h-busybox}/bin/sh";
  args = [ "-c" "echo nothing >$out" ];
}
"""


@meets(STEPS, "a command with nothing in it", *REAL)
def _(stage: Stage) -> Told:
    stage.good("  a: {run: ['{params.program}']}\n", "params: {program: ''}\n")
    return stage("run", "w.yaml")


@meets(STEPS, "a command that is too long", *REAL)
def _(stage: Stage) -> Told:
    long = "x" * 200_000
    stage.good("  a: {run: [echo, '{params.text}']}\n", f"params: {{text: {long}}}\n")
    return stage("run", "w.yaml")


@meets(STEPS, "too many instances of a step", *REAL)
def _(stage: Stage) -> Told:
    axes = ", ".join(f"{name}: params.n" for name in "abcdefgh")
    stage.good(f"  a: {{run: x, scatter: {{{axes}}}}}\n", f"params: {{n: {list(range(10))}}}\n")
    return stage("run", "w.yaml")


@meets(STEPS, "a scatter over what is no list, from -p", *REAL)
def _(stage: Stage) -> Told:
    stage.good("  a: {run: x, scatter: {s: params.n}}\n", "params: {n: [1]}\n")
    return stage("run", "w.yaml", "-p", "n=3")


VARIES = "head -c 8 /dev/urandom >{outputs.o}"


@meets(RERUN, "a step that gives something else", *REAL)
def _(stage: Stage) -> Told:
    stage.good(f"  a: {{run: '{VARIES}', outputs: {{o: o}}}}\n")
    run = stage.quietly("run", stage.folder / "w.yaml")["name"]
    told = stage("rerun", run, shown="tally rerun brave-otter")
    return Told(told.code, told.out, told.err)


@meets(RERUN, "a seed without a sample")
def _(stage: Stage) -> Told:
    return stage("rerun", stage.run, "--seed", "mine")


@meets(RERUN, "a run of which nothing was done", *REAL)
def _(stage: Stage) -> Told:
    stage.good("  a: {run: 'true', when: params.go}\n", "params: {go: false}\n")
    run = stage.quietly("run", stage.folder / "w.yaml")["name"]
    return stage("rerun", run, shown="tally rerun brave-otter")


@meets(RERUN, "what a failed step should have given", *REAL)
def _(stage: Stage) -> Told:
    stage.good("  a: {run: 'exit 1', outputs: {o: o}}\n")
    stage.program("run", stage.folder / "w.yaml")
    run = stage.quietly("runs")["runs"][0]["name"]
    told = stage("cat", f"{run}/a/o", shown="tally cat brave-otter/a/o")
    return Told(told.code, told.out, told.err)


def _unfinished(stage: Stage) -> str:
    """Return the name of a run that could not go on."""
    stage.good("  a: {run: 'true', outputs: {}}\n", "params: {unfinished: 1}\n")
    with patch("engine.sandbox.binary._candidates", list):
        stage.program("run", stage.folder / "w.yaml", "--force", "a")
    name: str = stage.quietly("runs")["runs"][0]["name"]
    return name


@meets(RERUN, "a run that has not ended, handed over", *REAL)
def _(stage: Stage) -> Told:
    return stage("export", _unfinished(stage), "run.car", shown="tally export brave-otter run.car")


@meets(RERUN, "a run that has not ended, done again", *REAL)
def _(stage: Stage) -> Told:
    return stage("rerun", _unfinished(stage), shown="tally rerun brave-otter")


@meets(STEPS, "a run that was cancelled", *REAL)
def _(stage: Stage) -> Told:
    stage.good("  a: {run: 'sleep 3005', outputs: {o: o}}\n")

    def interrupt(event: object) -> None:
        if type(event).__name__ == "Started":
            os.kill(os.getpid(), signal.SIGINT)

    with patch("cli.progress.Plain.__call__", lambda self, event: interrupt(event)):
        return stage("run", "w.yaml")


@meets(RERUN, "a step that does not always give the same", *REAL)
def _(stage: Stage) -> Told:
    stage.good("  a: {run: 'head -c 8 /dev/urandom >{outputs.o}', outputs: {o: o}}\n")
    return stage("check-determinism", "w.yaml")


@meets(RERUN, "a step of which nothing can be said, as it fails", *REAL)
def _(stage: Stage) -> Told:
    stage.good("  a: {run: 'exit 3', outputs: {o: o}}\n")
    return stage("check-determinism", "w.yaml")


@meets(RERUN, "a step that fails now and then", *REAL)
def _(stage: Stage) -> Told:
    stage.good("  a: {run: 'test -e /.shim.so || exit 3; echo 1 >{outputs.o}', outputs: {o: o}}\n")
    return stage("check-determinism", "w.yaml")


@meets(RERUN, "a comparator without a verdict on two runs", *REAL)
def _(stage: Stage) -> Told:
    verify = "{path: o, verify: {compare: {run: 'exit 5'}}}"
    run = "head -c 8 /dev/urandom >{outputs.o}"
    stage.good(f"  a: {{run: '{run}', outputs: {{o: {verify}}}}}\n")
    return stage("check-determinism", "w.yaml")


@meets(RERUN, "a step to be checked that there is not", *REAL)
def _(stage: Stage) -> Told:
    stage.good("  table: {run: 'echo 1 >{outputs.o}', outputs: {o: o}}\n")
    return stage("check-determinism", "w.yaml", "tabel")


@meets(RERUN, "params for a run, which has its own")
def _(stage: Stage) -> Told:
    return stage("check-determinism", stage.run, "-p", "x=1", shown=_PARAMS)
