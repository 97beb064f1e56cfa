"""What stays by default, and what goes."""

from engine.content.cid import RAW, Cid
from engine.store.retention import Kept, Kind, Policy, to_drop

TIGHT = Policy(environments=100)


def item(name: str, kind: Kind, *, size: int = 10, used: int = 0, pinned: bool = False) -> Kept:
    """Return something that may stay or go."""
    return Kept(Cid.of(RAW, name.encode()), kind, size, used, pinned)


def cids(*items: Kept) -> set[Cid]:
    """Return the names of items."""
    return {each.cid for each in items}


def dropped(*items: Kept, policy: Policy = TIGHT) -> set[Cid]:
    """Return what goes of these."""
    return {drop.cid for drop in to_drop(items, policy)}


def test_records_inputs_and_outputs_stay() -> None:
    """Nothing but intermediates and environments ever goes, whatever its size and age."""
    assert dropped(*(item(k, k, size=10**12) for k in ("record", "input", "output"))) == set()


def test_intermediates_go_unless_pinned() -> None:
    """An intermediate goes; pinned, or where the policy keeps them, it stays."""
    free, pinned = item("a", "intermediate"), item("b", "intermediate", pinned=True)
    assert dropped(free, pinned) == cids(free)
    assert dropped(free, pinned, policy=Policy(intermediates=True)) == set()


def test_an_intermediate_that_is_also_something_else_stays() -> None:
    """A file that one run made on its way and another gave as its result stays."""
    assert dropped(item("a", "intermediate"), item("a", "output")) == set()


def test_environments_stay_by_last_use_under_a_quota() -> None:
    """The last used stay while they fit; one that does not fit does not push out others."""
    new, middle = item("new", "environment", size=60, used=3), item("m", "environment", used=2)
    large, old = (
        item("large", "environment", size=50, used=1),
        item("old", "environment", size=30, used=0),
    )
    assert dropped(old, large, middle, new) == cids(large)


def test_pinned_environments_take_room_first() -> None:
    """A pinned environment stays however old, and leaves less room for others."""
    pinned = item("p", "environment", size=95, used=0, pinned=True)
    used = item("u", "environment", used=9)
    assert dropped(used, pinned) == cids(used)


def test_every_drop_says_why() -> None:
    """What goes is listed with its bytes and the reason, for the user to read."""
    (drop,) = to_drop([item("a", "intermediate", size=7)], Policy())
    assert drop.size == 7
    assert "its step" in drop.why
