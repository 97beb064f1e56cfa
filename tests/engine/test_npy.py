"""Array files, compared without numpy."""

import io
import math
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.formats import MAX_MEMBERS, MAX_UNPACKED, npz_mismatches
from engine.nearness import Mismatch, Unreadable
from engine.npy import npy_mismatches
from engine.npytype import layout


def first(mismatches, was, now, tolerance):
    """Return the first place where two files part, or None."""
    return next(mismatches(was, now, tolerance), None)


def npy(kind, shape, data, *, order=False, version=1):
    """Return an array file as numpy writes it."""
    header = repr({"descr": kind, "fortran_order": order, "shape": shape}).encode()
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes((version, 0)) + size + header + data


def doubles(*numbers):
    """Return a one-dimensional file of doubles."""
    return npy("<f8", (len(numbers),), struct.pack(f"<{len(numbers)}d", *numbers))


def nested(depth):
    """Return a type of structures in structures."""
    kind = [("a", "<f8")]
    for _ in range(depth - 1):
        kind = [("a", kind)]
    return kind


class _Long(int):
    """A whole number of more digits than Python writes, but for hexadecimal ones."""

    def __repr__(self):
        return hex(self)


def far(offset, data):
    """Return a zip whose directory says that its member begins at a place, in 64 bits."""
    packed = npz(a=data)
    at, end = packed.index(b"PK\x01\x02"), packed.index(b"PK\x05\x06")
    entry, tail = bytearray(packed[at:end]), bytearray(packed[end:])
    extra = struct.pack("<HHQ", 1, 8, offset)
    entry[30:32], entry[42:46] = struct.pack("<H", len(extra)), b"\xff" * 4
    tail[12:16] = struct.pack("<I", len(entry) + len(extra))
    return packed[:at] + bytes(entry) + extra + bytes(tail)


def npz(**members):
    """Return a zip of array files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def test_near_arrays_are_equivalent():
    """Each number may differ within the tolerance."""
    assert first(npy_mismatches, doubles(1.0, 2.0), doubles(1.0, 2.0 + 1e-9), 1e-6) is None


def test_the_first_element_that_differs_is_named():
    """Its number in the file's order, and both values."""
    found = first(npy_mismatches, doubles(1.0, 2.0, 3.0), doubles(1.0, 2.5, 9.0), 1e-6)

    assert found == Mismatch("element 1", "was 2.0 and is 2.5")


@pytest.mark.parametrize(
    ("kind", "code"),
    [("<f4", "f"), (">f8", ">d"), ("<f2", "e"), ("<i8", "q"), ("|u1", "B"), (">i2", ">h")],
)
def test_every_kind_of_number_is_read(kind, code):
    """Width and byte order are the file's own."""
    was = npy(kind, (2,), struct.pack(code[:-1] + "2" + code[-1], 3, 100))
    now = npy(kind, (2,), struct.pack(code[:-1] + "2" + code[-1], 3, 101))

    assert first(npy_mismatches, was, now, 0.1) is None
    found = first(npy_mismatches, was, now, 1e-6)
    assert found is not None
    assert found.where == "element 1"


def test_complex_numbers_are_two():
    """An element of a complex array is its real and its imaginary part."""
    was = npy("<c16", (2,), struct.pack("<4d", 0, 0, 0, 1))
    now = npy("<c16", (2,), struct.pack("<4d", 0, 0, 0, 2))

    assert first(npy_mismatches, was, now, 1e-6) == Mismatch("element 1", "was 1.0 and is 2.0")


def test_every_element_that_differs_is_named():
    """By its place in the array, whatever the order in the file; with how far it is apart."""
    for order, places in ((False, ["[0, 2]", "[1, 0]"]), (True, ["[0, 1]", "[1, 1]"])):
        was = npy("<f8", (2, 3), struct.pack("<6d", *range(6)), order=order)
        now = npy("<f8", (2, 3), struct.pack("<6d", 0, 1, 2.5, 7, 4, 5), order=order)
        found = list(npy_mismatches(was, now, 1e-6))
        assert [one.where for one in found] == [f"element {place}" for place in places]
        assert [one.deviation for one in found] == [0.5, 4.0]


def test_a_difference_far_into_a_large_array_is_found():
    """What is equal is passed over; the element's number still counts from the start."""
    now = [0.0] * 50_000
    now[40_000] = 1.0
    found = list(npy_mismatches(doubles(*[0.0] * 50_000), doubles(*now), 0.0))
    assert found == [Mismatch("element 40000", "was 0.0 and is 1.0")]


def test_truths_have_no_tolerance():
    """A boolean is not a number that may be off by one."""
    assert first(npy_mismatches, npy("|b1", (1,), b"\0"), npy("|b1", (1,), b"\1"), 5.0) is not None


