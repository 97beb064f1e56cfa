"""What only steps read stays with who made it, whatever becomes of that one."""

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import TallyError
from peers.contact import GONE_MS
from peers.copies import LATE_MS
from peers.recalls import RECALL_MS
from peers.run_frames import Held, Task, read_outcomes, write_held, write_numbers, write_tasks
from peers.step_messages import Handed, Need
from peers.ticket import RECRUIT_MS
from tests.peers.labour import ENVIRONMENT, MIB, Asker, Worker, block, introduce, step
from tests.peers.test_requester import Made, ended, lost
from tests.peers.test_requester import asker as asker
from tests.peers.test_requester import made as made
from tests.peers.traders import until

NEED = Need(ENVIRONMENT.cid, 64 * MIB, 64 * MIB, 60_000)
MAKE = step("make")
LARGE = block(b"made by " + MAKE.cid.raw)  # what comes of it
READ = step("read", large=LARGE.cid)
BUSY = step("busy")
CHANGED = "what it reads is gone, and came out otherwise when it was made again"


def task(number: int, record: Block, *away: Cid, stays: bool = False) -> Task:
    """Return a step, which takes a second."""
    names = ("out",) if stays else ()
    about = Task(number, record.cid, NEED, 0, 1_000, ("out",), (), stays=names)
    return about._replace(record=record.data, away=away)


MAKER, READER = task(1, MAKE, stays=True), task(2, READ, LARGE.cid)
LONG = task(3, BUSY)._replace(kind=1, usual_ms=10**9)


def have_run(asker: Asker, *tasks: Task) -> None:
    """Have steps run."""
    asker.store.put([ENVIRONMENT, MAKE, READ, BUSY])
    asker.visit.on_frame(write_tasks(tasks))


def at_once(worker: Worker, handed: Handed) -> None:
    """Hand back what came out; what was printed comes with it."""
    worker.hand_back(handed, [worker.made(key) for key in handed.steps], [b"printed"])


def never(worker: Worker, handed: Handed) -> None:
    """Say nothing."""


def cannot(worker: Worker, handed: Handed) -> None:
    """Say that what a step reads could not be had."""
    worker.give_back(handed, "it does not come")


def leased(worker: Worker) -> list[Cid]:
    """Return the steps that a worker was given."""
    return [key for handed in worker.leases for key in handed.steps]


def number_of_passes(worker: Worker) -> list[int]:
    """Return how many passes came with each lease."""
    return [len(handed.passes) for handed in worker.leases]


def has(asker: Asker, worker: Worker, root: Cid) -> bool:
    """Return whether a worker can have something by its last lease."""
    ends: list[TallyError | None] = []
    scope = worker.leases[-1].lease.value.agreement
    worker.depot.fetch(scope, (root,), [asker.peer], ends.append, is_anew=True)

    def time_flies() -> object:
        worker.clock.by_ms += 100
        return ends

    until(time_flies, asker, worker)
    return ends == [None]


def made_at(asker: Asker, worker: Worker) -> None:
    """Have what is large made, and leave it there."""
    worker.run = at_once
    introduce(asker, worker)
    have_run(asker, MAKER)
    until(lambda: ended(asker), asker, worker)


def lose(asker: Asker, holder: Worker) -> None:
    """Have one vanish, for so long that it is taken for gone."""
    holder.vanish()
    until(lambda: asker.closed, asker)
    asker.clock.by_ms += GONE_MS
    asker.turn()


def read_elsewhere(asker: Asker, holder: Worker, *readers: Worker) -> None:
    """Have what is large made by one, who is busy then, and read by another."""
    made_at(asker, holder)
    holder.run = never
    have_run(asker, LONG)
    until(lambda: BUSY.cid in leased(holder), asker, holder)
    holder.run = at_once
    introduce(asker, *readers)
    have_run(asker, READER)


