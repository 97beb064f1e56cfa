"""Array files, compared without numpy."""

import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.npy import MAX_UNPACKED, npy_mismatches, npz_mismatches
from engine.numeric import Mismatch, Unreadable


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
        npy([("a", "<f8")], (1,), b"12345678"),
        b"\x93NUMPY\x01\0\x05\0" + b"(((((",
        b"\x93NUMPY\x01\0\x07\0" + b"{[]: 1}",
        b"\x93NUMPY\x02\0" + struct.pack("<I", 2**31) + b"{}",
    ],
)
def test_what_is_no_plain_array_is_unreadable(data):
    """Pickles, records and junk are compared byte by byte instead."""
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


@settings(deadline=None)
@given(st.data())
def test_junk_never_breaks_the_reader(data):
    """Any change of a good file is compared or unreadable."""
    good = data.draw(st.sampled_from([doubles(1.0, 2.0), npz(a=doubles(1.0))]))
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + data.draw(st.binary(max_size=4)) + good[at + 1 :]
    for compare in (npy_mismatches, npz_mismatches):
        try:
            compare(good, bad, 1e-6)
        except Unreadable:
            continue
