"""What requester and provider send each other is read as it was written, or is a fault."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import merkle
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, RAW, Cid
from peers.agreement import (
    ACCEPTANCE,
    BATCH,
    LEASE,
    MAX_AMOUNT,
    MAX_STEPS,
    OFFER,
    Acceptance,
    Batch,
    Lease,
    Offer,
    Said,
)
from peers.envelope import MAX_BODY
from peers.errors import RemoteFault
from peers.pass_record import MAX_PASSED, PASS, Pass
from peers.peer_record import MAX_ADDRESSES
from peers.plain import pack
from peers.signed import seal, unseal
from peers.work_messages import (
    MAX_CARRIED,
    MAX_PASSES,
    MAX_SIZES,
    MAX_WHY,
    SMALL,
    Need,
    Refusal,
    Steps,
    read_answer,
    read_batch,
    read_end,
    read_lease,
    read_offer,
    read_steps,
    write_answer,
    write_batch,
    write_end,
    write_lease,
    write_steps,
)
from tests.peers.keys import identity

WE, THEY = identity(1), identity(2)
OFFERED = seal(
    OFFER,
    Offer(bytes(16), WE.public_key, THEY.public_key, {}, 0, "own", (), 1, 1, 1, 1_000, 0),
    WE,
)
READERS: list[Callable[[bytes], object]] = [
    *(read_offer, read_answer, read_lease, read_batch, read_steps)
]


def block(text: str) -> Block:
    """Return some record."""
    data = text.encode()
    return Block(Cid.of(DAG_CBOR, data), data)


A, B = block("a").cid, block("b").cid
RECORDS = (block("result"), block("attestation"))
DATA = tuple(record.data for record in RECORDS)
SAID = Said(A, RECORDS[0].cid, RECORDS[1].cid)


def batch(*said: Said) -> bytes:
    """Return a signed batch."""
    root = merkle.root([one.leaf for one in said])
    return seal(BATCH, Batch(OFFERED.cid, 1, len(said), root), THEY).data


def test_an_offer_and_its_answers_are_read() -> None:
    """A yes with its signature; a no with its reason, which is not long."""
    assert read_offer(OFFERED.data).cid == OFFERED.cid
    yes = seal(ACCEPTANCE, Acceptance(OFFERED.cid), THEY).data
    assert read_answer(write_answer(yes)) == unseal(ACCEPTANCE, yes)
    assert read_answer(write_answer(Refusal("no"))) == Refusal("no")
    assert read_answer(write_answer(Refusal("n" * 9_999))) == Refusal("n" * MAX_WHY)


SIGNED_LEASE = seal(LEASE, Lease(OFFERED.cid, 1, 2, bytes(32), 1_000), WE).data
NEED = Need(A, 2**30, 2**20, 1_000)
NEED_EACH = [NEED._replace(memory=MAX_AMOUNT - number) for number in range(MAX_STEPS)]


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


@pytest.mark.parametrize(
    "one",
    [
        Pass(WE.public_key, b"short", (), (A,)),
        Pass(WE.public_key, THEY.public_key, (), ()),
        Pass(WE.public_key, THEY.public_key, (), (A,) * (MAX_PASSED + 1)),
        Pass(WE.public_key, THEY.public_key, ("nowhere",), (A,)),
        Pass(WE.public_key, THEY.public_key, ("h:1",) * (MAX_ADDRESSES + 1), (A,)),
    ],
)
def test_a_pass_is_from_one_peer_to_another_for_something(one: Pass) -> None:
    """It names no place that is none, and nothing without bound."""
    with pytest.raises(ValueError, match="a pass"):
        PASS.encode(one)


def test_sizes_come_with_a_batch() -> None:
    """As many as a message has room for."""
    sizes = {Cid.of(RAW, b"%d" % number): number for number in range(MAX_SIZES + 1)}
    told = read_batch(write_batch(batch(SAID), [SAID], RECORDS, (), sizes))
    assert told.sizes == dict([*sizes.items()][:MAX_SIZES])


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


def test_a_batch_is_read_with_its_records() -> None:
    """Each of them is what it is named."""
    signed = batch(SAID)
    told = read_batch(write_batch(signed, [SAID], RECORDS))
    opened = unseal(BATCH, signed)
    assert told[:4] == (opened, (SAID,), told.records, Block(opened.cid, signed))
    assert [one.data for one in told.records] == [one.data for one in RECORDS]


def test_a_batch_comes_with_what_is_small() -> None:
    """By its name, which its bytes give; and with no more of it than a message has room for."""
    small = [b"one", b"two", b"", (SMALL + 1) * b"x"]
    told = read_batch(write_batch(batch(SAID), [SAID], RECORDS, small))
    assert {cid: one.data for cid, one in told.carried.items()} == {
        Cid.of(RAW, data): data for data in (b"one", b"two", b"")
    }
    much = write_batch(batch(SAID), [SAID], RECORDS, [SMALL * b"x"] * 1_000)
    assert len(much) < MAX_CARRIED + 10_000


def test_an_end_names_its_agreement() -> None:
    """And nothing else."""
    assert read_end(write_end(A)) == A
    for body in (b"", A.raw + b"x", b"x" * 36):
        with pytest.raises(RemoteFault):
            read_end(body)


def test_steps_are_read() -> None:
    """Under their agreement, with a reason."""
    steps = Steps(OFFERED.cid, (A, B), "no disk")
    assert read_steps(write_steps(steps)) == steps


@pytest.mark.parametrize(
    "body",
    [
        write_batch(batch(SAID), [SAID], RECORDS[::-1]),
        write_batch(batch(SAID), [SAID], RECORDS[:1]),
        write_batch(batch(SAID), [SAID], ()),
        pack((batch(SAID), (SAID.leaf[:-1],), (b"", b""), (), ())),
        pack((batch(SAID), (SAID.leaf,), (1, 2), (), ())),
        pack((batch(SAID), (SAID.leaf,), DATA, (1,), ())),
        pack((b"junk", (SAID.leaf,), DATA, (), ())),
        pack((batch(SAID), (SAID.leaf,), DATA, (), (1,))),
        pack((batch(SAID), (SAID.leaf,), DATA, (), ((A.raw, -1),))),
        pack((batch(SAID), (SAID.leaf,), DATA, (), ((b"short", 1),))),
        pack((batch(SAID), (SAID.leaf,), DATA, (), ((A.raw, 1),) * (MAX_SIZES + 1))),
        pack((OFFERED.data, (), (), (), ())),
    ],
)
def test_a_batch_that_does_not_fit_together_is_a_fault(body: bytes) -> None:
    """Records that are missing, or are not what they are named; other forms."""
    with pytest.raises(RemoteFault):
        read_batch(body)


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
    for read in READERS:
        with pytest.raises(RemoteFault):
            read(junk)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.binary(max_size=40) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4).map(tuple),
    max_leaves=12,
)


@given(PLAIN)
def test_plain_values_of_other_forms_are_faults(value: object) -> None:
    """Each reader takes its own form alone; a no is the only one that nobody signs."""
    for read in READERS:
        with contextlib.suppress(RemoteFault):
            assert isinstance(read(pack(value)), Refusal)  # type: ignore[arg-type]