def test_what_stays_is_not_fetched(asker: Asker, made: Made) -> None:
    """Not a byte of it; the run is told that it is not here."""
    worker = made(2)
    made_at(asker, worker)
    assert asker.depot.status()["received"] == 0
    assert not asker.store.has(LARGE.cid)
    (outcome,) = read_outcomes(tuple(asker.visit.of("ended")))
    assert outcome.away == (LARGE.cid,)


def test_what_may_not_stay_is_fetched(asker: Asker, made: Made) -> None:
    """The same step, for a run that reads it here."""
    worker = made(2)
    worker.run = at_once
    introduce(asker, worker)
    have_run(asker, MAKER._replace(stays=()))
    until(lambda: ended(asker), asker, worker)
    assert asker.store.has(LARGE.cid)
    (outcome,) = read_outcomes(tuple(asker.visit.of("ended")))
    assert outcome.away == ()


def test_what_is_here_already_does_not_stay_away(asker: Asker, made: Made) -> None:
    """It is fetched from who says to have made it: of that its name is no proof (adr/0115)."""
    worker = made(2)
    asker.store.put([LARGE])
    made_at(asker, worker)
    assert asker.depot.status()["received"] >= len(LARGE.data)
    (outcome,) = read_outcomes(tuple(asker.visit.of("ended")))
    assert outcome.away == ()


def test_who_fetches_a_record_has_a_pass_for_what_it_made(asker: Asker, made: Made) -> None:
    """So that it asks for nothing of that."""
    worker = made(2)
    made_at(asker, worker)
    worker.run = never
    have_run(asker, READER._replace(record=b""))
    until(lambda: READ.cid in leased(worker), asker, worker)
    (one,) = worker.leases[-1].passes
    assert one.value.value.holder == one.value.value.reader == worker.peer.key


def test_who_made_it_reads_it_where_it_is(asker: Asker, made: Made) -> None:
    """Without a pass; that it is here, too, is nothing that it may make use of (adr/0115)."""
    worker = made(2)
    made_at(asker, worker)
    asker.store.put([LARGE])
    worker.run = never
    have_run(asker, READER)
    until(lambda: READ.cid in leased(worker), asker, worker)
    assert number_of_passes(worker) == [0, 0]
    assert has(asker, worker, ENVIRONMENT.cid)
    assert not has(asker, worker, LARGE.cid)


def test_another_is_given_a_pass(asker: Asker, made: Made) -> None:
    """For what it reads, of who has that, and for nobody else; it is not had from here."""
    holder, reader = made(2, cores=1), made(3)
    reader.run = never
    read_elsewhere(asker, holder, reader)
    until(lambda: reader.leases, asker, holder, reader)
    asker.store.put([LARGE])
    ((one,),) = [handed.passes for handed in reader.leases]
    assert one.value.signer == asker.peer
    value = one.value.value
    assert (value.holder, value.reader) == (holder.peer.key, reader.peer.key)
    assert value.roots == (LARGE.cid,)
    assert has(asker, reader, ENVIRONMENT.cid)
    assert not has(asker, reader, LARGE.cid)


def test_a_step_that_has_a_pass_is_leased_alone(asker: Asker, made: Made) -> None:
    """Others of the same lease need not wait for what it waits for."""
    holder, reader = made(2, cores=1), made(3, cores=4)
    reader.run = never
    read_elsewhere(asker, holder, reader)
    have_run(asker, task(4, step("x")), task(5, step("y")))
    until(lambda: len(leased(reader)) == 3, asker, holder, reader)
    (with_pass,) = [handed for handed in reader.leases if handed.passes]
    assert with_pass.steps == (READ.cid,)


def test_what_did_not_come_is_brought_here_first(asker: Asker, made: Made) -> None:
    """Who made it tells it once more, and then it is had from here, though others are idle."""
    holder, reader = made(2, cores=1), made(3)
    reader.run = cannot
    read_elsewhere(asker, holder, reader)
    until(lambda: reader.leases, asker, holder, reader)
    reader.run = at_once
    until(lambda: 2 in ended(asker), asker, holder, reader)
    assert leased(holder) == [MAKE.cid, BUSY.cid, MAKE.cid]
    assert leased(reader) == [READ.cid, READ.cid]
    assert number_of_passes(reader) == [1, 0]
    assert asker.store.has(LARGE.cid)
    assert has(asker, reader, LARGE.cid)
    assert sorted(ended(asker)) == [1, 2]


