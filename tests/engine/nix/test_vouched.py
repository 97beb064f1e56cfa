"""What others signed of store paths is kept, and published again where it belongs."""

import base64
from dataclasses import replace

from engine.content.cid import RAW, Cid
from engine.nix import narinfo
from engine.nix.environment import open_environment, publish
from engine.nix.narinfo import NarInfo
from engine.nix.records import Closure
from engine.nix.signature import SecretKey
from engine.nix.vouched import MOST, collect, info_of, merged, pack, verified
from tests.engine.nix.conftest import LIBRARY, PROGRAM, Content
from tests.engine.nix.test_environment import text

OURS = SecretKey("ours-1", bytes(range(32)))
THEIRS = SecretKey("theirs-1", bytes(range(1, 33)))


def signed(closure: Closure, name: str, key: SecretKey = THEIRS) -> str:
    """Return what a key signs of a path."""
    (path,) = (path for path in closure.paths if path.name == name)
    return key.sign(narinfo.fingerprint(info_of(path)))


def kept(content: Content, closure: Closure, name: str) -> Cid:
    """Keep what is signed of one path; return where."""
    made = pack(closure, {name: (signed(closure, name),)})
    content.store.put(made.blocks)
    return made.link.cid


def test_what_was_kept_is_found(content: Content) -> None:
    """By any closure that has the same path, of the same bytes."""
    closure = content.opened.closure
    folder = kept(content, closure, LIBRARY)
    found = collect(content.store.get, [folder, folder], closure)
    assert found == {LIBRARY: (signed(closure, LIBRARY),)}


def test_a_signature_of_other_bytes_is_not_taken(content: Content) -> None:
    """The path is called the same, and its NAR, or what it needs, is another."""
    closure = content.opened.closure
    folder = kept(content, closure, LIBRARY)
    first, *rest = closure.paths
    assert first.name == LIBRARY
    other = replace(closure, paths=(replace(first, nar_hash=bytes(32)), *rest))
    assert not collect(content.store.get, [folder], other)


def test_what_is_not_here_has_no_signatures(content: Content) -> None:
    """Nor has what is no directory."""
    places = [Cid.of(RAW, b"gone"), content.opened.cid]
    assert not collect(content.store.get, places, content.opened.closure)


def test_a_published_cache_has_them_beside_ours(content: Content) -> None:
    """It is the same environment still, and both keys verify."""
    closure = content.opened.closure
    vouched = {LIBRARY: (signed(closure, LIBRARY),)}
    view = publish(content.store, content.opened, OURS, vouched)
    assert open_environment(content.store, view) == content.opened
    info: NarInfo = narinfo.parse(text(content, view, f"{LIBRARY[:32]}.narinfo"))
    for key, signature in zip((THEIRS, OURS), info.signatures, strict=True):
        assert key.public().verifies(narinfo.fingerprint(info), signature)
    assert collect(content.store.get, [view], closure)[PROGRAM] == (signed(closure, PROGRAM, OURS),)


def test_a_name_beside_a_signature_is_not_who_signed(content: Content) -> None:
    """Only by a key that is known is one of somebody, and only if all that say so are."""
    closure = content.opened.closure
    sound, right = {LIBRARY: (signed(closure, LIBRARY),)}, signed(closure, PROGRAM)
    keys = [OURS.public(), THEIRS.public()]
    assert verified(sound, closure, keys) == {"theirs-1"}
    assert not verified(sound, closure, [OURS.public()])
    forged = f"theirs-1:{base64.b64encode(bytes(64)).decode()}"
    assert not verified({**sound, PROGRAM: (right, forged)}, closure, keys)
    as_ours = signed(closure, PROGRAM, SecretKey("ours-1", THEIRS.seed))
    assert verified({**sound, PROGRAM: (as_ours,)}, closure, keys) == {"theirs-1"}


def test_each_is_there_once_and_ours_is_made_anew() -> None:
    """In one order, whoever was asked first; at most so many of a path."""
    one, two, own = (f"{name}:{base64.b64encode(bytes(64)).decode()}" for name in ("b", "a", "own"))
    assert merged({"x": (one, own)}, {"x": (two, one)}, {"y": (own,)}, without="own") == {
        "x": (two, one)
    }
    many = tuple(f"{number}{one}" for number in range(100))
    assert len(merged({"x": many})["x"]) == MOST


def test_junk_of_one_pushes_out_nothing_of_another(content: Content) -> None:
    """However much a cache of others says to be signed, and whatever it calls the keys."""
    closure, blank = content.opened.closure, base64.b64encode(bytes(64)).decode()
    junk = tuple(f"!{number:02}:{blank}" for number in range(MOST))
    made = pack(closure, {LIBRARY: junk})
    content.store.put(made.blocks)
    folders = [made.link.cid, kept(content, closure, LIBRARY)]
    real = signed(closure, LIBRARY)
    assert real in collect(content.store.get, folders, closure)[LIBRARY]
    assert real in merged({LIBRARY: junk}, {LIBRARY: (real,)})[LIBRARY]


def test_what_cannot_be_a_signature_is_left_out() -> None:
    """It could not be written into a narinfo, or would be more than it says."""
    for junk in ("", "x", "a:b", "a:" + "A" * 88, "a:" + "A" * 86 + "==\nCA: x", "é:" + "A" * 88):
        assert not merged({"x": (junk,)})
