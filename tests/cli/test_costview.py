"""What a run on peers would cost, as it is printed."""

from typing import Any

import pytest

from cli.costview import check_affordable, cost_of, print_quotation, quotation_json, step_json
from engine.errors import Unavailable
from peers.credits import Credits
from peers.placement import Need, Room
from peers.quotation import Quotation, Seller, Wanted, quote
from peers.royalties import Royalties
from peers.royalty import MANIFEST, Author, Manifest
from peers.signed import seal
from tests.peers.keys import identity

ANN = identity(3)
MANIFESTED = Manifest(None, (Author(ANN.public_key, 1),), 1_000, 1_000, 10**9)
ROYALTIES = Royalties([seal(MANIFEST, MANIFESTED, ANN).data])
A, B = sorted(identity(number).peer for number in (1, 2))


def peer(who: object, **prices: int) -> dict[str, Any]:
    """Return a peer of two cores as a node says it."""
    asks = {name.replace("_", "-"): amount for name, amount in prices.items()}
    facts = {"cores": 2, "memory": 2**30, "named": who == A, "expires_ms": 7, "credit": 500_000}
    return {"peer": str(who), "prices": asks, **facts}


PEERS = [peer(A, core_second=1_000), peer(B)]


def quotation(*needs: Need) -> Quotation:
    """Return what some steps would cost with a peer that asks something."""
    wanted = [Wanted(f"s[{number}]", need, 60_000) for number, need in enumerate(needs)]
    return quote(wanted, [Seller(A, Room(2), PEERS[0]["prices"])])


KNOWN = quotation(*[Need({}, 1_500)] * 6)
PARTLY = quotation(Need({}, 1_500), Need({}, None), Need({}, 10, cores=3))


def test_who_would_run_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """With what each asks and gets; who would run nothing is there, too."""
    print_quotation(KNOWN, PEERS, 1_000_000)
    told = capsys.readouterr()
    header, first, second = told.out.splitlines()
    assert header.split()[:5] == ["PEER", "LENDS", "ASKS", "LENDS", "YOU"]
    assert "named  core-second=0.001  0.5        s[0], s[1], s[2], s[3] and 2 more  0.009" in first
    assert second.split()[-4:] == ["nothing", "-", "-", "-"]
    assert told.err == "expected cost: 0.009 credits; at most 0.36 credits\n"


def test_what_is_not_known_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """How long a step takes, and who could run it; the budget bounds it in any case."""
    print_quotation(PARTLY, PEERS, 100_000)
    told = capsys.readouterr().err
    assert "no peer that is connected could run s[2]" in told
    assert "0.0015 credits or more: it is not known how long s[1] takes" in told
    assert "at most 0.1 credits (--max-cost)" in told
    assert [cost_of(one) for one in (*PARTLY.steps, None)] == ["0.0015", "unknown", "-", "-"]