def test_what_went_with_its_holder_is_made_by_another(asker: Asker, made: Made) -> None:
    """Nobody is given a pass for what one has that is not there."""
    holder, reader = made(2), made(3)
    made_at(asker, holder)
    lose(asker, holder)
    reader.run = at_once
    introduce(asker, reader)
    have_run(asker, READER)
    until(lambda: ("steps", 1) in brought(asker), asker, reader)
    assert not reader.leases
    asker.clock.by_ms += RECALL_MS
    until(lambda: 2 in ended(asker), asker, reader)
    assert leased(reader) == [MAKE.cid, READ.cid]
    assert number_of_passes(reader) == [0, 0]


def test_what_comes_out_otherwise_loses_who_reads_it(asker: Asker, made: Made) -> None:
    """With a reason: those that wait, and those that come later."""
    holder, reader = made(2, cores=1), made(3)
    reader.run = cannot
    holder.gives = b"first "
    first = block(holder.gives + MAKE.cid.raw)
    made_at(asker, holder)
    lose(asker, holder)
    reader.run = at_once
    introduce(asker, reader)
    have_run(asker, READER._replace(away=(first.cid,)))
    until(lambda: ("steps", 1) in brought(asker), asker, reader)
    asker.clock.by_ms += RECALL_MS
    until(lambda: lost(asker), asker, reader)
    assert lost(asker) == [CHANGED]
    have_run(asker, READER._replace(number=5, away=(first.cid,)))
    assert lost(asker) == [CHANGED, CHANGED]
    assert leased(reader) == [MAKE.cid]


def test_a_step_that_waits_can_be_stopped(asker: Asker, made: Made) -> None:
    """It is given to nobody when what it reads has come; a second time it is."""
    holder, reader = made(2, cores=1), made(3)
    reader.run = cannot
    read_elsewhere(asker, holder, reader)
    holder.run = never
    until(lambda: leased(holder).count(MAKE.cid) == 2, asker, holder, reader)
    asker.visit.on_frame(write_numbers("stop", [2]))
    at_once(holder, holder.leases[-1])
    until(lambda: holder.confirmed == 2, asker, holder, reader)
    assert asker.store.has(LARGE.cid)
    reader.run = at_once
    have_run(asker, READER._replace(number=6))
    until(lambda: 6 in ended(asker), asker, holder, reader)
    assert leased(reader) == [READ.cid, READ.cid]
    assert not lost(asker)


def test_a_run_that_ends_meanwhile_leaves_nothing(asker: Asker, made: Made) -> None:
    """Every agreement ends, and nobody may have anything by them."""
    holder, reader = made(2, cores=1), made(3)
    reader.run = cannot
    read_elsewhere(asker, holder, reader)
    holder.run = never
    until(lambda: leased(holder).count(MAKE.cid) == 2, asker, holder, reader)
    asker.visit.on_closed()
    until(lambda: len(holder.ended) == 2 and reader.ended, asker, holder, reader)
    assert {*holder.ended} == {handed.lease.value.agreement for handed in holder.leases}
    at_once(holder, holder.leases[-1])
    until(lambda: holder.confirmed == 2, asker, holder)
    assert not asker.store.has(LARGE.cid)
    assert not has(asker, reader, ENVIRONMENT.cid)


def late(asker: Asker, *workers: Worker) -> None:
    """Let so much time pass that what is open is given to one more."""
    until(lambda: len(asker.lines.peers()) == len(workers), asker, *workers)
    asker.clock.by_ms += LATE_MS + 10_000


