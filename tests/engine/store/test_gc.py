"""gc: what stays, what goes, what comes back of the disk, and who wins a race."""

import os
from pathlib import Path

import pytest

from engine.content.cid import Cid
from engine.content.links import links
from engine.errors import Damaged, Unavailable
from engine.store import gc as collector
from engine.store.disk import DiskStore
from engine.store.gc import Swept, gc
from engine.store.leases import GRACE_MS
from tests.engine.store.shelf import Clock, above, cut, files, node, overwrite, packs, put_file, raw

HOUR_MS = 3_600_000


def age(store: DiskStore) -> None:
    """Let what was put so far be old, and under no lease."""
    store.release_lease()
    assert isinstance(store.clock, Clock)
    store.clock.ms += 2 * HOUR_MS


def here(store: DiskStore, *cids: Cid) -> list[bool]:
    """Return which blocks are here, and readable."""
    found = []
    for cid in cids:
        try:
            store.get(cid)
            found.append(True)
        except Unavailable:
            assert not store.has(cid)
            found.append(False)
    return found


def test_keeps_what_roots_lead_to(store: DiskStore) -> None:
    """Everything that can be reached from a root stays, all else goes."""
    leaf, spare = raw(b"leaf"), raw(b"spare")
    middle = node({"to": leaf.cid})
    root = node([middle.cid, middle.cid])
    store.put([leaf, spare, middle, root])
    age(store)
    assert gc(store, [root.cid]).dropped == 1
    assert here(store, root.cid, middle.cid, leaf.cid, spare.cid) == [True, True, True, False]


def test_pins_are_roots(store: DiskStore) -> None:
    """A pinned block stays with all it links to, until its last pin goes."""
    leaf = raw(b"leaf")
    root = node([leaf.cid])
    store.put([leaf, root])
    store.pins.pin(root.cid, "mine")
    store.pins.pin(root.cid, "yours")
    assert store.pins.unpin(root.cid, "mine")
    assert not store.pins.unpin(root.cid, "mine")
    assert store.pins.all() == [(root.cid, "yours")]
    age(store)
    gc(store, [])
    assert here(store, root.cid, leaf.cid) == [True, True]
    store.pins.unpin(root.cid, "yours")
    gc(store, [])
    assert here(store, root.cid, leaf.cid) == [False, False]


def test_links_are_the_callers_to_follow(store: DiskStore) -> None:
    """A link that the caller's `links_of` leaves out does not keep what it leads to."""
    kept, dropped = raw(b"kept"), raw(b"dropped")
    root = node([kept.cid, dropped.cid])
    store.put([kept, dropped, root])
    age(store)
    gc(store, [root.cid], lambda cid, data: [kept.cid])
    assert here(store, root.cid, kept.cid, dropped.cid) == [True, True, False]


def test_what_is_linked_but_not_here_is_no_fault(store: DiskStore) -> None:
    """A record may outlive what it speaks of."""
    root = node([raw(b"gone").cid])
    store.put([root])
    age(store)
    gc(store, [root.cid])
    assert here(store, root.cid) == [True]


def test_the_fresh_stay(store: DiskStore, clock: Clock) -> None:
    """What was put in the last hour stays with what it links to, even what is older."""
    leaf = raw(b"leaf")
    store.put([leaf])
    age(store)
    root = node([leaf.cid])
    store.put([root])
    store.release_lease()
    clock.ms += HOUR_MS // 2
    gc(store, [])
    assert here(store, root.cid, leaf.cid) == [True, True]
    gc(store, [], keep_seconds=0)
    assert here(store, root.cid, leaf.cid) == [False, False]


def test_a_lease_keeps_what_was_put_under_it(
    store: DiskStore, other: DiskStore, clock: Clock
) -> None:
    """While the process that put it lives, a block stays, however old it is."""
    store.put([raw(b"before")])
    age(store)
    store.put([raw(b"under a lease")])
    clock.ms += 100 * HOUR_MS
    gc(other, [], keep_seconds=0)
    assert here(store, raw(b"before").cid, raw(b"under a lease").cid) == [False, True]
    store.release_lease()
    gc(other, [], keep_seconds=0)
    assert here(store, raw(b"under a lease").cid) == [False]


