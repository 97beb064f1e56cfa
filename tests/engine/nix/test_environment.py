"""Environments by CID, their binary caches, and signed views of these."""

from pathlib import Path

import pytest

from engine.content import reader
from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.content.dagpb import Link
from engine.content.directory import directory
from engine.errors import Damaged, Refused, Unavailable
from engine.nix import narinfo
from engine.nix.environment import open_environment, publish
from engine.nix.records import ENVIRONMENT, Environment
from engine.nix.signature import SecretKey
from engine.store.get import get_tree
from tests.engine.nix.conftest import LIBRARY, Content

KEY = SecretKey("tally-test-1", bytes(range(32)))


def changed(content: Content, name: str, data: bytes | None) -> Cid:
    """Put the cache directory with one file replaced, or left out."""
    cache = content.opened.environment.cache
    links = [link for link in reader.entries(content.store.get, cache) if link.name != name]
    if data is not None:
        block = Block(Cid.of(RAW, data), data)
        content.store.put([block])
        links.append(Link(name, block.cid, len(data)))
    made = directory(links)
    content.store.put(made.blocks)
    return made.link.cid


def text(content: Content, cid: Cid, name: str) -> bytes:
    """Read a small file of a directory."""
    link = reader.lookup(content.store.get, cid, name)
    assert link is not None
    return b"".join(reader.read(content.store.get, link.cid))


def test_record_and_directory_name_the_same(content: Content) -> None:
    """The Environment record and its cache directory open as one environment."""
    assert open_environment(content.store, content.opened.cid) == content.opened
    assert open_environment(content.store, content.opened.environment.cache) == content.opened


def test_a_directory_is_enough(content: Content) -> None:
    """On a machine that has the directory's blocks alone, the records are made from it."""
    records = [content.opened.cid, content.opened.closure_cid]
    for cid in records:
        del content.store.blocks[cid]
    assert open_environment(content.store, content.opened.environment.cache) == content.opened
    assert all(map(content.store.has, records))


def test_a_signed_view_is_the_same_environment(content: Content) -> None:
    """Signatures change the directory's CID and nothing else; its NARs are the same blocks."""
    before = len(content.store.blocks)
    view = publish(content.store, content.opened, KEY)
    assert view != content.opened.environment.cache
    assert open_environment(content.store, view) == content.opened
    assert len(content.store.blocks) - before == 3  # two narinfos and the directory
    info = narinfo.parse(text(content, view, "0" * 31 + "1.narinfo"))
    assert KEY.public().verifies(narinfo.fingerprint(info), info.signatures[0])


def test_nothing_in_a_cache_tells_who_made_it(content: Content) -> None:
    """A narinfo of an unsigned cache has no signature and no deriver."""
    info = text(content, content.opened.environment.cache, "0" * 31 + "1.narinfo").decode()
    assert [line.partition(":")[0] for line in info.splitlines()] == [
        "StorePath", "URL", "Compression", "FileHash", "FileSize",
        "NarHash", "NarSize", "References",
    ]  # fmt: skip


@pytest.mark.parametrize("data", [None, b"", b"StoreDir: /gnu/store\n"])
def test_a_changed_directory_is_damage(content: Content, data: bytes | None) -> None:
    """A cache whose files are not those of its closure is damage."""
    with pytest.raises(Damaged):
        open_environment(content.store, changed(content, "nix-cache-info", data))


def test_a_changed_narinfo_is_damage(content: Content) -> None:
    """A narinfo that says another hash than the closure is damage, signed or not."""
    name = "0" * 31 + "1.narinfo"
    good = text(content, content.opened.environment.cache, name)
    with pytest.raises(Damaged, match="does not fit"):
        open_environment(
            content.store, changed(content, name, good.replace(b"NarSize: ", b"NarSize: 1"))
        )


def test_a_missing_nar_is_damage(content: Content) -> None:
    """A cache without the NAR of one of its paths is damage."""
    with pytest.raises(Damaged, match="without"):
        open_environment(content.store, changed(content, "nar", None))


def test_other_content_is_refused(content: Content) -> None:
    """A file, a plain directory, a Closure: none of them is an environment, and that is said."""
    plain = changed(content, "tallystick-closure", None)
    for cid in (content.opened.closure_cid, plain, content.opened.environment.nars[LIBRARY]):
        with pytest.raises(Refused):
            open_environment(content.store, cid)


def test_an_environment_of_other_paths_is_damage(content: Content) -> None:
    """An Environment must carry exactly the paths of its Closure."""
    right = content.opened.environment
    wrong = ENVIRONMENT.block(
        Environment(right.closure, {LIBRARY: right.nars[LIBRARY]}, right.cache)
    )
    content.store.put([wrong])
    with pytest.raises(Damaged):
        open_environment(content.store, wrong.cid)


def test_a_written_cache_is_what_nix_expects(content: Content, tmp_path: Path) -> None:
    """The directory on disk has the narinfos, and the NARs byte for byte where they say."""
    get_tree(content.store, content.opened.environment.cache, tmp_path / "cache")
    for path in content.opened.closure.paths:
        info = narinfo.parse((tmp_path / f"cache/{path.name[:32]}.narinfo").read_bytes())
        assert (tmp_path / "cache" / info.url).read_bytes() == content.nars[path.name]


def test_a_cache_is_written_whole_or_not(content: Content, tmp_path: Path) -> None:
    """When content is missing no directory is left."""
    content.store.blocks.pop(content.opened.environment.nars[LIBRARY])
    with pytest.raises(Unavailable):
        get_tree(content.store, content.opened.environment.cache, tmp_path / "cache")
    assert [place.name for place in tmp_path.glob("*cache*")] == []
