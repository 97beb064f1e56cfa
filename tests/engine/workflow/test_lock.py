"""The lock file: readable in a diff, read back as it was, refused with its place when it is not."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.content import canonical
from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Damaged, Refused
from engine.workflow.lock import LOCK, Lock, LockedEnvironment, LockFile, Pin, PinnedEnvironment
from engine.workflow.lock_text import parse_lock, print_lock
from engine.workflow.names import NAME

CID = "bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
DRV = "/nix/store/00000000000000000000000000000000-env-numpy.drv"

TEXT = f"""\
# Environments of the workflow beside this file, pinned by Tallystick. Commit it.
# A run under it never evaluates Nix; `tally env lock` renews it.
lock: 1
environments:
  ml:
    source: sha256:{"ab" * 32}
    aarch64-linux:
      environment: {CID}
    x86_64-linux:
      derivation: {DRV}!bin,dev
      environment: {CID}
"""

LOCK_FILE = LockFile(
    {
        "ml": PinnedEnvironment(
            "sha256:" + "ab" * 32,
            {
                "x86_64-linux": Pin(DRV + "!bin,dev", Cid.parse(CID)),
                "aarch64-linux": Pin("", Cid.parse(CID)),
            },
        )
    }
)

names = st.from_regex(NAME, fullmatch=True)
cids = st.binary(max_size=8).map(lambda data: Cid.of(DAG_CBOR, data))
pins = st.builds(Pin, st.sampled_from(["", DRV, DRV + "!out"]), cids)
systems = st.dictionaries(
    st.sampled_from(["x86_64-linux", "aarch64-linux", "x86_64-darwin"]), pins, min_size=1
)
sources = st.binary(min_size=32, max_size=32).map(lambda digest: f"sha256:{digest.hex()}")
lock_files = st.builds(
    LockFile,
    st.dictionaries(names, st.builds(PinnedEnvironment, sources, systems), max_size=4),
)


def test_text() -> None:
    """A lock file is these lines: a fact on each, always in the same order."""
    assert print_lock(LOCK_FILE) == TEXT
    assert parse_lock(TEXT, "w.lock") == LOCK_FILE


@given(lock_files)
def test_print_then_parse(lock: LockFile) -> None:
    """What is printed is read back as the same lock, and prints the same."""
    text = print_lock(lock)
    assert parse_lock(text, "w.lock") == lock
    assert print_lock(parse_lock(text, "w.lock")) == text


def test_a_diff_is_one_line() -> None:
    """An environment that changed is one changed line."""
    other = Cid.of(DAG_CBOR, b"other")
    pinned = LOCK_FILE.environments["ml"]
    changed = LockFile(
        {
            "ml": PinnedEnvironment(
                pinned.source, {**pinned.systems, "aarch64-linux": Pin("", other)}
            )
        }
    )
    lines = zip(print_lock(changed).splitlines(), TEXT.splitlines(), strict=True)
    assert sum(one != two for one, two in lines) == 1


@pytest.mark.parametrize(
    ("old", "new", "what", "where"),
    [
        ("lock: 1", "lock: 2", "its version is not 1", "w.lock:3:7"),
        ("lock: 1\n", "", "the file has no 'lock'", "w.lock:3:1"),
        ("lock: 1", "lokc: 1", "unknown key 'lokc' in the file", "w.lock:3:1"),
        ("ab" * 32, "ab" * 31, "not a hash", "w.lock:6:13"),
        ("sha256:", "md5:", "not a hash", "w.lock:6:13"),
        ("s52zy\n    x86", "s52zz\n    x86", "not a CID", "w.lock:8:20"),
        ("bafyr", "bbfyr", "not a CID", "w.lock:8:20"),
        (".drv", ".dr", "not a derivation", "w.lock:10:19"),
        ("x86_64-linux", "x86", "not a system: 'x86'", "w.lock:9:5"),
        ("  ml:", "  ML:", "not a name: 'ML'", "w.lock:5:3"),
        ("derivation", "derivatoin", "unknown key 'derivatoin' in 'x86_64-linux'", "w.lock:10:7"),
        ("lock: 1\n", "<<<<<<< ours\nlock: 1\n", "not YAML", "w.lock:4:5"),
        ("    source:", "  source:", "not YAML", "w.lock:7:18"),
        (TEXT, "", "the file must be a map, not nothing", "w.lock:1:1"),
        (TEXT, "\0\0\0\0", "not YAML: the character", "w.lock:1:1"),
        (TEXT, TEXT[: TEXT.index("      environment")], "'aarch64-linux' must be", "w.lock:7:5"),
        (TEXT, TEXT[: TEXT.index("    aarch64")], "pinned for no system", "w.lock:6:5"),
    ],
)
def test_corrupted(old: str, new: str, what: str, where: str) -> None:
    """A lock file that is changed, cut or half merged is refused with its place and the fix."""
    assert old in TEXT
    with pytest.raises(Refused) as refused:
        parse_lock(TEXT.replace(old, new, 1), "w.lock")
    assert what in refused.value.what
    assert refused.value.where == where
    assert "`tally env lock`" in refused.value.fix


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(TEXT)), st.integers(0, 9), st.text(max_size=4))
def test_junk_never_crashes(at: int, removed: int, inserted: str) -> None:
    """A lock file changed anywhere is read or refused."""
    try:
        lock = parse_lock(TEXT[:at] + inserted + TEXT[at + removed :], "w.lock")
    except Refused:
        return
    assert parse_lock(print_lock(lock), "w.lock") == lock


def test_record() -> None:
    """The Lock record holds environments and inputs, and decodes to itself."""
    cid = Cid.parse(CID)
    locked = LockedEnvironment(cid, cid, DRV, "sha256:" + "ab" * 32)
    lock = Lock({"ml": {"x86_64-linux": locked}}, {"code": cid})
    assert LOCK.decode(LOCK.encode(lock)) == lock


def test_an_environment_of_no_system_is_damage() -> None:
    """What a run used, it used on some system: a record that says otherwise is made up."""
    record = {"kind": LOCK.kind, "inputs": {}, "environments": {"ml": {}}}
    with pytest.raises(Damaged, match="'ml' is of no system"):
        LOCK.decode(canonical.encode(record))
