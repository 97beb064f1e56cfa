"""What a job does and gets in the real sandbox, and how each kind of end is told."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from engine.errors import Refused, Unavailable
from engine.sandbox import binary, frames
from engine.sandbox.bubblewrap import Bubblewrap
from tests.engine.sandbox.bench import MIB, Bench, Kept, run
from tests.engine.sandbox.leftovers import gone, kill_executor_of

pytestmark = pytest.mark.sandbox


def test_outputs_come_back_as_they_were_written(
    sandbox: Bubblewrap, bench: Bench, kept: Kept
) -> None:
    """Small files, big files, directories, links and the executable bit all arrive."""
    script = """
        echo hello >/out/deep/er/a
        mkdir /out/b /out/b/empty
        head -c 300000 /dev/zero >/out/b/big
        printf x >/out/b/tool; chmod 755 /out/b/tool
        ln -s big /out/b/near; ln -s empty/../big /out/b/round
        ln -s $(readlink /bin/sh) /out/b/shell; : >/out/b/nothing
    """
    outputs = {"a": "deep/er/a", "b": "b"}
    outcome = run(sandbox, bench.job(script=script, outputs=outputs), kept)
    assert (outcome.exit_code, outcome.reason) == (0, ""), kept.stderr
    assert kept.entries == {
        "a": b"hello\n",
        "b": (),
        "b/big": bytes(300_000),
        "b/empty": (),
        "b/near": "big",
        "b/nothing": b"",
        "b/round": "empty/../big",
        "b/shell": f"{bench.environment}/bin/sh",
        "b/tool": b"x",
    }
    assert kept.executable == {"b/tool"}


def test_what_a_step_sees(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """The root directory, the working directory, the user and the variables are as promised."""
    script = "echo $(ls -A /) ; pwd; echo $(id -u) $(id -g) $(hostname); env | sort"
    run(sandbox, bench.job(script=script, variables={"TZ": "UTC"}), kept)
    assert kept.stdout.decode().splitlines() == [
        ".script bin build dev in nix out proc tmp",
        "/build",
        "1000 1000 step",
        "HOME=/build",
        f"PATH={bench.environment}/bin",
        "PWD=/build",
        "SHLVL=1",
        "TZ=UTC",
    ]


def test_inputs_and_trees_are_seen_and_cannot_be_written(
    sandbox: Bubblewrap, bench: Bench, kept: Kept
) -> None:
    """/in is one directory, with other directories bound on the empty ones in it."""
    staged = bench.work / "in" / "trees"
    (staged / "many" / "0").mkdir(parents=True)
    (staged / "plain").write_text("plain\n")
    tree = bench.work / "trees" / "x"
    tree.mkdir(parents=True)
    (tree / "leaf").write_text("leaf\n")
    tree.chmod(0o777)
    job = bench.job(
        script="cat /in/plain /in/many/0/leaf; ! touch /in/many/0/new 2>/dev/null",
        inputs=staged,
        trees={"many/0": tree},
    )
    assert run(sandbox, job, kept).exit_code == 0
    assert kept.stdout == b"plain\nleaf\n"


def test_many_trees_cost_no_more_than_one(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """Hundreds of directories can be gathered."""
    staged, tree = bench.work / "in" / "hundreds", bench.work / "trees" / "y"
    tree.mkdir(parents=True)
    for number in range(300):
        (staged / str(number)).mkdir(parents=True)
    job = bench.job("ls", "/in", inputs=staged, trees={str(number): tree for number in range(300)})
    assert run(sandbox, job, kept).exit_code == 0
    assert len(kept.stdout.split()) == 300


@pytest.mark.parametrize(
    ("script", "code"), [("exit 3", 3), ("kill -TERM $$", 143), ("kill -KILL $$", 137)]
)
def test_exit_codes_are_told_as_shells_do(
    sandbox: Bubblewrap, bench: Bench, kept: Kept, script: str, code: int
) -> None:
    """A failing step gives its code, a killed one 128 and the signal."""
    outcome = run(sandbox, bench.job(script=script, outputs={"a": "a"}), kept)
    assert (outcome.exit_code, outcome.reason) == (code, "")


def test_a_command_that_is_not_there_fails_the_step(
    sandbox: Bubblewrap, bench: Bench, kept: Kept
) -> None:
    """It is the step's failure, told on its stderr, not the machine's."""
    assert run(sandbox, bench.job("no-such-command"), kept).exit_code == 127
    assert b"no-such-command: No such file" in kept.stderr


def test_a_command_is_never_an_option(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """A command called --bind is looked for as a program (CVE-2024-32462)."""
    assert run(sandbox, bench.job("--bind", "/", "/out"), kept).exit_code == 127
    assert b"execvp --bind" in kept.stderr


def test_without_the_two_dashes_it_would_be_an_option() -> None:
    """The control: bubblewrap takes the same words as an option when nothing ends its own."""
    command = [binary.find().path, "--bind", "/"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert b"--bind takes two arguments" in done.stderr


def test_broken_pipes_end_programs_as_usual(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """A step does not inherit the signals Python ignores."""
    assert run(sandbox, bench.job(script="yes | head -1"), kept).exit_code == 0
    assert kept.stderr == b""


def test_a_missing_output_is_named(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """A step that exits 0 without an output it declared says which."""
    job = bench.job(script="echo x >/out/a", outputs={"a": "a", "model": "m/model.npz"})
    outcome = run(sandbox, job, kept)
    assert outcome.reason == "missing-output"
    assert outcome.detail == "/out/m/model.npz, declared as model, is not there"
    assert not kept.entries


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("ln -s /etc/passwd /out/a/l", "/out/a/l: a symlink to '/etc/passwd' leads out"),
        ("ln -s ../../build /out/a/l", "leads out of the output"),
        ("ln -s /nix/store/nothing /out/a/l", "leads out of the output"),
        ("ln -s /proc/self/root /out/a/l", "leads out of the output"),
        ("python -c \"import socket; socket.socket(1).bind('/out/a/s')\"", "/out/a/s: a socket"),
        ("touch \"/out/a/$(printf 'x\\ny')\"", "a control character"),
        ("touch \"/out/a/$(printf 'x\\377')\"", "not UTF-8"),
        ("rm -r /out/a; ln -s /build /out/a", "/out/a: a symlink to '/build' leads out"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_path(
    sandbox: Bubblewrap, bench: Bench, kept: Kept, script: str, said: str
) -> None:
    """Links that leave, sockets and hostile names are refused, each by name."""
    job = bench.job(script=f"mkdir /out/a; {script}", outputs={"a": "a"})
    outcome = run(sandbox, job, kept)
    assert (outcome.exit_code, outcome.reason) == (0, "refused-output"), kept.stderr
    assert said in outcome.detail


def test_thousands_of_directories_inside_one_another_do_no_harm(
    sandbox: Bubblewrap, bench: Bench, kept: Kept
) -> None:
    """Deeper than any path can be long, they are refused and vanish with the scratch."""
    program = "import os\nfor _ in range(3000): os.mkdir('a'); os.chdir('a')"
    job = bench.job(script=f'cd /out; python -c "{program}"', outputs={"a": "a"})
    outcome = run(sandbox, job, kept)
    assert outcome.reason == "refused-output"
    assert "more than 64 directories deep" in outcome.detail
    assert run(sandbox, bench.job("true"), kept).exit_code == 0


def test_logs_arrive_while_the_step_runs(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """A step's first words are here long before its last."""
    job = bench.job(script="echo first; sleep 60")
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(run(sandbox, job, kept)))
    thread.start()
    while kept.stdout != b"first\n":
        time.sleep(0.01)
    sandbox.cancel()
    thread.join()
    assert outcomes[0].reason == "cancelled"


