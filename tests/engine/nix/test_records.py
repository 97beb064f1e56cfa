"""records: a Closure is whole, sorted and stays below the store."""

from dataclasses import replace

import pytest

from engine.content import canonical
from engine.content.cid import DAG_CBOR, DAG_PB, RAW, Cid
from engine.errors import Damaged
from engine.nix.records import CLOSURE, ENVIRONMENT, Closure, ClosurePath, Environment

HELLO = "0c0y3qzb8zb0zsbwqv9m7ccz5qlc4hxd-hello-2.12"
GLIBC = "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz-glibc-2.35"
ABSENT = "1c0y3qzb8zb0zsbwqv9m7ccz5qlc4hxd-absent"
HASH = bytes(32)
WHOLE = Closure(
    store_dir="/nix/store",
    system="x86_64-linux",
    roots=(HELLO,),
    search_path=(f"/nix/store/{HELLO}/bin",),
    paths=(ClosurePath(HELLO, HASH, 120, (HELLO, GLIBC)), ClosurePath(GLIBC, HASH, 120, ())),
)


def of_paths(*paths: ClosurePath) -> dict[str, object]:
    """Return the change that gives a closure these paths."""
    return {"paths": paths}


def spelled(closure: Closure) -> bytes:
    """Return the bytes that a closure would have, were it allowed."""
    paths = [
        {
            "name": path.name,
            "nar_hash": path.nar_hash,
            "nar_size": path.nar_size,
            "references": path.references,
        }
        for path in closure.paths
    ]
    rest = {
        name: getattr(closure, name) for name in ("store_dir", "system", "roots", "search_path")
    }
    return canonical.encode({"kind": CLOSURE.kind, **rest, "paths": paths})


def test_closures_are_written_and_read():
    """A closure comes back as it was, and a path may refer to itself."""
    assert CLOSURE.encode(WHOLE) == spelled(WHOLE)
    assert CLOSURE.decode(spelled(WHOLE)) == WHOLE


@pytest.mark.parametrize(
    "changes",
    [
        {"store_dir": "/etc"},
        {"roots": ()},
        {"roots": (ABSENT,)},
        {"roots": (GLIBC, HELLO)},
        {"roots": (HELLO, HELLO)},
        {"search_path": ("/usr/bin",)},
        {"search_path": (f"/nix/store/{ABSENT}/bin",)},
        {"search_path": (f"/nix/store/{HELLO}/../../etc",)},
        {"search_path": (f"/nix/store/{HELLO}/bin:/etc",)},
        {"search_path": (f"{HELLO}/bin",)},
        {"paths": ()},
        of_paths(ClosurePath(GLIBC, HASH, 1, ()), ClosurePath(HELLO, HASH, 1, ())),
        of_paths(ClosurePath(HELLO, HASH, 1, ()), ClosurePath(HELLO, HASH, 1, ())),
        of_paths(ClosurePath(HELLO, HASH, 1, (ABSENT,))),
        of_paths(ClosurePath(HELLO, HASH, 1, (HELLO, HELLO))),
        of_paths(ClosurePath(HELLO, HASH[1:], 1, ())),
        of_paths(ClosurePath(HELLO, HASH, -1, ())),
        of_paths(ClosurePath("../etc", HASH, 1, ()), ClosurePath(HELLO, HASH, 1, ())),
        of_paths(ClosurePath(f"/nix/store/{HELLO}", HASH, 1, ()), ClosurePath(HELLO, HASH, 1, ())),
        of_paths(ClosurePath(HELLO, HASH, 1, ()), ClosurePath(f"{HELLO}/x", HASH, 1, ())),
    ],
)
def test_other_closures_are_damaged(changes):
    """A closure with something missing, out of order or outside is Damaged, and is not written."""
    wrong = replace(WHOLE, **changes)
    with pytest.raises(Damaged):
        CLOSURE.decode(spelled(wrong))
    with pytest.raises(ValueError):
        CLOSURE.encode(wrong)


@pytest.mark.parametrize("names", [(), ("..",), (f"/nix/store/{HELLO}",), (HELLO, "x")])
def test_other_environments_are_damaged(names):
    """An environment carries at least one NAR, each by the base name of a store path."""
    nars = {name: Cid.of(RAW, b"") for name in names}
    closure, cache = Cid.of(DAG_CBOR, b""), Cid.of(DAG_PB, b"")
    value = {"kind": ENVIRONMENT.kind, "closure": closure, "nars": nars, "cache": cache}
    with pytest.raises(Damaged):
        ENVIRONMENT.decode(canonical.encode(value))
    with pytest.raises(ValueError):
        ENVIRONMENT.encode(Environment(closure, nars, cache))
