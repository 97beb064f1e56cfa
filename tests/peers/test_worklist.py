"""Which steps go to whom, and together."""

from collections import Counter
from itertools import chain

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.content.cid import RAW, Cid
from peers.copies import COPIES, LATE, LATE_MS
from peers.credits import Credits
from peers.identity import PeerId
from peers.placement import FIRST_BAN_MS, Room
from peers.purse import Purse
from peers.recalls import RECALL_MS
from peers.run_frames import Task
from peers.step_messages import Need
from peers.worklist import AHEAD_MS, Ended, Worklist
from tests.peers.keys import identity

A, B, C = sorted(identity(number).peer for number in (1, 2, 3))
NEED = Need(Cid.of(RAW, b"environment"), 1, 1, 1_000)


def tasks(count: int, usual_ms: int | None = 1_000, kind: int = 0, start: int = 0) -> list[Task]:
    """Return steps of a kind."""
    return [
        Task(number, key(number), NEED, kind, usual_ms, (), ())
        for number in range(start, start + count)
    ]


def key(number: int) -> Cid:
    """Return the key of a step."""
    return Cid.of(RAW, b"%d" % number)


def worklist(*cores: int) -> Worklist:
    """Return one with providers of so many cores."""
    made = Worklist(frozenset)
    for peer, many in zip((A, B, C), cores, strict=False):
        made.join(peer, Room(many))
    return made


def placed(work: Worklist, now_ms: int = 0, coming: int = 0) -> dict[PeerId, list[int]]:
    """Place what can be; return who got which."""
    found = work.place(now_ms, coming=coming)
    return {peer: [task.number for task in given] for peer, given in found}


def test_long_steps_wait_for_room() -> None:
    """In their order."""
    work = worklist(1, 2)
    work.add(tasks(5, 10_000))
    assert sorted(chain(*placed(work).values())) == [0, 1, 2]
    assert placed(work) == {}
    assert work.done(key(0), A, 10) is not None
    assert [*placed(work).values()] == [[3]]


