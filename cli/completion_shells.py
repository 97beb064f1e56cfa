"""The shells that complete: which one calls, and where each keeps the completions of one user.

bash and fish load a file by its name when it is first needed; zsh one in its `fpath`. Where the
user's shell is not set up to (it is asked), its start file gets a block that does it.
"""

import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from engine.errors import Refused, Unavailable
from engine.values import dataclass

SHELLS: Final = ("bash", "zsh", "fish")

_SCRIPTS: Final = Path(__file__).parent / "shells"
_PATIENCE_S: Final = 10  # for a user's start files; without an answer the block is written
_LOADS: Final = "tally: completions are loaded"  # what a shell says that finds the file itself
_ASK: Final = {
    "bash": f"declare -F __load_completion || declare -F _comp_load && echo '{_LOADS}'",
    "zsh": f'(( $+functions[compdef] && $fpath[(Ie){{folder}}] )) && echo "{_LOADS}"',
}
_BEGIN: Final = "# >>> tally completion >>>\n"
_END: Final = "# <<< tally completion <<<\n"
_CLIMBS: Final = 16  # processes between us and the shell: make, env, sudo, …


@dataclass(frozen=True, slots=True)
class Place:
    """Where completion goes for one shell of one user."""

    shell: str
    script: Path
    start: Path | None  # the start file that could load it; None where no shell needs that
    block: str  # what it then says
    found: bool  # the shell finds the script without that


def script(shell: str) -> str:
    """Return the completion script of a shell."""
    return (_SCRIPTS / f"tally.{shell}").read_text(encoding="utf-8")


def shell_of(process: int, environ: Mapping[str, str]) -> str:
    """Return the name of the shell that a process was called from, or the user's own.

    Raises: Refused when it is none of those that are known.
    """
    for name in (*_above(process), Path(environ.get("SHELL", "")).name):
        if name in SHELLS:
            return name
    raise Refused(
        "it is not known which shell to install for",
        fix=f"name it: tally completion install {'|'.join(SHELLS)}",
    )


def _above(process: int) -> list[str]:
    """Return the names of the processes above one, the nearest first."""
    names: list[str] = []
    try:
        for _ in range(_CLIMBS):
            status = Path(f"/proc/{process}/stat").read_text()
            process = int(status.rpartition(")")[2].split()[1])
            names.append(Path(f"/proc/{process}/comm").read_text().strip().removeprefix("-"))
    except (OSError, IndexError, ValueError):  # the top, or a system without /proc
        pass
    return names


def find_place(shell: str, environ: Mapping[str, str]) -> Place:
    """Return where completion goes for `shell`, asking it whether it would find a file there."""
    home = Path(environ.get("HOME") or Path.home())
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    if shell == "fish":
        config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
        return Place(shell, config / "fish/completions/tally.fish", None, "", found=True)
    if shell == "bash":
        folder = Path(environ.get("BASH_COMPLETION_USER_DIR") or data / "bash-completion")
        path, start, before = folder / "completions/tally", home / ".bashrc", ""
    else:
        path = data / "zsh/site-functions/_tally"
        start = Path(environ.get("ZDOTDIR") or home) / ".zshrc"
        before = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }\n"
    quoted = shlex.quote(str(path))
    block = f"{_BEGIN}{before}[ ! -r {quoted} ] || . {quoted}\n{_END}"
    return Place(shell, path, start, block, _finds(shell, path, environ))


def _finds(shell: str, path: Path, environ: Mapping[str, str]) -> bool:
    """Ask the user's interactive shell whether it loads completions from where `path` is."""
    program = shutil.which(shell)
    if program is None:
        return False
    command = _ASK[shell].format(folder=shlex.quote(str(path.parent)))
    try:
        told = subprocess.run(
            [program, "-ic", command],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            start_new_session=True,  # an interactive shell would take our terminal
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return _LOADS.encode() in told.stdout


def install(place: Place) -> list[Path]:
    """Write what is not there yet; return what was written.

    Raises: Unavailable when a file cannot be written.
    """
    wanted = {place.script: script(place.shell)}
    if place.start is not None and not place.found:
        wanted[place.start] = _without_block(place.start) + place.block
    return [path for path, text in wanted.items() if _write(path, text)]


def uninstall(place: Place) -> list[Path]:
    """Take back what `install` wrote; return which files that changed.

    Raises: Unavailable when a file cannot be written.
    """
    changed = []
    if place.start is not None and _write(place.start, _without_block(place.start)):
        changed.append(place.start)
    if place.script.exists():
        with _writing(place.script):
            place.script.unlink()
        changed.append(place.script)
    return changed


def _without_block(path: Path) -> str:
    text = _text(path)
    begin, end = text.find(_BEGIN), text.find(_END)
    text = text if begin < 0 or end < begin else text[:begin] + text[end + len(_END) :]
    return text if not text or text.endswith("\n") else f"{text}\n"


def _text(path: Path) -> str:
    """Return what a file says, whatever its encoding; "" when there is none."""
    with suppress(FileNotFoundError), _writing(path):
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    return ""


def _write(path: Path, text: str) -> bool:
    """Write a file unless it says that already; return whether it was written."""
    if _text(path) == text:
        return False
    target = path.resolve()  # a start file is often a link into a folder that is kept elsewhere
    fresh = target.with_name(f".{target.name}.tally-new")
    with _writing(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8", errors="surrogateescape")
        if target.exists():
            shutil.copymode(target, fresh)
        fresh.replace(target)
    return True


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        fix = "put the script where you want it: tally completion print SHELL"
        what = f"completion cannot be installed: {error.strerror}"
        raise Unavailable(what, where=str(path), fix=fix) from None
