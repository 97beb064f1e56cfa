"""Command: the one place that runs Nix.

Nix sees no setting of the user or the system: not their nix.conf, not their NIX_PATH, not their
home. What it is told is here, so that the same source gives the same derivation everywhere.
"""

import collections
import contextlib
import grp
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from engine.errors import Unavailable
from engine.nix.nixstore import NixStore
from engine.values import dataclass

PASSED_ON: Final = (  # how to reach the network and where scratch is; nothing that changes a result
    "PATH", "TMPDIR", "NIX_SSL_CERT_FILE", "SSL_CERT_FILE",
    "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
)  # fmt: skip
KEPT_LINES: Final = 60  # of what a command prints to people: an error and what led to it
GRACE_SECONDS: Final = 5  # from asking Nix to end until it is ended: it has builders to stop
BUILDERS: Final = "nixbld"  # the group of the users that a multi-user Nix builds as

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended."""

    code: int
    output: str
    messages: tuple[str, ...]  # the last KEPT_LINES lines it printed for people


class Command:
    """Runs Nix's programs against one store."""

    def __init__(
        self,
        store: NixStore,
        scratch: Path,
        *,
        substituters: Mapping[str, str] | None = None,
        tell: Tell | None = None,
    ) -> None:
        """Use `scratch` as Nix's home; `substituters`: address -> public key it must sign with.

        `tell` is given each line that Nix prints for people, as it comes. With no substituters
        everything is built here.
        """
        self.store = store
        self._scratch = scratch
        self._substituters = substituters or {}
        self._tell = tell

    def run(
        self,
        program: str,
        *arguments: str,
        directory: Path | None = None,
        source: BinaryIO | None = None,
    ) -> Finished:
        """Run a program to its end. An interruption ends it, and all that it started.

        `source`: a file that it reads as its standard input.

        Raises: Unavailable when Nix is not installed.
        """
        words = (*self.store.options(), *arguments)
        return self._run(program, words, directory, self._variables(), source)

    def _run(
        self,
        program: str,
        arguments: tuple[str, ...],
        directory: Path | None,
        variables: dict[str, str],
        source: BinaryIO | None = None,
    ) -> Finished:
        found = shutil.which(program)
        if found is None:
            raise Unavailable(
                f"Nix is not installed: there is no {program}",
                fix="apt install nix-bin (or see nixos.org); {cid} environments need no Nix",
            )
        self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                [found, *arguments],
                stdin=source or subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                env=variables,
                cwd=directory,
                process_group=0,  # so that all of it can be ended
            )
            with _ended(process):
                messages = self._follow(process)
                code = process.wait()
            output.seek(0)
            return Finished(code, output.read().decode("utf-8", "replace"), messages)

    def _follow(self, process: subprocess.Popen[bytes]) -> tuple[str, ...]:
        """Read what it prints for people until it closes its end."""
        kept: collections.deque[str] = collections.deque(maxlen=KEPT_LINES)
        if process.stderr is None:
            raise AssertionError("Popen was asked for a pipe")
        for raw in process.stderr:
            line = raw.decode("utf-8", "replace").rstrip()
            if not line.startswith("warning: "):  # about roots and groups: nothing users can mend
                kept.append(line)
                if self._tell is not None:
                    self._tell(line)
        return tuple(kept)

    def version(self) -> str:
        """Return which Nix this is, as "2.8.0".

        Raises: Unavailable when Nix is not installed.
        """
        told = self.run("nix-store", "--version").output.split()
        return told[-1] if told else "unknown"

    def system_setting(self, name: str) -> str:
        """Return a setting of the system's own nix.conf, "" when it cannot be told.

        Raises: Unavailable when Nix is not installed.
        """
        variables = self._variables()
        del variables["NIX_CONF_DIR"], variables["NIX_CONFIG"]
        features = ("--extra-experimental-features", "nix-command")
        shown = self._run("nix", (*features, "show-config"), None, variables)
        for line in shown.output.splitlines():
            key, _, value = line.partition(" = ")
            if key == name:
                return value
        return ""

    def _variables(self) -> dict[str, str]:
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return passed | {
            "HOME": str(self._scratch),
            "LC_ALL": "C",
            "NIX_CONF_DIR": str(self._scratch),  # has no nix.conf
            "NIX_USER_CONF_FILES": os.devnull,
            "NIX_CONFIG": self._settings(),
        }

    def _settings(self) -> str:
        settings = {
            "max-jobs": "auto",
            "sandbox": "true",
            "sandbox-fallback": "false",  # its default builds unprotected where it cannot protect
            "build-users-group": _builders(self.store),
            "experimental-features": "nix-command flakes",
            "substituters": " ".join(self._substituters),
            "trusted-public-keys": " ".join(key for key in self._substituters.values() if key),
            "warn-dirty": "false",
            "accept-flake-config": "false",
        }
        return "\n".join(f"{name} = {value}" for name, value in settings.items())


def _builders(store: NixStore) -> str:
    """Return the group to build as: none but on a multi-user system, where we are root."""
    try:
        members = grp.getgrnam(BUILDERS).gr_mem
    except KeyError:
        return ""
    return BUILDERS if members and store.is_system and os.geteuid() == 0 else ""


@contextlib.contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> "collections.abc.Iterator[None]":
    """End the process group when what is done with it is interrupted."""
    try:
        yield
    except BaseException:  # an interruption too
        _kill(process, signal.SIGTERM)
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            _kill(process, signal.SIGKILL)
            process.wait()
        raise
    finally:
        if process.stderr is not None:
            process.stderr.close()


def _kill(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