def test_a_second_copy_is_given_a_pass_too(asker: Asker, made: Made) -> None:
    """What it reads is had by that, and not from here."""
    holder, slow, second = made(2, cores=1), made(3, cores=1), made(4, cores=1)
    slow.run = second.run = never
    read_elsewhere(asker, holder, slow)
    until(lambda: slow.leases, asker, holder, slow)
    asker.store.put([LARGE])
    introduce(asker, second)
    late(asker, holder, slow, second)
    until(lambda: READ.cid in leased(second), asker, holder, slow, second)
    (handed,) = [one for one in second.leases if READ.cid in one.steps]
    assert [one.value.value.reader for one in handed.passes] == [second.peer.key]
    assert not has(asker, second, LARGE.cid)


def test_a_second_copy_that_cannot_be_had_does_not_end_the_first(asker: Asker, made: Made) -> None:
    """Whoever has it may be at work on it."""
    holder, slow, second = made(2, cores=1), made(3, cores=1), made(4, cores=1)
    slow.run, second.run = never, cannot
    read_elsewhere(asker, holder, slow)
    until(lambda: slow.leases, asker, holder, slow)
    introduce(asker, second)
    late(asker, holder, slow, second)
    until(lambda: "it does not come" in reasons(asker), asker, holder, slow, second)
    at_once(slow, slow.leases[0])
    until(lambda: 2 in ended(asker), asker, holder, slow, second)
    assert not slow.stopped
    assert not brought(asker)


def test_nobody_is_second_when_what_is_read_cannot_be_passed_on(asker: Asker, made: Made) -> None:
    """As when its holder is gone; the first goes on."""
    holder, slow, second = made(2, cores=1), made(3, cores=1), made(4, cores=1)
    slow.run = second.run = never
    read_elsewhere(asker, holder, slow)
    until(lambda: slow.leases, asker, holder, slow)
    holder.vanish()
    until(lambda: asker.closed, asker, slow)
    introduce(asker, second)
    late(asker, slow, second)
    until(lambda: BUSY.cid in leased(second), asker, slow, second)
    second.run = at_once
    at_once(second, second.leases[-1])
    until(lambda: 3 in ended(asker), asker, slow, second)
    for _ in range(4):
        asker.clock.by_ms += RECRUIT_MS
        asker.turn()
    assert READ.cid not in leased(second)
    assert not slow.stopped
    assert not brought(asker)
    cannot(slow, slow.leases[0])
    until(lambda: brought(asker), asker, slow, second)


def test_what_was_made_in_an_earlier_run_is_passed_on(asker: Asker, made: Made) -> None:
    """The run says who has it, when a step reads it; it is not made anew."""
    holder, reader = made(2, cores=1), made(3)
    holder.run = never
    introduce(asker, holder)
    have_run(asker, LONG)
    until(lambda: holder.leases, asker, holder)
    introduce(asker, reader)
    kept = Held(MAKER._replace(number=0), (LARGE.cid,), holder.peer.key)
    asker.visit.on_frame(write_held([kept]))
    reader.run = at_once
    have_run(asker, READER)
    until(lambda: 2 in ended(asker), asker, holder, reader)
    assert leased(reader) == [READ.cid]
    assert [one.value.value.holder for one in reader.leases[0].passes] == [holder.peer.key]


def brought(asker: Asker) -> list[tuple[str, object]]:
    """Return what is said of content that is to be brought here."""
    return [("steps", facts["steps"]) for event, facts in asker.said if event == "content brought"]


def reasons(asker: Asker) -> list[object]:
    """Return why steps were given back."""
    return [facts["why"] for event, facts in asker.said if event == "steps given back"]


def test_who_gave_a_wrong_result_is_given_nothing_more(asker: Asker, made: Made) -> None:
    """Its open steps go to others."""
    liar, other = made(2), made(3)
    liar.run = never
    introduce(asker, liar)
    have_run(asker, LONG)
    until(lambda: BUSY.cid in leased(liar), asker, liar)
    asker.visit.on_frame(("accused", (liar.peer.key,)))
    other.run = at_once
    introduce(asker, other)
    until(lambda: ended(asker), asker, liar, other)
    assert BUSY.cid in leased(other)
    assert str(liar.peer) in asker.requester.status()["shunned"]