def test_shapes_and_types_must_be_the_same():
    """The same bytes in another shape are another array."""
    data = struct.pack("<4d", 1, 2, 3, 4)

    assert first(npy_mismatches, npy("<f8", (4,), data), npy("<f8", (2, 2), data), 1.0) is not None
    assert first(npy_mismatches, npy("<f8", (4,), data), npy("<i8", (4,), data), 1.0) is not None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY\x01\0",
        npy("|O", (1,), b"12345678"),
        npy("<f8", (3,), b"short"),
        npy("<f8", (-1,), b""),
        npy([("a", "|O")], (1,), b"12345678"),
        npy([("a", "<f8", (1000, 1000))], (1,), b"12345678"),
        npy([("a", "<f8", "2")], (1,), b"12345678"),
        npy([("a", 8)], (1,), b"12345678"),
        npy([("\ud800", "<f8")], (1,), b"12345678"),
        npy("<f8", (0, 2**63), b""),
        npy("<f8", (0, _Long(16**5_000)), b""),
        npy([("a", [("b", "<f8", (100,))], (20,))], (1,), bytes(16_000)),
        npy([("", [("b", "<f8", (100,))], (20,))], (1,), bytes(16_000)),
        npy([("", [("b", [], (1000,))], (1000,)), ("z", "<f8")], (1,), bytes(8)),
        npy([("a", [("b", [], (0,))] * 500, (1000,)), ("z", "<f8")], (1,), bytes(8)),
        npy([("a", "<f8", (-1, -1))], (1,), bytes(8)),
        npy(nested(9), (1,), bytes(8)),
        npy("<f8", (1,) * 65, bytes(8)),
        npy([("a", "<f8")] + [("", [])] * 1_100, (1,), bytes(8)),
        b"\x93NUMPY\x01\0\x05\0" + b"(((((",
        b"\x93NUMPY\x01\0\x07\0" + b"{[]: 1}",
        b"\x93NUMPY\x02\0" + struct.pack("<I", 2**31) + b"{}",
    ],
)
def test_what_is_no_plain_array_is_unreadable(data):
    """Pickles, types with no end and junk are compared byte by byte instead."""
    with pytest.raises(Unreadable):
        first(npy_mismatches, data, data, 1.0)


def test_members_of_a_zip_are_compared_by_name():
    """How they were packed does not count; a missing one does."""
    was = npz(a=doubles(1.0), b=doubles(2.0))

    assert first(npz_mismatches, was, npz(b=doubles(2.0), a=doubles(1.0 + 1e-9)), 1e-6) is None
    assert first(npz_mismatches, was, npz(a=doubles(1.0)), 1e-6) == Mismatch("b.npy", "is gone")
    assert first(npz_mismatches, was, npz(a=doubles(1.0), b=doubles(3.0)), 1e-6) == Mismatch(
        "b.npy: element 0", "was 2.0 and is 3.0"
    )


