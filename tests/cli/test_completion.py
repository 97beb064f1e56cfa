"""Completion: installed by one command, and what real shells then make of a Tab."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import NIX_LETTERS
from tests.cli.program import Program
from tests.cli.terminal import Terminal

SHELLS = ("bash", "zsh", "fish")
INTERACTIVE = {
    "bash": ["bash", "-i"],
    "zsh": ["zsh", "-i"],
    "fish": ["fish", "--private"],
}
FOUND = {  # a start file with which the shell finds completions by itself
    "bash": (".bashrc", ". /usr/share/bash-completion/bash_completion\n"),
    "zsh": (".zshrc", "fpath=($HOME/data/zsh/site-functions $fpath)\nautoload -Uz compinit\n"
            "compinit -i\n"),
}  # fmt: skip


def need(shell: str) -> None:
    """Skip, aloud, what is tried in a shell that is not here."""
    if shutil.which(shell) is None:
        pytest.skip(f"NO TEST IN {shell}: it is not installed; apt install {shell}")


def person(tally: Program, folder: Path) -> Program:
    """Return the program for a person whose home directory is `folder`, on the same home."""
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "bin" / "tally").symlink_to(tally.script())
    own = {
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "TERM": "xterm",
        "TALLY_HOME": str(tally.home),
    }
    return tally.at(tally.home, **own)


def completed(shell: str, user: Program, folder: Path, *lines: str) -> list[list[str]]:
    """Return the words of each line that what is typed and Tab make, as the shell splits it."""
    made = []
    with Terminal(INTERACTIVE[shell], user.environ(), folder) as terminal:
        terminal.type("printf 'rea%s\\n' dy\n")
        terminal.wait_for("ready")
        for typed in lines:  # Home, then what prints the words that the shell makes of the line
            terminal.type(f"{typed}\t\x01printf '<%s>' \n")
            terminal.wait_for("<tally>")
            terminal.type("printf 'do%s\\n' ne\n")
            shown = terminal.wait_for("done\r\n")
            made.append(["tally", *re.findall(r"<([^<>\n]+)>", shown)])
    return made


@pytest.mark.parametrize("shell", SHELLS)
def test_installed_twice_it_is_there_once(empty: Program, tmp_path: Path, shell: str) -> None:
    """The second time nothing is written, and that is said."""
    user = person(empty, tmp_path / "user")
    first = user("completion", "install", shell)
    files = {path: path.read_bytes() for path in tmp_path.rglob("user/**/*") if path.is_file()}
    second = user("completion", "install", shell, "-o", "json")
    assert (first.code, second.code) == (0, 0), first.err
    assert first.err.startswith(f"wrote {tmp_path / 'user'}")
    assert second.json == {"shell": shell, "written": []}
    assert files == {path: path.read_bytes() for path in files}
    assert f"'tally completion uninstall {shell}' takes it back" in first.err


@pytest.mark.parametrize(
    ("shell", "before"),
    [("bash", ""), ("bash", "export A=1"), ("bash", "caf\xe9 = latin\n"), ("zsh", "alias x=y\n")],
)
def test_taken_back_the_start_file_is_as_it_was(
    empty: Program, tmp_path: Path, shell: str, before: str
) -> None:
    """Whatever is in it, in whatever encoding, but for the end of its last line."""
    user = person(empty, tmp_path / "user")
    start = tmp_path / "user" / f".{shell}rc"
    start.write_bytes(before.encode("latin-1"))
    start.chmod(0o640)
    assert user("completion", "install", shell).code == 0
    assert start.read_bytes() != before.encode("latin-1")
    assert start.stat().st_mode & 0o777 == 0o640
    done = user("completion", "uninstall", shell, "-o", "json")
    assert str(start) in done.json["changed"]
    assert start.read_bytes().removesuffix(b"\n") == before.encode("latin-1").removesuffix(b"\n")
    assert user("completion", "uninstall", shell, "-o", "json").json["changed"] == []


def test_a_start_file_that_is_a_link_stays_one(empty: Program, tmp_path: Path) -> None:
    """Many keep theirs in a repository of their own: what it leads to is written."""
    user = person(empty, tmp_path / "user")
    (tmp_path / "kept").write_text("alias x=y\n")
    (tmp_path / "user" / ".bashrc").symlink_to(tmp_path / "kept")
    assert user("completion", "install", "bash").code == 0
    assert (tmp_path / "user" / ".bashrc").is_symlink()
    assert "tally completion" in (tmp_path / "kept").read_text()


def test_what_cannot_be_written_is_said(empty: Program, tmp_path: Path) -> None:
    """With the way to do it by hand."""
    user = person(empty, tmp_path / "user")
    (tmp_path / "user" / "config").mkdir()
    (tmp_path / "user" / "config" / "fish").write_text("in the way")
    done = user("completion", "install", "fish")
    assert done.code == 3
    assert done.err == (
        "error: completion cannot be installed: Not a directory\n"
        f"  at: {tmp_path / 'user/config/fish/completions/tally.fish'}\n"
        "  fix: put the script where you want it: tally completion print SHELL\n"
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_that_calls_is_found(empty: Program, tmp_path: Path, shell: str) -> None:
    """Whatever $SHELL says, and through what is between."""
    need(shell)
    user = person(empty, tmp_path / "user")
    done = subprocess.run(
        [shell, "-c", "env tally completion install -o json; true"],
        env=user.environ() | {"SHELL": "/bin/false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f'"shell": "{shell}"' in done.stdout, done.stderr


def test_a_shell_that_is_not_known_is_refused(
    empty: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are known are named."""
    monkeypatch.setattr("cli.completion_shells._above", lambda process: ["make", "dash"])
    user = empty.at(empty.home, SHELL="/bin/dash")
    done = user("completion", "install")
    assert (done.code, done.err) == (
        2,
        "error: it is not known which shell to install for\n"
        "  fix: name it: tally completion install bash|zsh|fish\n",
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_is_valid(empty: Program, shell: str) -> None:
    """Printed, for those who put it somewhere themselves."""
    need(shell)
    done = empty("completion", "print", shell)
    assert done.code == 0
    subprocess.run([shell, "-n"], input=done.out, text=True, check=True)


@pytest.mark.nix
@pytest.mark.sandbox
@pytest.mark.parametrize("shell", SHELLS)
def test_a_tab_in_a_real_shell(tally: Program, first: str, tmp_path: Path, shell: str) -> None:
    """Commands, options, runs, steps, files with odd names, environments and outputs."""
    need(shell)
    user = person(tally, tmp_path / "user")
    work = tmp_path / "work"
    (work / "sub dir").mkdir(parents=True)
    (work / "my flow.yaml").write_text(NIX_LETTERS)
    (work / "sub dir" / "other.yaml").write_text(NIX_LETTERS)
    (work / "notes.txt").write_text("")
    assert user("completion", "install", shell).code == 0
    wanted = {
        "tally compl": ["tally", "completion"],
        "tally run --off": ["tally", "run", "--offline"],
        f"tally show {first[:-1]}": ["tally", "show", first],
        "tally show lates": ["tally", "show", "latest"],  # a run may be called late-something
        f"tally explain {first} le": ["tally", "explain", first, "letter"],
        f"tally log {first} 'greet[1": ["tally", "log", first, "greet[1]"],
        f"tally cat {first}/letter/te": ["tally", "cat", f"{first}/letter/text"],
        "tally run my": ["tally", "run", "my flow.yaml"],
        "tally run su": ["tally", "run", "sub dir/"],
        "tally env build my\\ flow.yaml#": ["tally", "env", "build", "my flow.yaml#sh"],
        "tally run my\\ flow.yaml -p na": ["tally", "run", "my flow.yaml", "-p", "names="],
        "tally init --template=num": ["tally", "init", "--template=numpy"],
        "tally add no": ["tally", "add", "notes.txt"],
    }
    made = completed(shell, user, work, *wanted)
    assert dict(zip(wanted, made, strict=True)) == wanted


@pytest.mark.parametrize("shell", FOUND)
def test_a_start_file_that_needs_nothing_is_left_alone(
    empty: Program, tmp_path: Path, shell: str
) -> None:
    """Where the shell loads completions by itself, only the script is written."""
    need(shell)
    if shell == "bash" and not Path("/usr/share/bash-completion/bash_completion").exists():
        pytest.skip("NO TEST WITH bash-completion: it is not installed")
    user = person(empty, tmp_path / "user")
    name, text = FOUND[shell]
    (tmp_path / "user" / name).write_text(text)
    done = user("completion", "install", shell, "-o", "json")
    assert len(done.json["written"]) == 1
    assert (tmp_path / "user" / name).read_text() == text
    assert completed(shell, user, tmp_path, "tally compl") == [["tally", "completion"]]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("tally rep", ["report"]),
        ("tally run --off", ["--offline"]),
        ("tally env ", ["build", "import", "lock", "publish", "show"]),
        ("tally runs -o ", ["json", "table"]),
        ("A=1 /some/where/tally runs -o ", ["json", "table"]),
        ("tally show ", []),
        ("tally nonsense ", []),
        ("tally run /nowhere/", []),
        ("tally config set j", ["jobs"]),
        ("tally 'comp", ["completion"]),
    ],
)
def test_what_is_offered(empty: Program, line: str, offered: list[str]) -> None:
    """What a script is told; nothing is said of what is wrong, and no home is made."""
    asked = empty.at(empty.home, _TALLY_COMPLETE="zsh", _TALLY_LINE=line)
    done = asked.process()
    assert sorted(x.split("\t")[1] for x in done.out.splitlines()) == offered
    assert done.err == ""
    assert not empty.home.exists()