def test_a_lease_covers_what_was_here_already(store: DiskStore, other: DiskStore) -> None:
    """A block that was here and is put again is as safe as a new one."""
    store.put([raw(b"old")])
    age(store)
    other.put([raw(b"first")])
    other.put([raw(b"old")])
    gc(store, [], keep_seconds=0)
    assert here(store, raw(b"old").cid) == [True]


def test_what_is_held_stays_with_what_it_links_to(store: DiskStore, other: DiskStore) -> None:
    """A hold makes a root for as long as the process has its lease."""
    leaf = raw(b"leaf")
    root = node([leaf.cid])
    store.put([leaf, root])
    age(store)
    other.hold([root.cid])
    gc(store, [], keep_seconds=0)
    assert here(store, root.cid, leaf.cid) == [True, True]
    other.release_lease()
    gc(store, [], keep_seconds=0)
    assert here(store, root.cid, leaf.cid) == [False, False]


def test_what_is_pinned_or_held_stays_whole(store: DiskStore, other: DiskStore) -> None:
    """`links_of` says what roots may lose: nothing that somebody uses or wants to keep."""
    leaves = [raw(b"held"), raw(b"pinned"), raw(b"neither")]
    middles = [node([leaf.cid]) for leaf in leaves]
    tops = [node([middle.cid]) for middle in middles]
    store.put([*leaves, *middles, *tops])
    store.pins.pin(tops[1].cid, "mine")
    age(store)
    other.hold([middles[0].cid])

    spared = {block.cid for block in middles}
    gc(store, [top.cid for top in tops], lambda cid, data: set(links(cid, data)) - spared)

    assert here(store, *(block.cid for block in leaves)) == [True, True, False]


def test_a_killed_process_keeps_its_lease_for_a_while(tmp_path: Path, clock: Clock) -> None:
    """After kill -9 the lease lasts as long as a person takes to start again, then is forgotten."""
    store = DiskStore(tmp_path / "store", clock=clock)
    child = os.fork()
    if not child:
        DiskStore(tmp_path / "store", clock=clock).put([raw(b"by the killed")])
        os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    clock.ms += GRACE_MS - 1000
    gc(store, [], keep_seconds=0)
    assert here(store, raw(b"by the killed").cid) == [True]
    clock.ms += 2000
    gc(store, [], keep_seconds=0)
    assert here(store, raw(b"by the killed").cid) == [False]
    assert list((tmp_path / "store" / "leases").iterdir()) == []
    store.close()


def test_a_long_lease_is_renewed(store: DiskStore, clock: Clock) -> None:
    """A process that goes on putting keeps moving its lease's end."""
    for _ in range(10):
        clock.ms += GRACE_MS // 2
        store.put([raw(b"%d" % clock.ms)])
    (expires,) = store.index.rows("SELECT expires FROM leases")[0]
    assert expires > clock.ms


def test_dry_run_changes_nothing_and_tells_the_same(store: DiskStore) -> None:
    """A dry run says what a gc then does, blocks and bytes."""
    put_file(store, os.urandom(20_000))
    store.put(raw(os.urandom(300)) for _ in range(100))
    age(store)
    planned = gc(store, [], dry_run=True)
    assert planned == gc(store, [], dry_run=True)
    assert len(files(store)) == 1
    done = gc(store, [])
    assert (planned.dropped, planned.freed) == (done.dropped, done.freed) == (121, planned.freed)
    assert files(store) == []
    assert gc(store, []) == Swept(0, 0, 0)


