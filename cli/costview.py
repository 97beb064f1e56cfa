"""What a run on peers would cost, and who would do what of it, printed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cli.prepare import Prepared
from cli.report import emit_table, human_size, note, some
from engine.errors import Unavailable
from engine.estimate import Usual
from engine.forecast import Forecast
from engine.workflow.sharing import sharing
from peers.budget import Budget
from peers.credits import NOTHING, Credits, digits, show
from peers.identity import PeerId
from peers.placement import Need, Room
from peers.price_list import show as show_prices
from peers.quotation import Quotation, Quoted, Seller, Wanted, quote
from peers.royalties import NOBODY, Royalties

_NAMED: Final = 4  # steps of a peer

Peer = Mapping[str, Any]  # as the node of this home says it


def quoted(
    prepared: Prepared,
    found: Sequence[Forecast],
    known: Mapping[str, Usual],
    peers: Sequence[Peer],
    royalties: Royalties = NOBODY,
) -> Quotation:
    """Return what the steps that would, or may, run on peers would cost."""
    named = frozenset(PeerId.parse(one["peer"]) for one in peers if one["named"])
    sellers = [_seller(one) for one in peers]
    return quote([*_wanted(prepared, found, known, named)], sellers, royalties)


def print_quotation(found: Quotation, peers: Sequence[Peer] | None, most: int) -> None:
    """Print who would do what, and what all of it costs."""
    if peers is None:
        note("no peer runs in this home, so that it is not known who would run steps")
        return
    emit_table(
        [_row(one, found.by_peer.get(PeerId.parse(one["peer"]), [])) for one in peers],
        ("peer", "lends", "asks", "lends you", "would run", "credits"),
    )
    if not peers:
        note("nobody who could run steps is connected")
        return
    if unlent := [one.id for one in found.unlent]:
        note(f"no peer that is connected lends you what it takes to run {some(unlent, _NAMED)}")
    if nobody := [one.id for one in found.steps if one.peer is None and one.lacks is None]:
        note(f"no peer that is connected could run {some(nobody, _NAMED)}")
    if found.at_most or not found.unlent:
        note(f"expected cost: {_total(found, most)}")


def quotation_json(found: Quotation, peers: Sequence[Peer], most: int) -> dict[str, object]:
    """Return it as JSON has it; amounts are micro-credits."""
    by_peer = {str(peer): steps for peer, steps in found.by_peer.items()}
    providers = [
        {
            "peer": one["peer"],
            "prices": one["prices"],
            "expires_ms": one["expires_ms"],
            "credit": one["credit"],
            "steps": [step.id for step in by_peer.get(one["peer"], [])],
            "expected": sum(step.expected or 0 for step in by_peer.get(one["peer"], [])),
            "unknown": [step.id for step in by_peer.get(one["peer"], []) if step.expected is None],
        }
        for one in peers
    ]
    return {
        "unit": "microcredit",
        "expected": found.expected,
        "for_authors": found.for_authors,
        "at_most": min(found.at_most, most),
        "max_cost": most,
        "unknown": list(found.unknown),
        "providers": providers,
    }


def step_json(one: Quoted | None) -> dict[str, object]:
    """Return who would run a step, and what it would cost, as JSON has it."""
    peer = one and one.peer and str(one.peer)
    return {"peer": peer, "cost": one and one.expected}


def cost_of(one: Quoted | None) -> str:
    """Return what a step would cost, in credits."""
    if one is None or one.peer is None:
        return "-"
    return "unknown" if one.expected is None else digits(one.expected)


def check_affordable(found: Quotation, most: int) -> None:
    """Look whether a run may cost what it is expected to, and peers lend that.

    Raises: Unavailable when it may not, or they do not: in the words of a run.
    """
    for one in found.unlent:
        what, fix = Budget(Credits(most)).lack(one.lacks or NOTHING, is_guess=one.is_guess)
        raise Unavailable(what, fix=fix)
    if found.expected > most:
        what = f"a run is expected to cost {_expected(found)}, and may cost {show(most)}"
        raise Unavailable(what, fix="'--max-cost C' raises it")


def _wanted(
    prepared: Prepared,
    found: Sequence[Forecast],
    known: Mapping[str, Usual],
    named: frozenset[PeerId],
) -> Iterator[Wanted]:
    shares = sharing(prepared.workflow)
    groups = {group.step: group for group in prepared.groups}
    for one in found:
        if one.action not in ("run", "wait") or shares[one.step] == "never":
            continue
        group, wants = groups[one.step], prepared.workflow.steps[one.step].resources
        usual_ms = known[one.step].wall_ms if one.step in known else None
        only = None if shares[one.step] == "any" else named
        need = Need({}, usual_ms, group.cpus, wants.memory, 0, only)
        is_counted = one.index is not None or not group.scattered
        yield Wanted(one.id, need, wants.wall_ms, is_counted)


def _seller(one: Peer) -> Seller:
    room, credit = Room(one["cores"], one["memory"]), Credits(one["credit"])
    return Seller(PeerId.parse(one["peer"]), room, one["prices"], credit)


def _row(one: Peer, steps: Sequence[Quoted]) -> tuple[str, ...]:
    named = ", named" if one["named"] else ""
    lends = f"{one['cores']} cores, {human_size(one['memory'])}{named}"
    asks = show_prices(one["prices"]) or "nothing"
    lent = digits(one["credit"]) if one["prices"] else "-"
    ids = some([step.id for step in steps], _NAMED) or "-"
    return one["peer"], lends, asks, lent, ids, _credits(steps)


def _credits(steps: Sequence[Quoted]) -> str:
    """Return what a peer would get for some steps."""
    known = sum(step.expected or 0 for step in steps)
    if any(step.expected is None for step in steps):
        return f"{digits(known)} or more" if known else "unknown"
    return digits(known) if steps else "-"


def _total(found: Quotation, most: int) -> str:
    if not found.at_most:
        return "nothing"
    text = _expected(found)
    if found.unknown:
        text = f"{text} or more" if found.expected else "unknown"
        verb = "takes" if len(found.unknown) == 1 else "take"
        text += f": it is not known how long {some(found.unknown, _NAMED)} {verb}"
    bound = show(min(found.at_most, most))
    return f"{text}; at most {bound}" + (" (--max-cost)" if found.at_most > most else "")


def _expected(found: Quotation) -> str:
    """Return what a run is expected to cost, and how much of that authors get."""
    part = f" ({show(found.for_authors)} of it for authors)" if found.for_authors else ""
    return show(found.expected) + part
