"""What a run on peers would cost, as it is printed."""

from typing import Any

import pytest

from cli.costview import check_affordable, cost_of, print_quotation, quotation_json, step_json
from engine.errors import Unavailable
from peers.placement import Need, Room
from peers.quotation import Quotation, Seller, Wanted, quote
from tests.peers.keys import identity

A, B = sorted(identity(number).peer for number in (1, 2))


def peer(who: object, **prices: int) -> dict[str, Any]:
    """Return a peer of two cores as a node says it."""
    asks = {name.replace("_", "-"): amount for name, amount in prices.items()}
    facts = {"cores": 2, "memory": 2**30, "named": who == A, "expires_ms": 7}
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
    assert header.split() == ["PEER", "LENDS", "ASKS", "WOULD", "RUN", "CREDITS"]
    assert "named  core-second=0.001  s[0], s[1], s[2], s[3] and 2 more  0.009" in first
    assert second.split()[-3:] == ["nothing", "-", "-"]
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
            "steps": ["s[0]", "s[1]"],
            "expected": 1_500,
        },
        {"peer": str(B), "prices": {}, "expires_ms": 7, "steps": [], "expected": 0},
    ]
    assert facts == {
        "unit": "microcredit",
        "expected": 1_500,
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


def test_a_run_that_would_cost_more_than_it_may_is_said() -> None:
    """Exit 3, with the flag that raises it."""
    check_affordable(KNOWN, 9_000)
    with pytest.raises(Unavailable, match=r"cost 0\.009 credits, and may cost 0\.008999") as dear:
        check_affordable(KNOWN, 8_999)
    assert "--max-cost" in dear.value.fix
