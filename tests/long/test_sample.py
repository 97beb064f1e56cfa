"""A sample of the long suites: each way to break a home, once or twice. All of them: tests/long."""

import random
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.nix.nixstore import NixStore
from engine.sandbox import binary
from tests.cli.program import Program
from tests.fakes import nixstore
from tests.long import (
    clocks,
    crowds,
    disks,
    fuzz,
    hurts,
    interrupts,
    kills,
    points,
    releases,
    rot,
    strikes,
    trades,
)
from tests.long.decoders import TABLE, Decoder
from tests.long.ground import Ground, build_environment, clear, prepare
from tests.long.junk import try_junk
from tests.long.suite import Field
from tests.long.warm import Warm

SEED = 7
EXAMPLES = 25  # of each decoder


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    """Have a process that forks commands."""
    with Warm() as warm:
        yield warm


@pytest.fixture(scope="module")
def ground(
    tmp_path_factory: pytest.TempPathFactory, nix_store: NixStore, warm: Warm
) -> Iterator[Ground]:
    """Make the home that all trials copy."""
    try:
        binary.find()
    except Unavailable as error:
        pytest.skip(f"NO TRIALS: {error.what}; {error.fix}")
    place = tmp_path_factory.mktemp("long")
    program = Program(nixstore.lend(nix_store, place / "builder" / "home"))
    yield prepare(place, warm, build_environment(place, program))
    clear(place)


@pytest.fixture
def field(ground: Ground, warm: Warm, tmp_path: Path) -> Iterator[Field]:
    """Have a place for one trial."""
    yield Field(ground, warm, tmp_path)
    clear(tmp_path)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> random.Random:
    """Have the same chance at each run."""
    return random.Random(f"{SEED} {request.node.name}")  # noqa: S311


pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


def test_killed_at_random_times(field: Field, chance: random.Random) -> None:
    """Nothing that was acknowledged is lost, and the same command goes on."""
    kills.trial(field, chance, 0, kills=2)


def test_interrupted_at_random_times(field: Field, chance: random.Random) -> None:
    """Each says that it was cancelled, leaves nothing beside it, and goes on."""
    interrupts.trial(field, chance, 0, signals=2)


@pytest.mark.parametrize(
    ("scene", "moment"),
    [
        ("run", "record.stored"),
        ("add", "file.renamed"),
        ("publish", "release.made"),
        ("unpublish", "word.dropped"),
        ("name", "pin.kept"),
        ("endorse", "word.kept"),
        ("cache", "key.named"),
        ("mend", "salvage.named"),
    ],
)
def test_killed_at_a_moment(field: Field, scene: str, moment: str) -> None:
    """Between two steps of becoming durable, in the middle of a run, an add, and so on."""
    points.kill(field, scene, moment, 1)


def test_what_publishes_is_killed(field: Field, chance: random.Random) -> None:
    """No number is given twice, no name moves, and what was taken back stays so."""
    releases.trial(field, chance, 0, kills=2)


@pytest.mark.skipif(hurts.library() is None, reason="NO CALLS FAIL: there is no C compiler")
@pytest.mark.parametrize(
    ("scene", "call", "error", "number", "always"),
    [
        ("run", "write", "ENOSPC", 40, True),
        ("add", "write", "short", 5, True),
        ("export", "open", "EMFILE", 9, False),
    ],
)
def test_a_system_call_fails(
    field: Field, scene: str, call: str, error: str, number: int, always: bool
) -> None:
    """It is refused with a reason, or done all the same; then the same command succeeds."""
    strikes.strike(field, scene, call, error, number, always=always)


def test_blocks_rot(field: Field, chance: random.Random) -> None:
    """Every damaged block is found, none is given out, and what can be had again is."""
    rot.trial(field, chance, 0)


def test_the_clock_jumps(field: Field, chance: random.Random) -> None:
    """By seconds or years, while commands run."""
    clocks.trial(field, chance, 0, deeds=2)


def test_two_engines_on_one_home(field: Field, chance: random.Random) -> None:
    """They share the work, and each step runs once."""
    crowds.trial(field, chance, 0)


def test_traders_are_killed(field: Field, chance: random.Random) -> None:
    """No entry that another has is lost, nothing is charged twice, and in the end all agree."""
    trades.trial(field, chance, 0, kills=10, longest_s=1)


def test_the_disk_is_full(field: Field, chance: random.Random) -> None:
    """What does not fit is refused and loses nothing; with room again it goes on."""
    if why := disks.why_not(field.place):
        pytest.skip(f"FULL DISK NOT TESTED: no tmpfs in a namespace here: {why}")
    disks.trial(field, chance, 0)


@pytest.mark.parametrize("decoder", TABLE, ids=lambda decoder: decoder.name)
def test_junk_is_refused(decoder: Decoder) -> None:
    """Whatever bytes come, a decoder reads them or raises what it may."""
    try_junk(decoder, EXAMPLES, SEED)


@pytest.mark.skipif(find_spec("atheris") is None, reason=fuzz.NOT_HERE)
def test_a_fuzzer_finds_nothing(
    field: Field, chance: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few seconds of it, on one decoder."""
    monkeypatch.setattr(fuzz, "SECONDS", 2)
    fuzz.trial(field, chance, 1)