@pytest.mark.parametrize(
    ("peers", "said"),
    [
        (None, "no peer runs in this home"),
        ([], "nobody who could run steps is connected"),
        ([peer(B)], "expected cost: nothing"),
    ],
)
def test_what_costs_nothing(
    peers: list[dict[str, Any]] | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody there, or nobody who asks anything."""
    print_quotation(quote([], []), peers, 0)
    assert said in capsys.readouterr().err


def test_scripts_get_micro_credits() -> None:
    """Of each step, of each peer, of all."""
    facts = quotation_json(PARTLY, PEERS, 100_000)
    assert facts.pop("providers") == [
        {
            "peer": str(A),
            "prices": {"core-second": 1_000},
            "expires_ms": 7,
            "credit": 500_000,
            "steps": ["s[0]", "s[1]"],
            "expected": 1_500,
            "unknown": ["s[1]"],
        },
        {
            "peer": str(B),
            "prices": {},
            "expires_ms": 7,
            "credit": 500_000,
            "steps": [],
            "expected": 0,
            "unknown": [],
        },
    ]
    assert facts == {
        "unit": "microcredit",
        "expected": 1_500,
        "for_authors": 0,
        "at_most": 100_000,
        "max_cost": 100_000,
        "unknown": ["s[1]"],
    }
    assert [step_json(one) for one in PARTLY.steps] == [
        {"peer": str(A), "cost": 1_500},
        {"peer": str(A), "cost": None},
        {"peer": None, "cost": None},
    ]
    assert step_json(None) == {"peer": None, "cost": None}


def test_several_steps_take_time(capsys: pytest.CaptureFixture[str]) -> None:
    """And one takes it."""
    print_quotation(quotation(Need({}, None), Need({}, None)), PEERS, 1_000_000)
    assert "it is not known how long s[0], s[1] take; at most" in capsys.readouterr().err


def test_what_is_not_known_at_all_is_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither that of a peer nor that of all is 0."""
    unknown = quotation(Need({}, None))
    print_quotation(unknown, PEERS, 1_000_000)
    told = capsys.readouterr()
    assert told.out.splitlines()[1].endswith("s[0]       unknown")
    assert "expected cost: unknown: it is not known how long s[0] takes; at most 0.06" in told.err
    print_quotation(PARTLY, PEERS, 1_000_000)
    assert "0.0015 or more" in capsys.readouterr().out
    assert quotation_json(unknown, PEERS, 1)["providers"][0]["unknown"] == ["s[0]"]  # type: ignore[index]


def test_authors_are_part_of_what_a_run_costs(capsys: pytest.CaptureFixture[str]) -> None:
    """With a share of what is expected, and what is fixed; nothing where nobody is paid."""
    dearer = KNOWN._replace(royalties=ROYALTIES)
    assert (dearer.expected, dearer.for_authors, dearer.at_most) == (10_900, 1_900, 397_000)
    print_quotation(dearer, PEERS, 1_000_000)
    told = capsys.readouterr().err
    assert "expected cost: 0.0109 credits (0.0019 credits of it for authors); at most" in told
    assert quotation_json(dearer, PEERS, 1)["for_authors"] == 1_900
    with pytest.raises(Unavailable, match="for authors"):
        check_affordable(dearer, 10_899)
    assert quotation(Need({}, None))._replace(royalties=ROYALTIES).expected == 1_000
    nobody = quote([], [], ROYALTIES)
    assert (nobody.expected, nobody.at_most) == (0, 0)


def test_what_nobody_lends_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3, in the words of a run; also when it is enough for some of the steps alone."""
    wanted = [Wanted(f"s[{number}]", Need({}, 1_500), 60_000) for number in range(3)]
    poor = quote(wanted, [Seller(A, Room(2), {"core-second": 1_000}, Credits(4_000))])
    assert (poor.expected, poor.at_most) == (3_000, 4_000)
    print_quotation(poor, PEERS, 1_000_000)
    told = capsys.readouterr().err
    assert "lends you what it takes to run s[2]\nexpected cost: 0.003 credits" in told
    nobody = quote(wanted, [Seller(A, Room(2), {"core-second": 1_000}, Credits(0))])
    print_quotation(nobody, PEERS, 1_000_000)
    assert "expected cost" not in capsys.readouterr().err
    with pytest.raises(
        Unavailable, match=r"lends this one the 0\.0015 credits that it costs"
    ) as no:
        check_affordable(poor, 1_000_000)
    assert "ask their owners for a higher limit" in no.value.fix


def test_a_run_that_would_cost_more_than_it_may_is_said() -> None:
    """Exit 3, with the flag that raises it."""
    check_affordable(KNOWN, 9_000)
    with pytest.raises(Unavailable, match=r"cost 0\.009 credits, and may cost 0\.008999") as dear:
        check_affordable(KNOWN, 8_999)
    assert "--max-cost" in dear.value.fix