def test_a_zip_that_claims_too_much_is_unreadable():
    """What it says it unpacks to is bounded before anything is unpacked."""
    archive = bytearray(npz(a=doubles(1.0)))
    at = archive.rindex(b"PK\x01\x02") + 24
    archive[at : at + 4] = struct.pack("<I", MAX_UNPACKED + 1)

    with pytest.raises(Unreadable):
        first(npz_mismatches, bytes(archive), bytes(archive), 1.0)


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_packed_as_numpy_never_does_is_unreadable(packing):
    """Other packings raise errors of their own, and take the memory that a stranger asks for."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as archive:
        archive.writestr("a.npy", doubles(1.0))

    with pytest.raises(Unreadable):
        first(npz_mismatches, stream.getvalue(), npz(a=doubles(2.0)), 1.0)


@pytest.mark.parametrize("offset", [2**62, 2**63, 2**64 - 1])
def test_a_zip_whose_member_lies_nowhere_is_unreadable(offset):
    """Its directory may name any place of 64 bits, more than a file can have."""
    assert first(npz_mismatches, far(0, doubles(1.0)), npz(a=doubles(1.0)), 1.0) is None
    with pytest.raises(Unreadable):
        first(npz_mismatches, far(offset, doubles(1.0)), npz(a=doubles(2.0)), 1.0)


@settings(deadline=None)
@given(st.data())
def test_junk_never_breaks_the_reader(data):
    """Any change of a good file is compared or unreadable."""
    good = data.draw(st.sampled_from([doubles(1.0, 2.0), npz(a=doubles(1.0))]))
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + data.draw(st.binary(max_size=4)) + good[at + 1 :]
    for compare in (npy_mismatches, npz_mismatches):
        try:
            list(compare(good, bad, 1e-6))
        except Unreadable:
            continue


def test_not_a_number_is_itself_and_zeros_have_no_sign():
    """Any NaN is NaN, -0.0 is 0.0, and an infinity is near itself alone."""
    other_nan = struct.unpack("<d", bytes.fromhex("010000000000f87f"))[0]
    was = doubles(math.nan, -0.0, math.inf, math.inf)
    now = doubles(other_nan, 0.0, math.inf, -math.inf)

    assert [one.where for one in npy_mismatches(was, now, 0.5)] == ["element 3"]


def test_whole_numbers_are_compared_with_nothing_rounded():
    """Two that are one as floats are two."""
    was = npy("<u8", (2,), struct.pack("<2Q", 2**64 - 1, 7))
    now = npy("<u8", (2,), struct.pack("<2Q", 2**64 - 2, 7))

    (found,) = npy_mismatches(was, now, 0.0)
    assert (found.where, found.deviation) == ("element 0", 1.0)
    assert first(npy_mismatches, was, now, 1e-20) is not None
    assert first(npy_mismatches, was, now, 1e-6) is None


def test_the_order_of_bytes_is_a_part_of_the_type():
    """The same numbers in another order of bytes are of another type, as numpy says too."""
    was = npy("<f8", (1,), struct.pack("<d", 1))
    found = first(npy_mismatches, was, npy(">f8", (1,), struct.pack(">d", 1)), 1.0)

    assert (found.where, found.was, found.now) == ("type", "<f8", ">f8")


def test_the_order_of_axes_must_be_the_same_where_it_says_something():
    """Of an array of one axis it says nothing."""
    data = struct.pack("<4d", 1, 2, 3, 4)
    square = npy("<f8", (2, 2), data), npy("<f8", (2, 2), data, order=True)
    line = npy("<f8", (4,), data), npy("<f8", (4,), data, order=True)

    found = first(npy_mismatches, *square, 1.0)
    assert (found.where, found.what) == ("order of axes", "was C and is Fortran")
    assert first(npy_mismatches, *line, 0.0) is None


def test_fields_of_a_structured_type_are_compared_each_as_it_is():
    """Numbers within the tolerance, texts exactly, padding not at all."""
    kind = [("x", "<f8"), ("", "|V4"), ("pos", [("y", ">f4"), ("name", "<U2")], (2,)), ("n", "<i2")]

    def row(x, ys, names, n, pad=b"\0\0\0\0"):
        pairs = zip(ys, names, strict=True)
        inner = b"".join(struct.pack(">f", y) + m.encode("utf-32-le") for y, m in pairs)
        return struct.pack("<d", x) + pad + inner + struct.pack("<h", n)

    was = npy(kind, (2,), row(1, (1, 2), ("ab", "cd"), 1) + row(2, (1, 2), ("ab", "cd"), 1))
    near = npy(kind, (2,), row(1, (1, 2), ("ab", "cd"), 1) + row(2 + 1e-9, (1, 2), ("ab", "cd"), 1))
    pad = npy(
        kind, (2,), row(1, (1, 2), ("ab", "cd"), 1, b"junk") + row(2, (1, 2), ("ab", "cd"), 1)
    )
    far = npy(kind, (2,), row(1, (1, 2), ("ab", "cd"), 1) + row(2, (1, 9), ("ab", "ce"), 3))

    assert first(npy_mismatches, was, near, 1e-6) is None
    assert first(npy_mismatches, was, pad, 1e-6) is None
    assert [(one.where, one.what, one.deviation) for one in npy_mismatches(was, far, 1e-6)] == [
        ("element 1, field pos[1].y", "was 2.0 and is 9.0", 7.0),
        ("element 1, field pos[1].name", "was 'cd' and is 'ce'", None),
        ("element 1, field n", "was 1 and is 3", 2.0),
    ]


def test_structures_in_structures_end():
    """Eight of them are read, each with its name before that of what is in it."""
    was, now = (npy(nested(8), (1,), struct.pack("<d", x)) for x in (1, 2))
    assert first(npy_mismatches, was, now, 0.1).where == f"element 0, field {'.'.join('a' * 8)}"


def test_what_takes_no_byte_is_no_part():
    """Nothing is in it that could part: elements are not looked at so many times for nothing."""
    parts, width = layout([("a", "|S0", (1_000,)), ("b", "|u1"), ("c", [], (900,))])
    assert ([part.name for part in parts], width) == (["b"], 1)


def test_a_name_in_a_file_is_shown_in_one_line():
    """With escapes for what cannot be printed, and cut: no file writes lines of its own."""
    forged = "a\nreproduced  all\x1b[2J" + "x" * 100
    was, now = (npy([(forged, "<f8")], (1,), struct.pack("<d", x)) for x in (1, 2))
    (found,) = npy_mismatches(was, now, 0.0)
    assert found.where.startswith(r"element 0, field a\nreproduced  all\x1b[2Jxxx")
    assert found.where.endswith("x…")
    assert len(found.where) < 120
    (found,) = npz_mismatches(zipped({forged + ".npy": b""}), zipped({}), 0.0)
    assert found.where.startswith(r"a\nreproduced  all\x1b[2Jxxx")
    (found,) = npz_mismatches(*(zipped({forged + ".txt": data}) for data in (b"a", b"b")), 0.0)
    assert found.where.startswith(r"a\nreproduced  all\x1b[2Jxxx")
    assert found.where.endswith("x…: byte 0")
    members = [zipped({forged + ".npy": doubles(number)}) for number in (1, 2)]
    (found,) = npz_mismatches(*members, 0.0)
    assert found.where.endswith("x…: element 0")
    (found,) = npy_mismatches(was, npy([("b" * 9_000, "<f8")], (1,), bytes(8)), 0.0)
    assert (found.where, len(found.now)) == ("type", 201)


def test_texts_and_times_have_no_tolerance():
    """They must be the same; the element that is not is named."""
    was, now = (npy("<U2", (2,), f"ab{x}".encode("utf-32-le")) for x in ("cd", "c\0"))
    assert first(npy_mismatches, was, was, 9.0) is None
    assert first(npy_mismatches, was, now, 9.0) == Mismatch("element 1", "was 'cd' and is 'c'")
    was, now = (npy("<M8[ns]", (1,), struct.pack("<q", at)) for at in (1, 2))
    assert first(npy_mismatches, was, now, 9.0) is not None


def test_an_array_of_nothing_is_compared_too():
    """No axis, no element, no byte in an element, or fields that are all padding."""
    for one in (
        npy("<f8", (), struct.pack("<d", 1)),
        npy("<f8", (0, 3), b""),
        npy("|S0", (3,), b""),
        npy([], (3,), b""),
    ):
        assert first(npy_mismatches, one, one, 0.0) is None
    padding = [("", "|V1")]
    assert first(npy_mismatches, npy(padding, (1,), b"a"), npy(padding, (1,), b"b"), 0.0) is None
    was, now = (npy("<f8", (), struct.pack("<d", x)) for x in (1, 2))
    assert first(npy_mismatches, was, now, 0.1).where == "element 0"


def zipped(members):
    """Return a zip of any files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_members_are_compared_by_their_own_names():
    """An npz in an npz, a JSON file; what is of no known format byte by byte, and alone."""
    was = zipped({"in.npz": npz(a=doubles(1.0)), "m.json": b"[1]", "t.txt": b"ab"})
    near = zipped({"in.npz": npz(a=doubles(1 + 1e-9)), "m.json": b"[1.0]", "t.txt": b"ab"})
    far = zipped({"in.npz": npz(a=doubles(2.0)), "m.json": b"[2]", "t.txt": b"ac"})

    assert first(npz_mismatches, was, near, 1e-6) is None
    assert [one.where for one in npz_mismatches(was, far, 1e-6)] == [
        "in.npz: a.npy: element 0",
        "m.json: $[0]",
        "t.txt: byte 1",
    ]


