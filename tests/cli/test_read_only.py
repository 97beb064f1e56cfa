"""A home that cannot be written: a disk mounted read-only, or somebody else's directory."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.program import Program

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

READ_ONLY = "mount --bind {home} {home} && mount -o remount,bind,ro {home} && {tally} {words}"


def read_only(tally: Program, *words: object) -> "subprocess.CompletedProcess[str]":
    """Run a command on a home that is mounted read-only for it."""
    inside = READ_ONLY.format(
        home=tally.home, tally=tally.script(), words=" ".join(map(str, words))
    )
    mapped = [] if os.geteuid() == 0 else ["--map-root-user"]
    return subprocess.run(
        ["unshare", "--mount", *mapped, "sh", "-euc", inside],
        env=tally.environ(),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "words",
    ["runs", "show {}", "show {} --evidence", "log {}", "cat {}/letter/text", "ls {}/letter/text",
     "explain {} letter", "diff {} {}", "env show {letters}", "fsck"],
)  # fmt: skip
def test_it_can_be_read(tally: Program, first: str, letters: Path, words: str) -> None:
    """What only looks says what it says of any home."""
    command = words.replace("{letters}", str(letters)).replace("{}", first)
    done = read_only(tally, command)
    assert done.returncode == 0, done.stderr
    assert done.stdout == tally(*command.split()).out


def test_it_has_a_page(tally: Program, first: str, tmp_path: Path) -> None:
    """Of a run in it, with what was run again."""
    file = tmp_path / "run.html"
    assert read_only(tally, "report", first, "-f", file).returncode == 0
    page = file.read_text()
    tally.told("report", first, "-f", file)
    assert page == file.read_text()


def test_it_can_be_taken_along(tally: Program, first: str, tmp_path: Path) -> None:
    """Content and whole runs can be written elsewhere."""
    assert read_only(tally, "get", f"{first}/letter/text", tmp_path / "text").returncode == 0
    assert read_only(tally, "export", first, tmp_path / "run.car").returncode == 0
    assert tally.at(tmp_path / "new" / "home")("import", tmp_path / "run.car").code == 0


@pytest.mark.parametrize(
    "words",
    ["run {letters}", "add {letters}", "gc", "rerun {}", "cancel {}", "shell {} letter -- ls"],
)
def test_it_is_not_written(tally: Program, first: str, letters: Path, words: str) -> None:
    """What would change it is refused with the way out, before anything is done."""
    command = words.replace("{letters}", str(letters)).replace("{}", first)
    done = read_only(tally, command)
    assert done.returncode == 3
    assert done.stderr == (
        "error: the home cannot be used: it cannot be written\n"
        f"  at: {tally.home}\n"
        "  fix: name a directory of yours with --home or TALLY_HOME\n"
    )
