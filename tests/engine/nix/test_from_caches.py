"""A closure in a binary cache of others becomes the environment that it would be if built here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content.cid import Cid
from engine.errors import Damaged, NotHere, Refused, Unavailable
from engine.nix import bringing
from engine.nix.cachefiles import ContentCache, FolderCache, folder_of
from engine.nix.environment import Opened
from engine.nix.paths import Paths
from engine.nix.signature import PublicKey, SecretKey
from engine.nix.storepath import StorePath
from engine.nix.substitutes import find
from engine.nix.treewriter import remove
from engine.store.add import add_path
from engine.store.disk import DiskStore
from tests.engine.nix.caches import KEY, PACK, change, write
from tests.engine.nix.conftest import LIBRARY, PROGRAM, Content
from tests.fakes.nars import MemoryNars

ROOTS = (StorePath.parse(PROGRAM),)


class Home:
    """A home that has nothing."""

    def __init__(self, place: Path) -> None:
        self.paths = Paths(place / "work")
        self.store = MemoryNars(self.paths.read_nar_range)
        self.came: list[tuple[int, int]] = []

    def bring(self, files: FolderCache | ContentCache, *keys: PublicKey) -> Opened:
        """Bring the closure of a cache in."""
        found = find(files, ROOTS, keys or None)
        return bringing.bring(
            found,
            ROOTS,
            "x86_64-linux",
            files,
            self.paths,
            self.store,
            lambda *said: self.came.append(said),
        )


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Return such a home."""
    yield Home(tmp_path / "home")
    remove(tmp_path / "home/work")


@pytest.fixture
def cache(tmp_path: Path, content: Content) -> Path:
    """Return a cache as Nix writes it by default."""
    return write(tmp_path / "cache", content)


@pytest.mark.parametrize("compression", PACK)
def test_it_is_the_same_environment(
    home: Home, content: Content, tmp_path: Path, compression: str
) -> None:
    """To the last address, however the cache is compressed."""
    folder = write(tmp_path / "cache", content, compression)
    assert home.bring(FolderCache(folder), KEY.public()) == content.opened
    assert all(map(home.store.has, content.opened.environment.nars.values()))
    assert (home.paths.location(content.opened.closure.paths[1].nar_hash) / "bin/run").is_file()


def test_a_cache_that_is_content(home: Home, content: Content, cache: Path, tmp_path: Path) -> None:
    """As one that somebody published is."""
    with DiskStore(tmp_path / "store") as store:
        cid: Cid = add_path(store, cache).cid
        assert home.bring(ContentCache(store.get, cid), KEY.public()) == content.opened


def test_what_has_come_does_not_come_again(home: Home, cache: Path) -> None:
    """Nor is anything read of it but what it is."""
    home.bring(FolderCache(cache))
    for nar in (cache / "nar").iterdir():
        nar.unlink()
    home.bring(FolderCache(cache))
    assert [count for count, _ in home.came] == [2, 0]


def test_who_was_interrupted_goes_on(home: Home, cache: Path, content: Content) -> None:
    """With what is missing: here, the NAR that was not in the cache at first."""
    (nar,) = (line for line in narinfo(cache, PROGRAM).splitlines() if line.startswith("URL: "))
    place = cache / nar.removeprefix("URL: ")
    data = place.read_bytes()
    place.unlink()
    with pytest.raises(NotHere):
        home.bring(FolderCache(cache))
    place.write_bytes(data)
    assert home.bring(FolderCache(cache)) == content.opened
    assert [count for count, _ in home.came] == [2, 1]


def narinfo(cache: Path, name: str) -> str:
    """Return the narinfo of a path."""
    return (cache / f"{name[:32]}.narinfo").read_text()


def test_only_what_a_trusted_key_signed(home: Home, cache: Path) -> None:
    """All of it, before any NAR is asked for."""
    with pytest.raises(Refused):
        home.bring(FolderCache(cache), SecretKey("other-1", bytes(32)).public())
    change(cache, LIBRARY, "Sig: upstream-1:", "Sig: nobody-1:")
    with pytest.raises(Refused) as refused:
        home.bring(FolderCache(cache), KEY.public())
    assert LIBRARY in refused.value.where
    assert not home.came
    home.bring(FolderCache(cache))  # without a key, the hashes alone are believed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("NarSize: ", "NarSize: 1"),
        ("NarHash: sha256:", "NarHash: sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nX: "),
        ("FileHash: sha256:", "FileHash: sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nX: "),
        ("FileSize: ", "FileSize: 9"),
        ("URL: nar/", "URL: ../"),
        ("URL: nar/", "URL: /etc/"),
        ("Compression: xz", "Compression: gzip"),
        ("Compression: xz", "Compression: none"),
        (f"StorePath: /nix/store/{LIBRARY}", f"StorePath: /nix/store/{PROGRAM}"),
    ],
)
def test_what_is_not_as_it_says_is_damage(home: Home, cache: Path, old: str, new: str) -> None:
    """And nothing of it is kept."""
    change(cache, LIBRARY, old, new)
    with pytest.raises(Damaged):
        home.bring(FolderCache(cache))
    assert not [
        place for place in home.paths.location(b"").parent.glob("*") if LIBRARY in str(place)
    ]


def test_a_nar_without_end_is_cut(home: Home, cache: Path, content: Content) -> None:
    """Neither a file, nor what comes out of it, is longer than it is said to be."""
    size = len(content.nars[LIBRARY])
    nar = cache / narinfo(cache, LIBRARY).partition("URL: ")[2].partition("\n")[0]
    nar.write_bytes(nar.read_bytes() + bytes(2**20))
    with pytest.raises(Damaged, match="longer"):
        home.bring(FolderCache(cache))
    change(cache, LIBRARY, f"NarSize: {size}", "NarSize: 1000000")
    with pytest.raises(Damaged):
        home.bring(FolderCache(cache))


def test_a_cache_without_all_of_it(home: Home, cache: Path) -> None:
    """It says which path is missing, before anything comes."""
    (cache / f"{LIBRARY[:32]}.narinfo").unlink()
    with pytest.raises(NotHere) as gone:
        home.bring(FolderCache(cache))
    assert LIBRARY in gone.value.what


def test_what_is_no_cache(home: Home, tmp_path: Path) -> None:
    """A folder of something else; one that is not there; a cache of another store."""
    (tmp_path / "other").mkdir()
    with pytest.raises(Refused):
        home.bring(FolderCache(tmp_path / "other"))
    with pytest.raises(Refused):
        folder_of(str(tmp_path / "none"))
    (tmp_path / "other/nix-cache-info").write_text("StoreDir: /gnu/store\n")
    with pytest.raises(Refused):
        home.bring(FolderCache(tmp_path / "other"))
    assert folder_of(f"file://{tmp_path}/other?compression=none") == tmp_path / "other"


def test_a_narinfo_that_nobody_may_read(home: Home, cache: Path) -> None:
    """Is not taken for one that is missing."""
    place = cache / f"{LIBRARY[:32]}.narinfo"
    place.unlink()
    place.symlink_to(place)  # a ring: it cannot be opened, by root either
    with pytest.raises(Unavailable) as error:
        home.bring(FolderCache(cache))
    assert not isinstance(error.value, NotHere)


def test_a_disk_without_room(home: Home, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told before anything comes."""
    monkeypatch.setattr(home.paths, "free_bytes", lambda: 1000)
    with pytest.raises(Unavailable):
        home.bring(FolderCache(cache))
    assert not home.came