def test_a_member_that_cannot_be_read_spoils_no_other():
    """It is compared byte by byte, the others number by number."""
    was = zipped({"a.npy": doubles(1.0), "o.npy": npy("|O", (1,), b"12345678")})
    now = zipped({"a.npy": doubles(1 + 1e-9), "o.npy": npy("|O", (1,), b"12345679")})

    assert [one.where for one in npz_mismatches(was, now, 1e-6)] == ["o.npy: byte 135"]


def test_zips_in_zips_end():
    """What lies deeper than that is compared byte by byte."""
    was, now = npz(a=doubles(1.0)), npz(a=doubles(1 + 1e-9))
    for _ in range(2):
        was, now = zipped({"z.npz": was}), zipped({"z.npz": now})
    assert first(npz_mismatches, was, now, 1e-6) is None
    was, now = zipped({"z.npz": was}), zipped({"z.npz": now})
    assert first(npz_mismatches, was, now, 1e-6).where.startswith("z.npz: z.npz: z.npz: byte ")


def test_a_zip_of_nothing_but_names_is_unreadable(monkeypatch):
    """Its directory is as long as a stranger likes, and is not read to see that."""
    data = zipped({str(at): b"" for at in range(MAX_MEMBERS + 1)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(Unreadable):
        first(npz_mismatches, data, data, 0.0)
