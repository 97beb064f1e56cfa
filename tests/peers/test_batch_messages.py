"""What came out of steps is read as it was written, or is a fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import merkle
from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from peers.agreement import BATCH, Batch, Said
from peers.batch_messages import MAX_SIZES, read_batch, write_batch
from peers.errors import RemoteFault
from peers.plain import Plain, pack
from peers.signed import seal, unseal
from peers.small import MAX_CARRIED, SMALL
from tests.peers.offered import OFFERED, PLAIN, THEY, block

A = block("a").cid
RECORDS = (block("result"), block("attestation"))
DATA = tuple(record.data for record in RECORDS)
SAID = Said(A, RECORDS[0].cid, RECORDS[1].cid)


def batch(*said: Said) -> bytes:
    """Return a signed batch."""
    root = merkle.root([one.leaf for one in said])
    return seal(BATCH, Batch(OFFERED.cid, 1, len(said), root), THEY).data


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


def test_sizes_come_with_a_batch() -> None:
    """As many as a message has room for."""
    sizes = {Cid.of(RAW, b"%d" % number): number for number in range(MAX_SIZES + 1)}
    told = read_batch(write_batch(batch(SAID), [SAID], RECORDS, (), sizes))
    assert told.sizes == dict([*sizes.items()][:MAX_SIZES])


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


@given(st.binary(max_size=300))
def test_junk_is_a_fault(junk: bytes) -> None:
    """Whatever it is."""
    with pytest.raises(RemoteFault):
        read_batch(junk)


@given(PLAIN)
def test_plain_values_of_other_forms_are_faults(value: Plain) -> None:
    """No other form is taken for a batch."""
    with pytest.raises(RemoteFault):
        read_batch(pack(value))
