"""The unit of systemd is one that systemd understands."""

import configparser
import os
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[1] / "packaging/tallystick-peer.service"
BREAKS_BUBBLEWRAP = (
    *("RestrictNamespaces", "SystemCallFilter", "MemoryDenyWriteExecute", "ProcSubset"),
    *("PrivateUsers", "PrivateMounts", "PrivateTmp", "PrivateDevices"),
)


def unit() -> configparser.ConfigParser:
    """Return what the unit says."""
    parsed = configparser.ConfigParser(interpolation=None, delimiters="=", strict=True)
    parsed.optionxform = str  # type: ignore[assignment]
    parsed.read(UNIT)
    return parsed


def verified(text: str, folder: Path) -> str:
    """Return what systemd has to say against a unit."""
    path = folder / "tallystick-peer.service"
    path.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", "--man=no", str(path)],
        env=os.environ | {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
        capture_output=True,
        text=True,
    )
    return done.stdout + done.stderr


def test_systemd_has_nothing_against_it(tmp_path: Path) -> None:
    """And would have against a word that it does not know."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine")
    text = UNIT.read_text()
    assert verified(text, tmp_path) == ""
    assert "Unknown key" in verified(text.replace("OOMPolicy", "OOMPolice"), tmp_path)


def test_it_runs_a_peer_and_lets_it_end() -> None:
    """SIGTERM, the default, goes to the peer alone; there is time for steps to end."""
    service = unit()["Service"]
    assert service["ExecStart"] == "/usr/bin/env tally peer start"
    assert (service["KillMode"], service["TimeoutStopSec"]) == ("mixed", "15min")
    assert "KillSignal" not in service


@pytest.mark.parametrize("option", BREAKS_BUBBLEWRAP)
def test_what_the_sandbox_is_made_of_is_not_taken_away(option: str) -> None:
    """User namespaces, mounts, a whole /proc, memory that runs."""
    service = unit()["Service"]
    assert option not in service
    assert not any(name.startswith("Protect") for name in service)
