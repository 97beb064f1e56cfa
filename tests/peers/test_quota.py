"""Where there is no room for all, nobody loses what is theirs by what others bring."""

from hypothesis import given
from hypothesis import strategies as st

from peers.quota import Quota, Rank, Thing

things = st.builds(
    Thing,
    key=st.integers(0, 60),
    maker=st.integers(0, 8),
    source=st.sampled_from("abc"),
    made_ms=st.integers(0, 20),
    rank=st.sampled_from(Rank),
)


@given(st.lists(things, max_size=200))
def test_there_are_never_more_than_there_is_room_for(many: list[Thing[int]]) -> None:
    """What is not own stays within the room and, of one maker, within its share; own stays."""
    quota = Quota[int](room=10, each=4)
    own: set[int] = set()
    for thing in many:
        gone = quota.put(thing)
        own.discard(thing.key)
        if thing.rank is Rank.OWN:
            own.add(thing.key)
        assert gone is None or gone not in quota
        assert (thing.key in quota) == (gone != thing.key)
        assert own <= {*quota}
        counted = [quota.get(key) for key in quota]
        others = [one for one in counted if one and one.rank is not Rank.OWN]
        assert len(others) <= 10
        assert all(sum(one.maker == each.maker for one in others) <= 4 for each in others)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 1000)), max_size=400))
def test_one_source_pushes_out_no_others(flood: list[tuple[int, int]]) -> None:
    """Whoever brings many, by as many makers, leaves what two others told of, however old it is."""
    quota = Quota[str](room=20, each=5)
    for number in range(6):
        assert quota.put(Thing(f"x{number}", f"x{number}", "x", 0)) is None
        assert quota.put(Thing(f"y{number}", f"y{number}", "y", 0)) is None
    for number, made_ms in flood:
        quota.put(Thing(f"f{number}", f"f{number}", "flooder", made_ms))
    assert {key for key in quota if key[0] in "xy"} == {f"{s}{n}" for s in "xy" for n in range(6)}


def test_what_is_trusted_outlasts_hearsay() -> None:
    """Hearsay makes room for what is trusted, and never the other way about."""
    quota = Quota[str](room=2, each=9)
    quota.put(Thing("a", "a", "s", 9))
    quota.put(Thing("b", "b", "s", 8, Rank.TRUSTED))
    assert quota.put(Thing("c", "c", "t", 1, Rank.TRUSTED)) == "a"
    assert quota.put(Thing("c", "c", "t", 2, Rank.TRUSTED)) is None
    assert quota.put(Thing("d", "d", "t", 99)) == "d"


def test_of_one_maker_the_newest_stay() -> None:
    """What is older than all that its maker has is not taken when the maker has enough."""
    quota = Quota[str](room=9, each=2)
    assert [quota.put(Thing(key, "m", "s", at)) for key, at in (("a", 3), ("b", 5))] == [None] * 2
    assert quota.put(Thing("c", "m", "t", 1)) == "c"
    assert quota.put(Thing("d", "m", "t", 4)) == "a"


def test_a_thing_counts_for_whoever_told_least() -> None:
    """What another source tells of, too, counts for that one when it has told of less."""
    quota = Quota[str](room=9, each=9)
    for key in "abc":
        quota.put(Thing(key, key, "s", 1))
    assert quota.vouch("a", "t")
    assert not quota.vouch("b", "t")
    found = quota.get("a")
    assert found is not None
    assert found.source == "t"
    assert not quota.vouch("nothing", "t")


def test_what_came_first_stays() -> None:
    """Of one source, what came first stays, and what is renewed keeps its place."""
    quota = Quota[str](room=2, each=9)
    quota.put(Thing("a", "a", "s", 1))
    quota.put(Thing("b", "b", "s", 2))
    assert quota.put(Thing("a", "a", "s", 9)) is None
    assert quota.put(Thing("c", "c", "s", 99)) == "c"
    assert quota.put(Thing("d", "d", "t", 0)) == "b"