def test_whole_files_go_with_their_last_block(store: DiskStore) -> None:
    """A file nobody needs is removed, one that is needed stays as it is."""
    needed, _ = put_file(store, os.urandom(5000))
    spare, _ = put_file(store, os.urandom(7000))
    age(store)
    assert gc(store, [needed]).freed >= 7000
    assert store.path_of(needed) is not None
    assert store.path_of(spare) is None
    assert len(files(store)) == 1


def test_a_file_of_which_little_is_needed_is_packed(store: DiskStore) -> None:
    """When only a few blocks of a big file are still needed, they move and the file goes."""
    data = os.urandom(10_000)
    _, leaves = put_file(store, data)
    age(store)
    gc(store, [leaves[0].cid])
    assert files(store) == []
    assert store.get(leaves[0].cid) == data[:1000]


def test_blocks_that_two_files_share_stay(store: DiskStore) -> None:
    """Dropping one of two files that share blocks harms the other in nothing."""
    shared = os.urandom(4000)
    one, leaves = put_file(store, shared + b"1" * 1000)
    two, _ = put_file(store, shared + b"2" * 1000)
    age(store)
    gc(store, [two])
    assert store.path_of(one) is None
    assert store.path_of(two) is not None
    assert b"".join(store.get(leaf.cid) for leaf in leaves[:4]) == shared
    assert len(files(store)) == 1


def test_two_unneeded_files_that_share_a_needed_block(store: DiskStore) -> None:
    """A block that lies in two files, neither needed as a whole, is kept once."""
    shared = os.urandom(1000)
    put_file(store, shared + b"1" * 100)
    _, leaves = put_file(store, shared + b"2" * 100)
    age(store)
    gc(store, [leaves[0].cid])
    gc(store, [leaves[0].cid])
    assert store.get(leaves[0].cid) == shared


def test_packs_that_are_mostly_dead_are_packed_anew(store: DiskStore) -> None:
    """A pack gives its space back once under half of it is needed; what is needed stays."""
    blocks = [raw(os.urandom(1000)) for _ in range(100)]
    store.put(blocks)
    before = sum(pack.stat().st_size for pack in packs(store))
    age(store)
    freed = gc(store, [block.cid for block in blocks[:60]]).freed
    assert freed == 0
    freed = gc(store, [block.cid for block in blocks[:10]]).freed
    after = sum(pack.stat().st_size for pack in packs(store))
    assert (freed, after) == (before - after, 10 * 1040)
    assert [store.get(block.cid) for block in blocks[:10]] == [b.data for b in blocks[:10]]
    assert gc(store, [block.cid for block in blocks[:10]]) == Swept(10, 0, 0)


def test_small_blocks_do_not_make_packs_look_dead(store: DiskStore) -> None:
    """A pack of tiny blocks, which is mostly names, is not copied at every gc."""
    blocks = [raw(b"%d" % number) for number in range(100)]
    store.put(blocks)
    age(store)
    pack = packs(store)
    gc(store, [block.cid for block in blocks])
    assert packs(store) == pack


def test_a_pack_in_use_by_another_process_is_left_alone(store: DiskStore, other: DiskStore) -> None:
    """A pack that a process appends to is not removed under it."""
    other.put([raw(b"in the pack of the other")])
    age(other)
    store.put([raw(b"x")])
    age(store)
    gc(store, [], keep_seconds=0)
    other.put([raw(b"appended later")])
    assert here(store, raw(b"appended later").cid) == [True]


def test_another_process_reads_on_while_packs_move(store: DiskStore, other: DiskStore) -> None:
    """A process that has a pack open, or knows where it was, finds its blocks where they went."""
    blocks = [raw(os.urandom(1000)) for _ in range(20)]
    store.put(blocks)
    assert other.get(blocks[0].cid) == blocks[0].data
    age(store)
    gc(store, [blocks[0].cid, blocks[1].cid])
    other.reader.close()
    assert [other.get(block.cid) for block in blocks[:2]] == [b.data for b in blocks[:2]]


