"""What a home knows of Open Resources outlives damage, and what it announced itself always does."""

import pytest

from engine.errors import Damaged, Refused
from peers.announcement import ANNOUNCEMENT, MAX_DIGESTS
from peers.catalogue_file import FILE, CatalogueFile, Kept
from peers.own_postings import OWN
from peers.posting import key_of
from tests.peers.catalogues import HOUR_MS, NOW_MS, announced, endorsed

MONTH_MS = 30 * 24 * HOUR_MS


@pytest.fixture
def file(tmp_path):
    """The catalogue of a new home."""
    with CatalogueFile(tmp_path) as file:
        yield file


def test_what_was_put_is_there(file, tmp_path):
    """What a command announces is there for every other process, until it expires."""
    one = announced(1, title="Digits")
    assert file.put(one.data, NOW_MS)
    with CatalogueFile(tmp_path) as other:
        assert other.notices(NOW_MS) == [one]
        assert other.notices(NOW_MS + MONTH_MS) == []


def test_the_newer_of_one_release_counts(file):
    """Of two announcements of one Release by its author the later one is kept."""
    old, new = announced(1, title="old"), announced(1, title="new", now_ms=NOW_MS + 1)
    assert file.put(new.data, NOW_MS + 1)
    assert not file.put(old.data, NOW_MS + 1)
    assert file.notices(NOW_MS + 1) == [new]


def test_of_one_serial_the_same_stands_everywhere(file, tmp_path):
    """Of two announcements of one serial the same one is kept in whatever order they came."""
    two = [announced(1, title="one"), announced(1, title="two")]
    (tmp_path / "other").mkdir()
    with CatalogueFile(tmp_path / "other") as other:
        for first, second in ((file, two), (other, reversed(two))):
            for one in second:
                first.put(one.data, NOW_MS)
        assert file.notices(NOW_MS) == other.notices(NOW_MS)


def test_two_versions_are_both_there(file):
    """Another version is another Release: neither takes the place of the other."""
    for version in (1, 2):
        file.put(announced(1, version=version).data, NOW_MS)
    assert sorted(one.announcement.version for one in file.notices(NOW_MS)) == [1, 2]


def test_endorsements_are_found_by_release(file):
    """What was said of a Release is found by it, and what was said of another is not."""
    one, other = announced(1), announced(1, version=2)
    word = endorsed(2, one)
    file.take([Kept(word, "somebody"), Kept(endorsed(2, other), "somebody")])
    assert file.endorsements(one.release, NOW_MS) == [word]


def test_what_counts_no_more_is_not_put(file):
    """What has expired, or is of the future, is refused."""
    with pytest.raises(Refused):
        file.put(announced(1).data, NOW_MS + MONTH_MS)
    with pytest.raises(Refused):
        file.put(announced(1).data, NOW_MS - HOUR_MS)


def test_what_is_no_posting_is_damaged(file):
    """Bytes that are no signed posting are not kept."""
    one = announced(1).data
    for junk in (b"", b"junk", one[:-1], one[:-1] + bytes([one[-1] ^ 1]), bytes(5000)):
        with pytest.raises(Damaged):
            file.put(junk, NOW_MS)


def test_a_damaged_file_is_made_anew_with_what_was_announced(tmp_path):
    """A file that is damaged is made anew when it is opened: what this home announced is in it."""
    with CatalogueFile(tmp_path) as file:
        file.put(announced(1).data, NOW_MS)
        file.take([Kept(announced(2), "somebody")])
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    with CatalogueFile(tmp_path) as file:
        assert announced(1) in file.notices(NOW_MS)


def test_damage_that_is_met_later_is_mended_too(tmp_path):
    """Damage inside the file is mended by whoever comes upon it, and nothing of ours is lost."""
    with CatalogueFile(tmp_path) as file:
        for number in range(200):
            file.put(announced(1, version=number + 1, description="x" * 900).data, NOW_MS)
    path = tmp_path / FILE
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 100] = bytes(range(100))
    path.write_bytes(data)
    with CatalogueFile(tmp_path) as file:
        assert len(file.notices(NOW_MS)) == 200


def test_a_file_that_is_gone_is_made_anew(tmp_path):
    """Whoever deletes the file loses nothing that this home announced."""
    with CatalogueFile(tmp_path) as file:
        file.put(announced(1).data, NOW_MS)
    (tmp_path / FILE).unlink()
    (tmp_path / OWN / "junk.cbor").write_bytes(b"junk")
    with CatalogueFile(tmp_path) as file:
        assert file.notices(NOW_MS) == [announced(1)]


def test_what_was_announced_first_does_not_come_back(tmp_path):
    """An older announcement that is put after a newer one is not what a new file is made of."""
    old, new = announced(1, title="old"), announced(1, title="new", now_ms=NOW_MS + 1)
    with CatalogueFile(tmp_path) as file:
        for one in (new, old):
            file.put(one.data, NOW_MS + 1)
    (tmp_path / FILE).unlink()
    with CatalogueFile(tmp_path) as file:
        assert file.notices(NOW_MS + 1) == [new]


def test_what_has_expired_is_struck_out(file):
    """What counts no more takes no room for ever."""
    file.take([Kept(announced(1), "a"), Kept(announced(2, now_ms=NOW_MS + 1), "b")])
    file.clean(NOW_MS + MONTH_MS)
    assert len(file.names()) == 1


def test_what_was_dropped_is_gone(file):
    """What made room is gone from the file, and nothing else is."""
    file.take([Kept(announced(1), "a"), Kept(announced(2), "b")])
    file.drop([key_of(announced(1))])
    assert file.notices(NOW_MS) == [announced(2)]


def test_its_mark_says_when_others_changed_it(file, tmp_path):
    """The mark is another one after another process has put something, and only then."""
    before = file.mark()
    assert file.mark() == before
    with CatalogueFile(tmp_path) as other:
        other.put(announced(1).data, NOW_MS)
    assert file.mark() != before


def test_what_is_wanted_is_remembered(file, tmp_path):
    """A Release that the user uses is known to every process."""
    file.want(announced(1).release)
    with CatalogueFile(tmp_path) as other:
        assert other.wanted() == {announced(1).release}


def test_the_longest_of_all_fits(file):
    """An announcement with everything at its bound has as many bytes as are read."""
    digests = tuple(bytes((number,)) * 32 for number in range(20))
    long = {"title": "ü" * 900, "description": "ü" * 9_000, "licence": "ü" * 900}
    one = announced(1, "n" * 64, 1_000_000, digests=digests, **long)
    assert len(one.announcement.digests) == MAX_DIGESTS
    assert file.put(one.data, NOW_MS)


@pytest.mark.parametrize("other", [b"b" * 32, b"c" * 32])
def test_digests_in_another_order_are_refused(other):
    """Each is there once, in order: there is one way to say the same."""
    one = announced(1, digests=(b"a" * 32, b"b" * 32)).announcement
    with pytest.raises(Damaged):
        ANNOUNCEMENT.decode(ANNOUNCEMENT.encode(one).replace(b"a" * 32, other))
