"""Steps that are handed over, or go back, are read as they were written, or are faults."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content.cid import DAG_CBOR, Cid
from peers.agreement import LEASE, MAX_STEPS, Lease
from peers.envelope import MAX_BODY
from peers.errors import RemoteFault
from peers.pass_record import PASS, Pass
from peers.plain import Plain, pack
from peers.signed import seal, unseal
from peers.small import SMALL
from peers.step_messages import (
    MAX_NEED,
    MAX_PASSES,
    Need,
    Steps,
    read_lease,
    read_steps,
    write_lease,
    write_steps,
)
from tests.peers.offered import OFFERED, PLAIN, THEY, WE, block

A, B = block("a").cid, block("b").cid
SIGNED_LEASE = seal(LEASE, Lease(OFFERED.cid, 1, 2, bytes(32), 1_000), WE).data
NEED = Need(A, 2**30, 2**20, 1_000)
NEED_EACH = [NEED._replace(memory=MAX_NEED - number) for number in range(MAX_STEPS)]


@given(
    st.lists(
        st.sampled_from([NEED, NEED._replace(cores=2, is_fresh=True), NEED._replace(environment=B)])
    )
)
def test_a_lease_is_read(needs: list[Need]) -> None:
    """With its steps in order, and what each of them needs."""
    steps = tuple(block(str(number)).cid for number in range(len(needs) + 1))
    body, lease = write_lease(SIGNED_LEASE, steps, [NEED, *needs]), unseal(LEASE, SIGNED_LEASE)
    assert read_lease(body) == (lease, SIGNED_LEASE, steps, (NEED, *needs), {}, ())


def test_a_lease_comes_with_the_records_of_small_steps() -> None:
    """Each is what its step is named; the others, and what there is no room for, are not there."""
    blocks = [block(text * SMALL) for text in ("a", "xx", "b")]
    steps, needs = [one.cid for one in blocks], [NEED] * 3
    body = write_lease(SIGNED_LEASE, steps, needs, [one.data for one in blocks])
    found = read_lease(body).records
    assert [(cid, one.data) for cid, one in found.items()] == [
        (one.cid, one.data) for one in (blocks[0], blocks[2])
    ]
    many = [SMALL * b"x"] * MAX_STEPS
    body = write_lease(SIGNED_LEASE, [Cid.of(DAG_CBOR, many[0])] * MAX_STEPS, NEED_EACH, many)
    assert len(body) <= MAX_BODY
    assert read_lease(body).records.keys() == {Cid.of(DAG_CBOR, many[0])}


def test_records_of_other_steps_are_a_fault() -> None:
    """And some without their steps."""
    for records in ([b"other"], [b"a", b"b"]):
        with pytest.raises(RemoteFault):
            read_lease(write_lease(SIGNED_LEASE, [A], [NEED], records))


def test_a_lease_comes_with_passes() -> None:
    """Some, and each of them signed; anything else in their place is a fault."""
    signed = seal(PASS, Pass(WE.public_key, THEY.public_key, ("[::1]:7",), (A, B)), WE).data
    (one,) = read_lease(write_lease(SIGNED_LEASE, [A], [NEED], (), [signed])).passes
    assert (one.signed, one.value.signer, one.value.value.roots) == (signed, WE.peer, (A, B))
    for passes in ([signed] * (MAX_PASSES + 1), [b"junk"], [OFFERED.data], [1]):
        with pytest.raises(RemoteFault):
            read_lease(write_lease(SIGNED_LEASE, [A], [NEED], (), passes))


def test_what_neighbours_need_is_said_once() -> None:
    """A lease of a thousand steps alike is little more than their keys."""
    steps = [block(str(number)).cid for number in range(1_000)]
    assert len(write_lease(SIGNED_LEASE, steps, [NEED] * 1_000)) < 40_000


def test_the_largest_lease_fits_in_a_message() -> None:
    """Also when no two neighbours need the same."""
    body = write_lease(SIGNED_LEASE, [A] * MAX_STEPS, NEED_EACH)
    assert len(body) <= MAX_BODY
    assert read_lease(body).needs == tuple(NEED_EACH)


GROUP = (A.raw, 1, 1, 1, 1, False, (A.raw,))


@pytest.mark.parametrize(
    "groups",
    [
        (),
        (GROUP[:-1],),
        (A.raw,),
        ((b"short", *GROUP[1:]),),
        *(((*GROUP[:at], bad, *GROUP[at + 1 :]),) for at in range(1, 5) for bad in (0, -1, 2**53)),
        ((*GROUP[:1], True, *GROUP[2:]),),
        ((*GROUP[:5], 1, *GROUP[6:]),),
        (GROUP,) * (MAX_STEPS + 1),
    ],
)
def test_what_steps_need_is_within_bounds(groups: tuple[object, ...]) -> None:
    """Of another form, nothing, more than there is; or more steps than a lease has."""
    with pytest.raises(RemoteFault):
        read_lease(pack((SIGNED_LEASE, groups, (), ())))  # type: ignore[arg-type]


def test_steps_are_read() -> None:
    """Under their agreement, with a reason."""
    steps = Steps(OFFERED.cid, (A, B), "no disk")
    assert read_steps(write_steps(steps)) == steps


@pytest.mark.parametrize("steps", [(), (b"short",), (A.raw,) * (MAX_STEPS + 1), (1,), (bytes(36),)])
def test_steps_are_cids_and_not_too_many(steps: tuple[object, ...]) -> None:
    """In a lease, and in what goes back."""
    with pytest.raises(RemoteFault):
        read_lease(pack((SIGNED_LEASE, ((*GROUP[:-1], steps),), (), ())))  # type: ignore[arg-type]
    with pytest.raises(RemoteFault):
        read_steps(pack((OFFERED.cid.raw, steps, "")))  # type: ignore[arg-type]


@given(st.binary(max_size=300))
def test_junk_is_a_fault(junk: bytes) -> None:
    """Whatever it is, and whoever reads it."""
    for read in (read_lease, read_steps):
        with pytest.raises(RemoteFault):
            read(junk)


@given(PLAIN)
def test_plain_values_of_other_forms_are_faults(value: Plain) -> None:
    """Each reader takes its own form alone."""
    for read in (read_lease, read_steps):
        with pytest.raises(RemoteFault):
            read(pack(value))
