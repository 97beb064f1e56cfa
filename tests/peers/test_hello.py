"""A Hello holds for one connection, one pair of keys and one exchange, or not at all."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Damaged
from engine.step import SIGNED, Signed
from peers.certificate import SKEW_MS
from peers.errors import RemoteFault
from peers.hello import HELLO, MAX_HELLO, Acquaintance, Hello, introduce, meet
from peers.identity import PeerId
from peers.signed import seal
from tests.peers.keys import identity
from tests.peers.parties import DAY_MS, WALL_MS, certificate, curve_key, party

US = party(2, (1, 2, 5))
SOME = Cid.of(DAG_CBOR, b"some")


def said(by: int = 1, **changes: object) -> bytes:
    """Return the Hello of peer 1 to peer 2, with fields changed, signed by `by`."""
    key = curve_key(1)
    fields = {
        "versions": (1, 2, 3),
        "certificate": certificate(1, key),
        "audience": curve_key(2),
        "nonce": bytes(16),
        "answers": None,
        "heads": (SOME,),
    }
    return seal(HELLO, Hello(**{**fields, **changes}), identity(by)).data


def heard(data: bytes, wall_ms: int = WALL_MS, answers: Cid | None = None) -> Acquaintance:
    """Return what peer 2 makes of a Hello on the connection of peer 1's key."""
    return meet(US, data, curve_key=curve_key(1), answers=answers, wall_ms=wall_ms)


def test_who_says_hello_is_known() -> None:
    """Its signer, the highest common version and its heads are known."""
    met = heard(said())
    assert met.peer == PeerId(identity(1).public_key)
    assert (met.version, met.heads) == (2, (SOME,))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (said(by=3), "not signed by whom its certificate names"),
        (said(certificate=certificate(3, curve_key(1))), "not signed by whom"),
        (said(certificate=certificate(1, curve_key(3))), "another key"),
        (said(certificate=certificate(1, curve_key(1), WALL_MS - 2 * DAY_MS)), "not in force"),
        (said(certificate=certificate(1, curve_key(1), WALL_MS + DAY_MS)), "not in force"),
        (said(certificate=b"none"), "does not hold"),
        (said(audience=curve_key(3)), "to another peer"),
        (said(answers=SOME), "does not answer"),
        (said(versions=(3, 4)), "no version is common: the peer speaks 3, 4"),
        (said(by=2, certificate=certificate(2, curve_key(1))), "this peer itself"),
        (b"", "does not hold"),
        (bytes(MAX_HELLO + 1), "over"),
    ],
)
def test_what_does_not_hold(data: bytes, why: str) -> None:
    """A Hello by, for, about or of anybody or anything else is refused, and the log can say why."""
    with pytest.raises(RemoteFault, match=why):
        heard(data)


def test_clocks_may_differ() -> None:
    """A certificate is in force for ten minutes more at both its ends."""
    data = said()
    for wall_ms in (WALL_MS - SKEW_MS, WALL_MS + DAY_MS + SKEW_MS - 1):
        assert heard(data, wall_ms)
    for wall_ms in (WALL_MS - SKEW_MS - 1, WALL_MS + DAY_MS + SKEW_MS):
        with pytest.raises(RemoteFault, match="not in force"):
            heard(data, wall_ms)


def test_an_answer_names_what_it_answers() -> None:
    """The second Hello holds only beside the first, so no list of versions can be swapped."""
    first = introduce(party(2), curve_key(1), bytes(16), None)
    shorter = introduce(party(2, (1, 7)), curve_key(1), bytes(16), None)
    data = introduce(party(1), curve_key(2), bytes(16), first.cid).data
    assert heard(data, answers=first.cid)
    with pytest.raises(RemoteFault, match="does not answer"):
        heard(data, answers=shorter.cid)


def test_a_list_changed_on_the_way() -> None:
    """Who takes versions out of a list breaks its signature."""
    whole = SIGNED.decode(said())
    hello = HELLO.decode(whole.payload)
    payload = HELLO.encode(dataclasses.replace(hello, versions=(1,)))
    with pytest.raises(RemoteFault, match="signature"):
        heard(SIGNED.encode(Signed(payload, whole.public_key, whole.signature)))


@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_byte(place: int, change: int) -> None:
    """One byte changed anywhere, and it is a RemoteFault."""
    data = bytearray(said())
    data[place % len(data)] ^= change
    with pytest.raises(RemoteFault):
        heard(bytes(data))


@pytest.mark.parametrize(
    "changes",
    [
        {"versions": ()},
        {"versions": (2, 1)},
        {"versions": (1, 1)},
        {"versions": (0,)},
        {"versions": (2**16,)},
        {"versions": tuple(range(1, 18))},
        {"audience": b"short"},
        {"nonce": b"short"},
        {"heads": (SOME,) * 65},
    ],
)
def test_bounds(changes: dict[str, object]) -> None:
    """What is out of its bounds is no Hello."""
    with pytest.raises(ValueError, match="not a tallystick/hello/1"):
        said(**changes)


def test_golden() -> None:
    """The bytes of a Hello of version 1 are these, for ever."""
    hello = Hello((1,), b"c", b"a" * 32, b"n" * 16, None, ())
    assert Cid.of(DAG_CBOR, HELLO.encode(hello)) == Cid.parse(
        "bafyr4idfdwhyibl2oybibheweeb3hddeunefo7gtjaxuyeh3am7f2yxqku"
    )
    with pytest.raises(Damaged):
        HELLO.decode(HELLO.encode(hello) + b"\0")