def test_a_put_during_the_sweep_wins(store: DiskStore, other: DiskStore) -> None:
    """Between mark and sweep another process puts a block that was to go: it stays."""
    again = raw(b"put again")
    via_node = raw(b"linked from something new")
    store.put([again, via_node, raw(b"spare")])
    age(store)
    fresh = node([via_node.cid])
    done = []

    def links_of(cid: Cid, data: bytes) -> list[Cid]:
        if not done:
            done.append(1)
            other.put([again, fresh])
        return [via_node.cid] if cid == fresh.cid else []

    root = node("the mark reads this")
    store.put([root])
    store.release_lease()
    gc(store, [root.cid], links_of, keep_seconds=0)
    assert here(store, again.cid, fresh.cid, via_node.cid) == [True, True, True]
    assert here(store, raw(b"spare").cid) == [False]


def test_what_happens_between_mark_and_sweep_is_seen(
    store: DiskStore, other: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the mark is done, a put, a pin and a hold still save what they lead to."""
    leaves = [raw(b"leaf %d" % number) for number in range(4)]
    nodes = [node([leaf.cid]) for leaf in leaves]
    store.put([*leaves, nodes[1], nodes[2], nodes[3]])
    age(store)
    unmarked = collector._unmarked

    def late(*args: object) -> object:
        rows = list(unmarked(*args))  # type: ignore[arg-type]
        other.put([nodes[0]])
        other.release_lease()
        store.pins.pin(nodes[1].cid, "late")
        other.hold([nodes[2].cid])
        return rows

    monkeypatch.setattr(collector, "_unmarked", late)
    gc(store, [], keep_seconds=0)
    assert here(store, *(block.cid for block in leaves)) == [True, True, True, False]
    assert here(store, *(block.cid for block in nodes)) == [True, True, True, False]


def test_a_block_swept_under_a_put_is_put_after_all(
    store: DiskStore, other: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep between a put's look and its commit: the put notices, and writes the block."""
    block = raw(b"seen, then swept")
    store.put([block])
    age(store)
    look = store.writer._sorted

    def looked(blocks: dict[Cid, bytes]) -> object:
        seen = look(blocks)
        gc(other, [], keep_seconds=0)
        return seen

    monkeypatch.setattr(store.writer, "_sorted", looked)
    store.put([block, raw(b"and a new one")])
    assert here(store, block.cid, raw(b"and a new one").cid) == [True, True]


def test_a_damaged_node_stops_the_sweep(store: DiskStore) -> None:
    """When what a root leads to cannot be known, nothing is swept; the error says how to go on."""
    leaf = raw(b"leaf")
    root = node([leaf.cid])
    store.put([leaf, root, raw(b"spare")])
    overwrite(packs(store)[0], packs(store)[0].read_bytes().index(root.data), b"\xff")
    age(store)
    with pytest.raises(Damaged, match="damaged") as caught:
        gc(store, [root.cid])
    assert "gc" in caught.value.fix
    assert here(store, leaf.cid, raw(b"spare").cid) == [True, True]


def test_a_disk_that_fails_for_a_moment_stops_the_sweep(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that cannot be read just now is not one that is not here: nothing below it goes."""
    leaf = raw(b"leaf")
    root = node([leaf.cid])
    store.put([leaf, root])
    age(store)

    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", fail)
        with pytest.raises(Unavailable, match="Input/output error"):
            gc(store, [root.cid])
    assert gc(store, [root.cid]).dropped == 0
    assert here(store, root.cid, leaf.cid) == [True, True]


def test_junk_that_calls_itself_a_node_leads_nowhere(store: DiskStore) -> None:
    """Bytes under a codec that they are not do not stop a gc."""
    junk = above(cut(b"x" * 10, 5))
    bad = type(junk)(Cid.of(0x70, b"\xff\xff"), b"\xff\xff")
    store.put([bad])
    age(store)
    gc(store, [bad.cid])
    assert here(store, bad.cid) == [True]


def test_what_the_killed_left_is_removed(store: DiskStore) -> None:
    """What has no row, and is not being made, goes: files, packs, leases that were never taken."""
    unfinished = store.root / "files" / "tmp.of-a-killed-process"
    unfinished.write_bytes(b"x" * 100)
    unfinished.chmod(0o444)  # killed just before its rename
    (store.root / "files" / "ab").mkdir()
    (store.root / "files" / "ab" / "renamed-but-not-committed").write_bytes(b"x" * 100)
    (store.root / "packs" / "00000077.pack").write_bytes(b"")
    (store.root / "leases" / "never-taken").touch()
    store.hold([])
    writing = store.new_file()
    writing.write(b"x" * 10)
    assert gc(store, []).freed == 200
    assert len(files(store)) == 1
    assert packs(store) == []
    assert len(list((store.root / "leases").iterdir())) == 1
    leaves = cut(b"x" * 10, 10)
    writing.commit(leaves[0].cid, leaves, [])
    assert store.get(leaves[0].cid) == b"x" * 10


def test_a_clock_that_jumps_back_loses_nothing(store: DiskStore, clock: Clock) -> None:
    """Stamps never go back, so what was put after a jump is not older than what was before."""
    store.put([raw(b"before")])
    store.release_lease()
    clock.ms -= 500_000
    store.put([raw(b"after")])
    gc(store, [], keep_seconds=0)
    assert here(store, raw(b"after").cid) == [True]


def test_changes_of_one_millisecond_are_in_order(store: DiskStore) -> None:
    """What was put before a mark began is before it, though the clock shows the same."""
    store.put([raw(b"before")])
    store.release_lease()
    assert gc(store, [], keep_seconds=0).dropped == 1


def test_borrowed_places_are_forgotten(store: DiskStore, tmp_path: Path) -> None:
    """A user's file that nothing needs is dropped from the index and not touched."""
    path = tmp_path / "mine"
    path.write_bytes(b"x" * 5000)
    leaves = cut(b"x" * 5000, 1000)
    store.adopt_in_place(path, above(leaves).cid, leaves, [above(leaves)])
    age(store)
    gc(store, [])
    assert path.exists()
    assert store.index.places("WHERE kind = 'in-place'") == []


def test_gives_up_no_copy_for_one_that_is_damaged(store: DiskStore) -> None:
    """A block that a damaged file still lends stays, when its newer copy turns out damaged too."""
    data = b"a" * 1000 + b"b" * 1000
    root, (harmed, good) = put_file(store, data)
    overwrite(files(store)[0], 0, b"x")
    with pytest.raises(Damaged):
        store.get(harmed.cid)  # the file is put aside now, and lends its other block
    put_file(store, data)
    overwrite(files(store)[0], 1000, b"x")
    gc(store, [root, good.cid])
    assert store.get(good.cid) == b"b" * 1000


def test_a_lease_that_is_moved_keeps_what_is_named_and_what_is_recent(store: DiskStore) -> None:
    """What was put or held before the last move but one is anybody's."""
    leaf, old, held = raw(b"leaf"), raw(b"old"), raw(b"held")
    root = node([leaf.cid])
    store.put([leaf, root, old, held])
    store.hold([held.cid])
    assert isinstance(store.clock, Clock)
    store.clock.ms += 2 * HOUR_MS
    store.move_lease([root.cid])
    gc(store, [])
    assert here(store, root.cid, leaf.cid, old.cid, held.cid) == [True] * 4
    new = raw(b"new")
    store.put([new])
    store.clock.ms += 2 * HOUR_MS
    store.move_lease([root.cid])
    gc(store, [])
    assert here(store, root.cid, leaf.cid, new.cid, old.cid, held.cid) == [True] * 3 + [False] * 2
    store.clock.ms += 2 * HOUR_MS
    store.move_lease([])
    gc(store, [])
    assert here(store, root.cid, leaf.cid, new.cid) == [False] * 3