def test_a_late_cancel_hits_nothing(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """Cancelling when nothing runs leaves the next job alone."""
    sandbox.cancel()
    assert run(sandbox, bench.job("true"), kept).exit_code == 0


def test_a_cancel_of_another_job_is_not_heard(
    sandbox: Bubblewrap, bench: Bench, kept: Kept
) -> None:
    """A cancel names its job, so one that comes late cannot end the next."""

    def meddle(stream: str, data: bytes) -> None:
        assert sandbox._channel
        sandbox._channel.send(frames.CANCEL, str(sandbox._number - 1).encode())

    assert sandbox.run(bench.job(script="echo x; sleep 0.2"), meddle, kept).exit_code == 0


def test_a_failing_sink_ends_the_job_and_not_the_slot(
    sandbox: Bubblewrap, bench: Bench, kept: Kept
) -> None:
    """What a sink raises comes out of run, and the next job runs."""

    def full(stream: str, data: bytes) -> None:
        raise Unavailable("the disk is full")

    with pytest.raises(Unavailable, match="disk is full"):
        sandbox.run(bench.job(script="echo x; sleep 60"), full, kept)
    assert run(sandbox, bench.job("true"), kept).exit_code == 0


def test_a_command_longer_than_linux_takes_is_refused(
    sandbox: Bubblewrap, bench: Bench, kept: Kept
) -> None:
    """The user is told to pass paths in a file."""
    with pytest.raises(Refused) as caught:
        run(sandbox, bench.job("true", "x" * 140_000), kept)
    assert ".list" in caught.value.fix
    with pytest.raises(Refused):
        run(sandbox, bench.job("true", *["x" * 1000] * 2_500), kept)
    with pytest.raises(Refused):
        run(sandbox, bench.job("true", *["x"] * 9_000), kept)


def test_a_long_command_works(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """A megabyte of arguments reaches the program."""
    script = "import sys; print(len(sys.argv))"
    assert (
        run(sandbox, bench.job("python", "-c", script, *["x" * 149] * 7_000), kept).exit_code == 0
    )
    assert kept.stdout == b"7001\n"


def test_a_path_outside_work_is_a_bug(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """The engine cannot hand a sandbox anything of the host by mistake."""
    with pytest.raises(ValueError, match="subpath"):
        run(sandbox, bench.job("true", inputs=Path("/etc")), kept)


def test_the_tier_names_what_guards(sandbox: Bubblewrap) -> None:
    """An attestation can say which walls there were."""
    assert sandbox.tier.startswith(f"bwrap {binary.find().version} seccomp ")


def test_usage_is_measured(sandbox: Bubblewrap, bench: Bench, kept: Kept) -> None:
    """Processor time and peak memory are those of all processes of the step."""
    script = "x = bytearray(80 << 20); n = 0\nwhile n < 3_000_000: n += 1"
    outcome = run(sandbox, bench.job("python", "-c", script), kept)
    assert 80 * MIB <= outcome.peak_memory <= 160 * MIB
    assert 20 <= outcome.processor_ms <= 60_000
    assert outcome.wall_ms >= 20


def test_an_executor_that_died_is_replaced(bench: Bench, kept: Kept) -> None:
    """Kill -9 of an executor costs the job it ran, nothing else."""
    slot = Bubblewrap(bench.work)
    thread = threading.Thread(target=kill_executor_of, args=("sleep", "8675309"))
    thread.start()
    with pytest.raises(Unavailable, match="ended unexpectedly"):
        run(slot, bench.job("sleep", "8675309"), kept)
    thread.join()
    assert gone("sleep", "8675309")
    assert run(slot, bench.job("true"), kept).exit_code == 0
    slot.close()


def test_a_slot_can_be_closed_twice_and_before_its_first_job(bench: Bench) -> None:
    """Closing is always possible."""
    slot = Bubblewrap(bench.work)
    slot.close()
    slot.close()


def test_where_user_namespaces_are_off_nothing_runs(bench: Bench) -> None:
    """The step is refused with the switch to turn, not run without its walls."""
    program = (
        "import sys; from pathlib import Path; from engine.errors import Unavailable\n"
        "from engine.sandbox.bubblewrap import Bubblewrap\n"
        "from engine.sandbox.probe import _nothing\n"
        "work = Path(sys.argv[1]); slot = Bubblewrap(work)\n"
        "try: print(slot.run(_nothing(work), print, None))\n"
        "except Unavailable as error: print('REFUSED', error.fix)\n"
        "slot.close()"
    )
    off = 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"'
    done = subprocess.run(
        ["unshare", "-U", "-r", "sh", "-c", off, "sh", sys.executable, "-c", program, bench.work],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("REFUSED"), done
    assert "max_user_namespaces" in done.stdout


def test_a_script_that_no_order_holds_is_refused(
    sandbox: Bubblewrap, bench: Bench, kept: Kept
) -> None:
    """With what to do, and the executor goes on."""
    with pytest.raises(Refused, match="script and the names"):
        run(sandbox, bench.job(script="#" * (frames.FRAME_MAX + 1)), kept)
    assert run(sandbox, bench.job(script="exit 0"), kept).exit_code == 0


def test_an_executor_that_talks_nonsense_is_replaced(
    sandbox: Bubblewrap, bench: Bench, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it says is not believed: the job is unavailable, and the next gets a new executor."""
    original = frames.unpack_ending

    def unpack(body: bytes) -> frames.Ending:
        return original(body[:-1])

    with monkeypatch.context() as patch:
        patch.setattr(frames, "unpack_ending", unpack)
        with pytest.raises(Unavailable, match="said what it never says"):
            run(sandbox, bench.job(script="exit 0"), kept)
    assert run(sandbox, bench.job(script="exit 0"), kept).exit_code == 0
