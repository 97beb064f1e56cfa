"""Who reads on from where it was misses nothing, and reads nothing twice."""

from hypothesis import given
from hypothesis import strategies as st

from peers.changes import Changes, Cursor

steps = st.lists(st.tuples(st.sampled_from(("touch", "drop", "read")), st.integers(0, 9)))


@given(steps, st.integers(1, 4))
def test_a_reader_comes_to_know_what_is_there(done: list[tuple[str, int]], most: int) -> None:
    """Whatever changes meanwhile, in the end a reader was listed all that is there, in order."""
    changes, cursor = Changes[int](7), Cursor(0, 0)
    latest: dict[int, int] = {}  # by item, at which change
    listed: dict[int, int] = {}
    for number, (what, item) in enumerate([*done, *[("read", 0)] * 20]):
        if what == "touch":
            changes.touch(item)
            latest[item] = number
        elif what == "drop":
            changes.drop(item)
            latest.pop(item, None)
        else:
            page = changes.since(cursor, most)
            assert len(page.items) <= most
            assert page.more == (len(changes.since(page.upto, most).items) > 0)
            order = [latest[one] for one in page.items]
            assert order == sorted(order)
            assert all(listed.get(one) != latest[one] for one in page.items)
            listed.update((one, latest[one]) for one in page.items)
            cursor = page.upto
    assert {one: listed.get(one) for one in latest} == latest
    assert all(one in changes for one in latest)


def test_after_a_restart_all_is_read_again() -> None:
    """A cursor of another start says nothing."""
    changes = Changes[str](7)
    changes.touch("a")
    assert changes.since(Cursor(7, 1), 9).items == ()
    assert changes.since(Cursor(6, 1), 9).items == ("a",)


def test_what_changes_over_and_over_takes_no_more_room() -> None:
    """Places of what has changed since are cleared away."""
    changes = Changes[str](7)
    for _ in range(1_000):
        changes.touch("a")
    assert changes.position == 1_000
    assert len(changes._order) < 10
    assert changes.since(Cursor(7, 0), 9).items == ("a",)
