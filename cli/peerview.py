"""How peers are printed: what the peer of this home does, and what is known of others."""

from collections.abc import Container
from typing import Any

from cli.report import counted, emit_table, human_size, note


def print_peers(facts: dict[str, Any]) -> None:
    """Print the peers that are known, and what was found of them."""
    peers, found = facts["peers"], facts.get("ipfs", {}).get("found", {}).values()
    if not peers:
        note("no other peer is known; 'tally peer add' names one")
    rows = [
        (
            one["peer"],
            _state(one, found),
            one["owner"] or "-",
            _checked(one),
            _lends(one),
            _asks(one),
            one["address"] or "-",
        )
        for one in peers
    ]
    emit_table(rows, ("peer", "state", "owner", "checks", "lends", "asks", "address"))
    if any(one["wrong"] for one in peers):
        note("'tally verify' lists the evidence of what was found wrong")


def _checked(one: dict[str, Any]) -> str:
    """Return what came of the checks of a peer's results."""
    wrong = f"{one['wrong']} wrong" if one["wrong"] else ""
    passed = "" if one["passed"] is None else f"{one['passed']} passed"
    passed += " since" if wrong and passed else ""
    return ", ".join(filter(None, (wrong, passed))) or "-"


def _state(one: dict[str, Any], found: Container[str]) -> str:
    if one.get("by") == "ipfs":
        return f"{one['state']}, by IPFS"
    return f"{one['state']}, found on IPFS" if one["peer"] in found else str(one["state"])


def _lends(one: dict[str, Any]) -> str:
    if not one.get("sandbox"):
        return "-"
    return f"{one['cores']} cores, {human_size(one['memory'])}"


def _asks(one: dict[str, Any]) -> str:
    from peers.price_list import show

    return (show(one["prices"]) or "nothing") if one.get("sandbox") else "-"


def said(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Return in words what a peer says of itself."""
    found = [("peer", facts["peer"]), ("state", "up" if facts["running"] else "down")]
    if not facts["running"]:
        return found
    lending, borrowing = facts["lending"], facts["borrowing"]
    waiting = lending["open"] - lending["running"]
    lends = (
        f"{counted(lending['running'], 'step')} of others, {waiting} waiting ({lending['door']})"
    )
    agreements = counted(borrowing["agreements"], "agreement")
    borrows = f"{counted(borrowing['runs'], 'run')} on peers, under {agreements}"
    sent, received = (human_size(facts["content"][word]) for word in ("sent", "received"))
    rows = (
        ("lends", lends),
        ("borrows", borrows),
        ("content", f"{sent} sent, {received} received"),
        ("catalogue", _in_catalogue(facts["catalogue"])),
        ("IPFS", _by_ipfs(facts["ipfs"])),
    )
    if facts.get("http"):
        found.append(("http", facts["http"]))
    return [*found, ("address", facts["address"]), *rows]


def _in_catalogue(facts: dict[str, int]) -> str:
    announced = counted(facts["announcements"], "resource")
    authors = counted(facts["authors"], "author")
    return f"{announced} of {authors}, {counted(facts['endorsements'], 'endorsement')}"


def _by_ipfs(facts: dict[str, Any]) -> str:
    if not facts["node"]:
        fix = f"; {facts['fix']}" if facts["fix"] else ""
        return f"nobody is found or reached by it: {facts['why']}{fix}"
    found = facts["found"]
    peers = len({peer for peer in found.values() if peer})
    return f"streams by node {facts['node']}; nodes found: {len(found)}, peers there: {peers}"
