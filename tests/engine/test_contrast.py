"""Two trees side by side, with all that is not the same."""

import io
import struct
import zipfile

import pytest

from engine import contrast as contrasts
from engine.contrast import MAX_PARTS, Bytes, contrast
from engine.deviation import Spot
from engine.errors import Unavailable
from engine.lines import Line
from engine.nearness import Mismatch
from engine.store.add import add_path
from tests.engine.test_npy import npy
from tests.fakes.content import MemoryContent


@pytest.fixture
def store(tmp_path):
    """Return a store of which files over 64 KiB lie in a directory."""
    folder = tmp_path / "whole"
    folder.mkdir()
    return MemoryContent(folder)


@pytest.fixture
def add(store, tmp_path):
    """Return what adds a file, or files by path as one directory."""

    def add_one(content):
        place = tmp_path / f"tree{len(list(tmp_path.iterdir()))}"
        if isinstance(content, bytes):
            place.write_bytes(content)
            return add_path(store, place).cid
        for path, data in content.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            if isinstance(data, str):
                (place / path).symlink_to(data)
            else:
                (place / path).write_bytes(data)
        return add_path(store, place).cid

    return add_one


def test_what_is_the_same_has_no_contrast(store, add):
    """Nothing is read for that."""
    cid = add({"a": b"1"})
    store.blocks.clear()

    found = contrast(store.get, cid, cid)
    assert (found.first, found.counts) == ((), {})


def test_entries_are_added_removed_and_changed(store, add):
    """In byte order of paths; a directory that is in both is nothing of its own."""
    was = add({"d/a": b"1", "d/b": b"1", "e": "d", "x": b"same"})
    now = add({"d/a": b"2", "d/c": b"1", "e": "d/a", "x": b"same"})
    found = contrast(store.get, was, now)

    assert [(part.path, part.how, part.what) for part in found.first] == [
        ("d/a", "changed", ""),
        ("d/b", "removed", ""),
        ("d/c", "added", ""),
        ("e", "changed", "pointed to 'd' and points to 'd/a'"),
    ]
    assert found.counts == {"changed": 2, "removed": 1, "added": 1}


def test_only_some_parts_are_shown(store, add):
    """All are counted."""
    was = add({f"{n:02}": b"1" for n in range(30)})
    now = add({f"{n:02}": b"2" for n in range(30)})
    found = contrast(store.get, was, now)

    assert (len(found.first), found.counts) == (MAX_PARTS, {"changed": 30})


def test_a_text_is_shown_line_by_line(store, add):
    """With the first byte, too."""
    (part,) = contrast(store.get, add(b"a\nlr = 0.1\n"), add(b"a\nlr = 0.25\n"), "t.py").first

    assert part.content.parting == Bytes(9, b"1\n", b"25\n")
    assert part.content.sizes == (11, 12)
    assert part.content.lines.first == (Line(2, 8, "lr = 0.1", "lr = 0.25"),)
    assert part.content.values is None


def test_other_bytes_are_shown_from_the_first(store, add):
    """A few of both sides, fewer where one ends; across blocks."""
    data = bytearray(b"\0" * 3 * 1024 * 1024)
    was = add(bytes(data))
    data[2_500_000:2_500_004] = b"\1\2\3\4"
    (part,) = contrast(store.get, was, add(bytes(data))).first

    assert part.content.parting == Bytes(2_500_000, bytes(8), b"\1\2\3\4" + bytes(4))
    assert part.content.lines is None
    (part,) = contrast(store.get, add(b"\0ab"), add(b"\0ab\xff")).first
    assert part.content.parting == Bytes(3, b"", b"\xff")


def test_values_are_counted_and_the_farthest_is_shown(store, add):
    """Of a JSON file, by its name."""
    was, now = add(b'{"a": [1, 2, 3], "b": 1}'), add(b'{"a": [1, 2.5, 9], "b": 2}')
    (part,) = contrast(store.get, was, now, "m.json").first

    assert part.content.values.count == 3
    assert part.content.values.first == Mismatch("$.a[1]", "was 2 and is 2.5")
    assert part.content.values.largest == Mismatch("$.a[2]", "was 3 and is 9")
    assert part.content.values.largest.deviation == 6


def test_the_farthest_of_all_files_is_found(store, add):
    """Also of files that are not shown, as long as they are not too large."""
    names = [f"{n:02}.json" for n in range(30)]
    was = add(dict.fromkeys(names, b"[1]"))
    now = add({name: b"[%d]" % (n + 2) for n, name in enumerate(names)})
    found = contrast(store.get, was, now)

    assert len(found.first) == MAX_PARTS
    assert found.deviation.absolute == Spot("29.json", "$[0]", 30.0)
    assert found.deviation.is_whole


def test_what_was_not_looked_at_is_said(store, add, monkeypatch):
    """Too many values, too many bytes in files that are not shown, or a file that is too large."""
    was = add({f"{n:02}.json": b"[1, 1, 1]" for n in range(30)})
    now = add({f"{n:02}.json": b"[2, 3, 4]" for n in range(30)})
    for bound, most in (("MAX_MEASURED", 100), ("MAX_COUNTED", 2), ("MAX_VALUES", 5)):
        with monkeypatch.context() as patch:
            patch.setattr(contrasts, bound, most)
            found = contrast(store.get, was, now).deviation
            assert found is None or not found.is_whole
    assert contrast(store.get, was, now).deviation.is_whole


def test_what_are_no_numbers_are_not_apart(store, add):
    """Texts have no deviation, nor has a file of no known format."""
    assert contrast(store.get, add(b'["a"]'), add(b'["b"]'), "m.json").deviation is None
    assert contrast(store.get, add(b"1"), add(b"2"), "m.txt").deviation is None


def test_arrays_in_a_directory_are_shown_by_their_names(store, add):
    """The member and the place in it; how they were zipped does not matter."""

    def packed(numbers, packing):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", packing) as archive:
            data = struct.pack("<6d", *numbers)
            archive.writestr("w.npy", npy("<f8", (2, 3), data))
        return buffer.getvalue()

    was = add({"model.npz": packed(range(6), zipfile.ZIP_STORED)})
    now = add({"model.npz": packed([0, 1, 2, 3, 4.5, 5], zipfile.ZIP_DEFLATED)})
    (part,) = contrast(store.get, was, now).first
    assert part.path == "model.npz"
    assert part.content.values.first == Mismatch("w.npy: element [1, 1]", "was 4.0 and is 4.5")

    same = add({"model.npz": packed(range(6), zipfile.ZIP_DEFLATED)})
    (part,) = contrast(store.get, was, same).first
    assert part.content.values is None


def test_what_is_not_what_its_name_says_is_text(store, add):
    """A broken JSON file is shown line by line."""
    (part,) = contrast(store.get, add(b"{"), add(b"["), "m.json").first

    assert part.content.values is None
    assert part.content.lines.first == (Line(1, 1, "{", "["),)


def test_content_that_is_not_here_is_said(store, add):
    """A gc may have taken it."""
    was, now = add(b"a"), add(b"b")
    del store.blocks[was]

    with pytest.raises(Unavailable):
        contrast(store.get, was, now)
