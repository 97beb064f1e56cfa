"""What experiments are made of: the library, what is laid over, hints, and words."""

import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest

from engine.determinism.clockcode import patches
from engine.determinism.conditions import FACTORS, FIRST, HELD, SECOND, Conditions
from engine.determinism.diagnosis import FILE_TIMES, Cause, Diagnosed
from engine.determinism.facts import Facts, listing, open_seeds, overridden
from engine.determinism.hints import fits, hint
from engine.determinism.mends import MENDS, WORDS, mend
from engine.determinism.overlay import calls_denied, variables
from engine.determinism.overlay import files as laid
from engine.determinism.shim import PLACE, with_setting
from engine.determinism.standing import standing
from engine.sandbox import vdso
from engine.workflow.contract import PROFILE

FOLDER = Path(str(files("engine.determinism")))
SHIM = (FOLDER / "preload.bin").read_bytes()

HINTS = [
    (b"{'b', 'a', 'c'}", b"{'a', 'c', 'b'}", "the same parts in another order"),
    (b"x 2026-11-27", b"x 2026-11-28", "it looks like a time"),
    (b"id 0x7f1234567890>", b"id 0x7f1234567a90>", "it looks like an address"),
    (b"at 1795744541.5", b"at 1795744542.1", "it looks like seconds since 1970"),
    (b"/tmp/tmpab12", b"/tmp/tmpab13", "it looks like the name of a temporary file"),
    (b"0.123456781", b"0.123456782", "numbers that are nearly the same"),
    (b"0.1", b"0.7", ""),
    (b"ab", b"abc", "one of them goes on where the other ends"),
]


def test_the_library_is_what_its_source_gives(tmp_path: Path) -> None:
    """The bytes that are shipped are made again from preload.c, where this gcc is the same."""
    if shutil.which("gcc") is None:
        pytest.skip("NO GCC: preload.bin is not made again")
    out = tmp_path / "preload.bin"
    subprocess.run(["/bin/sh", FOLDER / "preload.sh", out], check=True)
    version = subprocess.run(
        ["gcc", "-dumpfullversion"], check=True, capture_output=True, text=True
    )
    if version.stdout.strip() != "12.2.0":
        pytest.skip(f"GCC {version.stdout.strip()}: preload.bin was made by 12.2.0")
    assert out.read_bytes() == SHIM


def test_the_library_needs_no_libc() -> None:
    """It names no other library, and its setting is in it once."""
    from engine.wheels.inside import elf

    read = elf.read(str(FOLDER / "preload.bin"))
    assert read is not None
    assert read.needed == ()
    assert with_setting(SHIM, HELD, 7) != SHIM
    assert len(with_setting(SHIM, HELD, 7)) == len(SHIM)
    with pytest.raises(ValueError, match="no setting"):
        with_setting(b"something else", HELD, 7)


def test_the_first_runs_differ_in_nothing_that_is_pinned() -> None:
    """No variable of a step changes between them."""
    facts = Facts(seeds=("PYTHONHASHSEED",), overridden=("OMP_NUM_THREADS",), processors=2)
    assert variables(FIRST, facts) == variables(SECOND, facts) == {}
    assert calls_denied(FIRST) == calls_denied(SECOND) == frozenset()


def test_what_is_held_is_laid_over() -> None:
    """Random bytes are a file, and their system call is gone; so is a second thread, if wanted."""
    over = laid(SHIM, HELD, Facts(processors=2), 7)
    assert over["/dev/urandom"] == over["/dev/random"]
    assert over["/proc/cpuinfo"].count(b"processor\t") == 1
    assert PLACE in over
    assert calls_denied(HELD) == {"getrandom"}
    assert "thread" in calls_denied(Conditions(threads=False))


def test_code_fits_over_the_kernels_own() -> None:
    """Every function that is written over is larger than what is written."""
    with Path("/proc/self/auxv").open("rb") as file:
        base = vdso.base(file.read())
    line = next(x for x in Path("/proc/self/maps").read_text().splitlines() if "[vdso]" in x)
    start, end = (int(word, 16) for word in line.split()[0].split("-"))
    with Path("/proc/self/mem").open("rb") as memory:
        memory.seek(base)
        known = vdso.functions(memory.read(end - start))
    assert base == start
    for conditions in (HELD, SECOND):
        for name, code in patches(conditions).items():
            assert name not in known or len(code) <= known[name].size


def test_an_image_that_is_none_is_said_to_be() -> None:
    """Junk in place of a vDSO is an error of the machine."""
    with pytest.raises(OSError, match="cannot be read"):
        vdso.functions(b"\x7fELF" + bytes(100))


@pytest.mark.parametrize(("was", "now", "words"), HINTS)
def test_a_hint_says_what_a_difference_looks_like(was: bytes, now: bytes, words: str) -> None:
    """Times, addresses, orders and last digits are known by sight."""
    assert hint(was, now) == words


def test_every_cause_has_words_and_a_mend() -> None:
    """Nobody is left without advice."""
    assert set(get_args(Cause)) == set(WORDS) == set(MENDS)


def test_facts_come_from_the_record() -> None:
    """An open seed, an overridden profile, and static programs that list directories."""
    assert open_seeds({**PROFILE, "PYTHONHASHSEED": "random"}) == ("PYTHONHASHSEED",)
    assert open_seeds(PROFILE) == overridden(PROFILE) == ()
    assert overridden({**PROFILE, "OMP_NUM_THREADS": "4"}) == ("OMP_NUM_THREADS",)
    assert listing("mkdir d && tar cf o d; echo find", ["tar", "echo", "find"]) == ("find", "tar")


def test_a_thread_stands_as_before() -> None:
    """Processors and addresses are as they were when what was started has started."""
    import os

    before = os.sched_getaffinity(0)
    with standing(HELD):
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before
    assert set(HELD.words()) <= set(FACTORS)


def test_a_mend_is_one_that_can_help() -> None:
    """SOURCE_DATE_EPOCH is for dates that are written; the times of files are mended otherwise."""
    dates = mend(Diagnosed("time", (), ""), ["it looks like a time"], fails=False)
    files = mend(Diagnosed("time", (), FILE_TIMES), ["it looks like a time"], fails=False)
    assert "SOURCE_DATE_EPOCH" in dates
    assert "seed" not in dates
    assert "SOURCE_DATE_EPOCH" not in files
    assert "touch" in files
    assert "verify" not in mend(Diagnosed("unknown", (), ""), [], fails=True)


@pytest.mark.parametrize(
    ("words", "causes", "does"),
    [
        ("it looks like a time", ["time", "random bytes"], True),
        ("it looks like a time", ["random bytes"], False),
        ("it looks like an address", ["threads"], False),
        ("it looks like an address", ["unknown"], True),
        ("the same parts in another order", ["threads"], True),
    ],
)
def test_a_hint_is_no_second_opinion(words: str, causes: list[str], does: bool) -> None:
    """What a difference looks like is told where the cause that was found can look so."""
    assert fits(words, causes) is does