def test_short_steps_go_together_to_all() -> None:
    """As much as each does in a second, at most."""
    work = worklist(1, 1)
    work.add(tasks(1_000, 10))
    shares = {peer: len(given) for peer, given in placed(work).items()}
    assert shares.keys() == {A, B}
    assert all(AHEAD_MS // 10 <= many <= 2 * AHEAD_MS // 10 + 1 for many in shares.values())


def test_many_steps_of_an_unknown_kind_are_taken_for_short() -> None:
    """A few of them are not."""
    work = worklist(2)
    work.add(tasks(3, None))
    assert len(placed(work)[A]) == 3
    assert placed(work) == {}
    many = worklist(2)
    many.add(tasks(100, None))
    assert 10 < len(placed(many)[A]) < 50


def test_a_share_is_left_for_who_is_coming() -> None:
    """Nobody gets more meanwhile than its part, or than it runs at once."""
    work = worklist(1)
    work.add(tasks(100, 1))
    assert len(placed(work, coming=1)[A]) <= 51


def test_what_comes_back_is_first() -> None:
    """At another; the one that failed is left alone."""
    work = worklist(1, 1)
    work.add(tasks(4, 10_000))
    (number,) = placed(work)[A]
    work.give_back(key(number), A, 0, is_bad=True)
    work.done(key(1 - number), B, 10)
    assert placed(work) == {B: [number]}
    assert [*placed(work, FIRST_BAN_MS)] == [A]


def test_a_key_that_is_open_runs_once_at_a_time() -> None:
    """The second has its turn when the first has ended, and can be dropped before."""
    work = worklist(2)
    (one,) = tasks(1)
    work.add([one, one._replace(number=7), one._replace(number=8)])
    assert placed(work) == {A: [0]}
    assert work.drop(7) is None
    work.done(one.key, A, 5)
    assert placed(work) == {A: [8]}
    ended = work.drop(8)
    assert ended is not None
    assert ended.others == (A,)
    assert len(work) == 0


def test_a_check_goes_to_another_than_who_is_checked() -> None:
    """However idle that one is."""
    work = worklist(4, 1)
    checks = [task._replace(apart=(A.key,)) for task in tasks(2, 10_000)]
    work.add(checks)
    assert placed(work) == {B: [0]}
    assert work.done(key(0), B, 10) is not None
    assert placed(work) == {B: [1]}


def test_a_late_step_goes_to_a_second_when_nothing_waits() -> None:
    """Once; whoever is first, the other has it without need."""
    work = worklist(1)
    work.add(tasks(2, 100))
    placed(work)
    late_ms = LATE * 100 + LATE_MS + 1
    assert [task.number for task in work.late(late_ms)] == [0, 1]
    assert work.second(work.late(late_ms)[0], late_ms) is None
    work.join(B, Room(1))
    assert work.second(work.late(late_ms)[0], late_ms) == B
    assert [task.number for task in work.late(late_ms)] == [1]
    ended = work.done(key(0), B, 90)
    assert ended is not None
    assert ended.others == (A,)
    work.add(tasks(1, 100, start=9))
    assert work.late(late_ms) == []


def test_a_step_of_an_unknown_kind_is_late_when_its_time_is_up() -> None:
    """Whoever has it may be silent for ever: so may a second, which has twice as long."""
    work = worklist(1, 1, 1)
    work.add(tasks(1, None))
    placed(work)
    late_ms = NEED.wall_ms + LATE_MS + 1
    assert work.late(late_ms - 1) == []
    (task,) = work.late(late_ms)
    has = {work.second(task, late_ms)}
    assert work.late(2 * late_ms - 3) == []
    (task,) = work.late(2 * late_ms)
    has.add(work.second(task, 2 * late_ms))
    assert has < {A, B, C}
    assert len(has) == COPIES - 1
    assert work.late(10**9) == []


def test_what_two_have_and_one_gives_back_is_with_the_other() -> None:
    """It is not given out anew."""
    work = worklist(1, 1)
    work.add(tasks(1, 100))
    (first,) = placed(work)
    (task,) = work.late(10_000)
    second = work.second(task, 10_000)
    assert {first, second} == {A, B}
    work.give_back(task.key, first, 0, is_bad=False)
    assert placed(work) == {}
    assert second is not None
    work.give_back(task.key, second, 0, is_bad=False)
    assert [*chain(*placed(work).values())] == [0]


def again(number: int, maker: PeerId) -> Task:
    """Return a step that is done again."""
    return tasks(1, 10_000, start=number)[0]._replace(maker=maker.key)


def test_what_is_done_again_goes_to_who_did_it() -> None:
    """However busy that one is, and whoever is idle."""
    work = worklist(1, 1)
    work.add(tasks(1, 10_000))
    (busy,) = placed(work)
    work.add([again(1, busy), again(2, busy)])
    assert work.makers() == {busy}
    assert [*work.shapes().values()] == [2]
    assert placed(work) == {busy: [1, 2]}
    assert not work.makers()


def test_what_is_done_again_waits_for_who_did_it() -> None:
    """A few seconds; then anybody does it, and the others that wait for that one still do."""
    work = worklist(1)
    work.add([again(1, B)])
    work.add([again(2, B)], RECALL_MS - 1)
    assert placed(work, RECALL_MS - 1) == {}
    assert placed(work, RECALL_MS) == {A: [1]}
    work.join(B, Room(1))
    assert placed(work, RECALL_MS) == {B: [2]}


def test_who_cannot_do_it_again_is_not_waited_for() -> None:
    """What it gives back is anybody's; what is given back because it went waits for it again."""
    work = worklist(1, 1)
    work.add([again(1, A)])
    assert placed(work) == {A: [1]}
    work.give_back(key(1), A, 0, is_bad=False)
    assert work.makers() == {A}
    assert placed(work) == {A: [1]}
    work.give_back(key(1), A, 0, is_bad=True)
    assert not work.makers()
    assert placed(work) == {B: [1]}


def test_a_private_step_is_not_done_again_by_who_is_named_no_more() -> None:
    """Though that one did it the last time."""
    named = {A}
    work = Worklist(lambda: frozenset(named))
    for peer in (A, B):
        work.join(peer, Room(1))
    work.add([again(1, B)._replace(is_private=True), again(2, A)._replace(is_private=True)])
    assert placed(work) == {A: [2]}
    work.done(key(2), A, 10)
    assert placed(work) == {A: [1]}


KEYS = st.integers(0, 3).map(key)
PEERS = st.sampled_from([A, B, C])


def test_no_more_go_together_than_are_paid_for() -> None:
    """Many short steps go to one provider as far as its agreement covers them."""
    work = Worklist(frozenset)
    work.join(A, Room(1), Purse({"core-second": 1_000}, Credits(75)))
    work.add(tasks(100, 10))
    assert placed(work) == {A: [0, 1, 2, 3, 4, 5, 6]}
    assert placed(work) == {}


class Coming(RuleBasedStateMachine):
    """Steps come, go out, come back and end, some of them for a second time; so do providers."""

    def __init__(self) -> None:
        super().__init__()
        self.work, self.now_ms = worklist(1, 1), 0
        self.wanted: dict[int, Cid] = {}  # by number

    @rule(which=st.integers(0, 3), maker=st.sampled_from([b"", A.key, B.key, C.key]))
    def add(self, which: int, maker: bytes) -> None:
        """Have a step run, or run again."""
        number = len(self.wanted) + max(self.wanted, default=0) + 1
        one = tasks(1, start=which)[0]._replace(number=number, maker=maker)
        self.work.add([one], self.now_ms)
        self.wanted[number] = one.key

    @rule(later_ms=st.sampled_from([0, 1, RECALL_MS, 10**7]))
    def place(self, later_ms: int) -> None:
        """Give out what can be."""
        self.now_ms += later_ms
        placed(self.work, self.now_ms)

    @rule(which=KEYS, peer=PEERS, is_bad=st.booleans())
    def give_back(self, which: Cid, peer: PeerId, is_bad: bool) -> None:
        """Let a peer not do a step."""
        self.work.give_back(which, peer, self.now_ms, is_bad=is_bad)

    @rule(which=KEYS, peer=PEERS)
    def done(self, which: Cid, peer: PeerId) -> None:
        """Let a peer do a step."""
        self._ended(self.work.done(which, peer, 5))

    @rule(which=KEYS)
    def end(self, which: Cid) -> None:
        """Have a step done no more."""
        self._ended(self.work.end(which))

    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        """Want a step no more."""
        number = data.draw(st.sampled_from([0, *self.wanted]))
        self.work.drop(number)
        self.wanted.pop(number, None)

    @rule()
    def lose(self) -> None:
        """Give up what waits for anybody."""
        for shape in self.work.shapes():
            for task in self.work.lose(shape):
                del self.wanted[task.number]

    @rule(peer=PEERS, cores=st.integers(0, 2))
    def join(self, peer: PeerId, cores: int) -> None:
        """Let a peer lend something, or nothing."""
        self.work.join(peer, Room(cores))

    @invariant()
    def nothing_is_lost(self) -> None:
        """What was asked for and has not ended is there."""
        assert len(self.work) == len(self.wanted)
        for step in self.wanted.values():
            assert self.work.task(step) is not None

    def teardown(self) -> None:
        """Nothing is left of steps that have ended: no queue, and nobody who is waited for."""
        for number in tuple(self.wanted):
            self.work.drop(number)
        assert len(self.work) == 0
        assert not self.work.shapes()
        assert not self.work.makers()
        assert all(self.work.task(key(one)) is None for one in range(4))
        assert not any(self.work.placement.open(one) for one in (A, B))
        assert placed(self.work, self.now_ms + 10**9) == {}

    def _ended(self, ended: Ended | None) -> None:
        if ended is not None:
            del self.wanted[ended.task.number]


TestComing = Coming.TestCase
TestComing.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)


@settings(deadline=None)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(1, 80), st.sampled_from([None, 1, 90, 5_000])), max_size=4),
    st.randoms(use_true_random=False),
)
def test_every_step_is_run_once_however_they_come_and_go(
    cores: list[int], kinds: list[tuple[int, int | None]], random: st.DataObject
) -> None:
    """None is lost, none is with two, and in the end nothing is left."""
    work, now_ms, ran = worklist(*cores), 0, Counter[int]()
    number = 0
    for kind, (count, usual_ms) in enumerate(kinds):
        work.add(tasks(count, usual_ms, kind, number))
        number += count
    out: list[tuple[PeerId, int]] = []
    while len(work):
        now_ms += 100_000_000
        for peer, numbers in placed(work, now_ms).items():
            assert not {n for _, n in out} & {*numbers}
            out += [(peer, n) for n in numbers]
        peer, one = out.pop(random.randrange(len(out)))  # type: ignore[attr-defined]
        if random.random() < 0.2:  # type: ignore[attr-defined]
            work.give_back(key(one), peer, now_ms, is_bad=True)
        else:
            assert work.done(key(one), peer, 10) is not None
            ran[one] += 1
    assert ran == Counter(range(number))
