"""Closures without Nix: from content to a directory that a step sees as /nix/store."""

import dataclasses
import errno
import multiprocessing
import os
from pathlib import Path

import pytest

from engine.content import reader
from engine.content.cid import RAW, Cid
from engine.content.filedag import FileDag
from engine.content.profile import PUBLISHED, Profile
from engine.errors import Damaged, Unavailable
from engine.filesystem import sync_all
from engine.nix import farms, intact, paths, settle
from engine.nix.closure import Materialiser, shell_of
from engine.nix.paths import locator
from engine.nix.treewriter import is_untouched, remove
from engine.nix.walk import NarView
from tests.engine.nix.conftest import LIBRARY, PROGRAM, Content


def materialiser(content: Content) -> Materialiser:
    """Begin with what is on disk."""
    return Materialiser(content.work, content.store)


def ensure(content: Content) -> Path:
    """Make the farm of the environment."""
    return materialiser(content).ensure(content.opened.closure, content.opened.environment)


def left(work: Path) -> list[str]:
    """Return what is in work/paths and work/closures."""
    return sorted(place.name for part in ("paths", "closures") for place in (work / part).glob("*"))


def test_a_farm_holds_the_closure_and_nothing_else(content: Content) -> None:
    """The farm has every path of the closure, each with exactly its NAR's content."""
    farm = ensure(content)
    assert sorted(os.listdir(farm)) == [LIBRARY, PROGRAM]  # noqa: PTH208
    for name, nar in content.nars.items():
        assert b"".join(NarView.of(farm / name).chunks()) == nar


def test_everything_is_read_only_and_dated_1970(content: Content) -> None:
    """Files are 0444 or 0555, directories 0555, and all of them dated one second after 1970."""
    farm = ensure(content)
    for directory, names, files in os.walk(farm):
        for path in [Path(directory), *(Path(directory, name) for name in names + files)]:
            status = path.lstat()
            assert status.st_mtime == 1
            if not path.is_symlink():
                is_program = path.is_dir() or path.name == "run"
                assert status.st_mode & 0o7777 == (0o555 if is_program else 0o444)


def test_files_are_shared_not_copied(content: Content) -> None:
    """A farm takes no space: its files are those of work/paths."""
    farm = ensure(content)
    (library, _) = content.opened.closure.paths
    kept = materialiser(content).paths.location(library.nar_hash)
    assert (farm / LIBRARY / "lib/data").stat().st_ino == (kept / "lib/data").stat().st_ino


def test_a_farm_is_made_once(content: Content) -> None:
    """With a farm here no content is asked for, not even by another process."""
    farm = ensure(content)
    content.store.blocks.clear()
    content.store.derived.clear()
    assert ensure(content) == farm


def test_content_is_not_kept_twice(content: Content) -> None:
    """Once unpacked, a NAR's leaves are made again from the tree, and still are what they were."""
    environment = content.opened.environment
    nar = environment.nars[LIBRARY]
    before = sum(len(block) for block in content.store.blocks.values())
    ensure(content)
    after = sum(len(block) for block in content.store.blocks.values())
    assert before - after == sum(map(len, content.nars.values()))
    again = Materialiser(content.work.parent / "second", content.store)
    assert again.ensure(content.opened.closure, environment).is_dir()
    remove(content.work.parent / "second")
    assert content.store.has(nar)


def added(content: Content, data: bytes, chunk: int) -> Cid:
    """Put a file that is cut in its own way."""
    dag = FileDag(Profile(chunk=chunk))
    for at in range(0, len(data), chunk):
        leaf = PUBLISHED.block(RAW, data[at : at + chunk])
        content.store.put([leaf, *dag.leaf(leaf.cid, len(leaf.data))])
    link, nodes = dag.finish()
    content.store.put(nodes)
    return link.cid


@pytest.mark.parametrize(("chunk", "is_carried"), [(256 * 1024, True), (4096, False)])
def test_a_nar_that_others_cut_is_unpacked_alike(
    content: Content, chunk: int, is_carried: bool
) -> None:
    """Whatever its leaves are, a NAR is unpacked; from the tree come leaves that are not tiny."""
    environment = content.opened.environment
    nar = added(content, content.nars[LIBRARY], chunk)
    other = dataclasses.replace(environment, nars={**environment.nars, LIBRARY: nar})
    materialiser(content).ensure(content.opened.closure, other)
    leaves = [leaf for leaf, _ in reader.leaves(content.store.get, nar, len(content.nars[LIBRARY]))]
    assert all((leaf in content.store.derived) == is_carried for leaf in leaves)
    assert b"".join(reader.read(content.store.get, nar)) == content.nars[LIBRARY]


def test_a_tree_gets_its_name_after_a_flush_that_saw_all_of_it(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last flush begins when all paths are made, and until it has ended none has its name."""
    seen: list[tuple[str, set[str], set[str]]] = []  # where; what was there before and after

    def flush(place: Path) -> None:
        before = {tree.name for tree in place.iterdir()}
        sync_all(place)
        seen.append((place.name, before, {tree.name for tree in place.iterdir()}))

    monkeypatch.setattr(settle, "sync_all", flush)
    ensure(content)
    parts = {f".{locator(path.nar_hash)}.part" for path in content.opened.closure.paths}
    flushes = [(before, after) for name, before, after in seen if name == "paths"]
    assert flushes[-1] == (parts, parts)
    assert len(flushes) <= len(parts)
    assert [name for name, _, _ in seen if name == "closures"] == ["closures"]


def test_a_failing_disk_is_told_though_a_later_flush_goes_well(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel tells a failed write once: whichever flush hears it, no tree gets a name."""
    failures = [OSError(errno.EIO, "the disk is broken")]

    def flush(place: Path) -> None:
        if failures:
            raise failures.pop()

    monkeypatch.setattr(settle, "sync_all", flush)
    with pytest.raises(OSError, match="the disk is broken"):
        ensure(content)
    assert left(content.work) == []


def test_two_paths_of_one_content_are_one_tree(content: Content) -> None:
    """Store paths with the same bytes are unpacked once, and both are in the farm."""
    (library, program) = content.opened.closure.paths
    twin = dataclasses.replace(library, name="0" * 31 + "3-twin", references=())
    closure = dataclasses.replace(content.opened.closure, paths=(library, program, twin))
    nars = content.opened.environment.nars
    environment = dataclasses.replace(
        content.opened.environment, nars={**nars, twin.name: nars[LIBRARY]}
    )
    farm = materialiser(content).ensure(closure, environment)
    assert (farm / twin.name / "lib/data").samefile(farm / LIBRARY / "lib/data")


def test_a_claim_that_the_disk_cannot_hold_is_unavailable(content: Content) -> None:
    """Sizes are held against the free disk before anything is unpacked."""
    (library, program) = content.opened.closure.paths
    huge = dataclasses.replace(program, nar_size=2**60)
    closure = dataclasses.replace(content.opened.closure, paths=(library, huge))
    with pytest.raises(Unavailable, match="are free"):
        materialiser(content).ensure(closure, content.opened.environment)
    assert left(content.work) == []


def test_two_environments_share_their_paths(content: Content) -> None:
    """A path that another closure has is not asked for again."""
    ensure(content)
    closure = content.opened.closure
    smaller = dataclasses.replace(
        closure, roots=(LIBRARY,), search_path=(), paths=closure.paths[:1]
    )
    assert (materialiser(content).ensure(smaller) / LIBRARY / "lib/empty").is_file()


def test_without_an_environment_missing_content_is_unavailable(content: Content) -> None:
    """A closure alone does not say where its content is; the path that is missing is named."""
    with pytest.raises(Unavailable) as unavailable:
        materialiser(content).ensure(content.opened.closure)
    assert unavailable.value.where == f"/nix/store/{LIBRARY}"


@pytest.mark.parametrize("name", [LIBRARY, PROGRAM])
def test_other_content_is_damage(content: Content, name: str) -> None:
    """A NAR that is not the closure's is damage that names the path, and leaves nothing of it."""
    closure = content.opened.closure
    paths = tuple(
        dataclasses.replace(path, nar_hash=bytes(32)) if path.name == name else path
        for path in closure.paths
    )
    wrong = dataclasses.replace(closure, paths=paths)
    with pytest.raises(Damaged) as damaged:
        materialiser(content).ensure(wrong, content.opened.environment)
    assert damaged.value.where == f"/nix/store/{name}"
    assert len(left(content.work)) == (name == PROGRAM)  # the library was whole, and stays


@pytest.mark.parametrize("change", [-8, 8])
def test_a_wrong_size_is_damage(content: Content, change: int) -> None:
    """A NAR with more or fewer bytes than the closure says is damage."""
    closure = content.opened.closure
    (library, program) = closure.paths
    wrong = dataclasses.replace(library, nar_size=library.nar_size + change)
    with pytest.raises(Damaged):
        materialiser(content).ensure(
            dataclasses.replace(closure, paths=(wrong, program)), content.opened.environment
        )


def test_an_interrupted_fetch_goes_on(content: Content) -> None:
    """When content stops coming nothing half made is left, and the next attempt keeps the rest."""
    gone = content.opened.environment.nars[PROGRAM]
    data = content.store.blocks.pop(gone)
    with pytest.raises(Unavailable):
        ensure(content)
    assert len(left(content.work)) == 1
    library = content.work / "paths" / left(content.work)[0]
    before = library.stat().st_ino
    content.store.blocks[gone] = data
    assert ensure(content).is_dir()
    assert library.stat().st_ino == before


def test_what_a_killed_process_left_is_cleared(content: Content) -> None:
    """Half of a path, left by a process that was killed, is neither used nor in the way."""
    (library, _) = content.opened.closure.paths
    place = materialiser(content).paths.location(library.nar_hash)
    part = place.with_name(f".{place.name}.part")
    (part / "lib").mkdir(parents=True)
    (part / "lib/data").write_bytes(b"half")
    part.joinpath("lib").chmod(0o555)
    assert (ensure(content) / LIBRARY / "lib/data").stat().st_size == 2_560_000
    assert not part.exists()


def _ensure_here(content: Content, start: "multiprocessing.synchronize.Barrier") -> None:
    content.store.read = materialiser(content).paths.read_nar_range
    start.wait()
    ensure(content)


def test_processes_make_one_farm_together(content: Content) -> None:
    """Four processes that need the same closure at once all get it, and nothing is left over."""
    context = multiprocessing.get_context("fork")
    start = context.Barrier(4)
    processes = [context.Process(target=_ensure_here, args=(content, start)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    cid = content.opened.closure_cid
    expected = [path.name for path in (content.work / "paths").iterdir()]
    assert len(expected) == 2
    assert left(content.work) == sorted([*expected, str(cid), f"{cid}.used"])


def test_a_farm_in_use_is_not_forgotten(content: Content) -> None:
    """A farm that a living process was given is not removed by any other."""
    first = materialiser(content)
    farm = first.ensure(content.opened.closure, content.opened.environment)
    other = materialiser(content)
    cid = content.opened.closure_cid
    assert not other.farms.forget(cid)
    assert farm.is_dir()
    first.farms.close()
    other.forget([content.opened.cid])
    assert not farm.exists()


def test_a_farm_is_gone_at_once(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where removing it fails halfway no step is given what is left, and a sweep removes that."""
    first = materialiser(content)
    farm = first.ensure(content.opened.closure, content.opened.environment)
    first.farms.close()
    monkeypatch.setattr(farms, "remove", remove_some)
    with pytest.raises(OSError, match="halfway"):
        first.farms.forget(content.opened.closure_cid)
    monkeypatch.undo()
    assert not farm.exists()
    materialiser(content).farms.sweep()
    assert not list((content.work / "closures").glob(".*"))
    assert sorted(place.name for place in ensure(content).iterdir()) == [LIBRARY, PROGRAM]


def test_a_path_is_gone_at_once(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where removing it fails halfway it has no name any more."""
    ensure(content)
    used = materialiser(content).paths
    (library, _) = content.opened.closure.paths
    monkeypatch.setattr(paths, "remove", remove_some)
    with pytest.raises(OSError, match="halfway"):
        used.put_away(library.nar_hash)
    assert not used.has(library.nar_hash)


def remove_some(place: Path) -> None:
    """Remove a tree that is there, but for its last part."""
    if place.exists():
        remove(next(place.iterdir()))
        raise OSError(5, "halfway")


def test_unneeded_paths_are_swept(content: Content) -> None:
    """Paths that no store makes blocks from go, with what killed processes left; farms stay."""
    farm = ensure(content)
    (library, program) = content.opened.closure.paths
    paths = materialiser(content).paths
    (content.work / "paths/.old.part/sub").mkdir(parents=True)
    assert materialiser(content).sweep(lambda: {locator(program.nar_hash)}) == 1
    assert not paths.has(library.nar_hash)
    assert [place.name for place in (content.work / "paths").iterdir()] == [
        locator(program.nar_hash)
    ]
    assert (farm / LIBRARY / "lib/data").stat().st_size == 2_560_000
    with pytest.raises(Unavailable):
        b"".join(reader.read(content.store.get, content.opened.environment.nars[LIBRARY]))


def ended(content: Content) -> Path:
    """Make the farm as a process that has ended did."""
    first = materialiser(content)
    farm = first.ensure(content.opened.closure, content.opened.environment)
    first.farms.close()
    return farm


def write(path: Path) -> None:
    """Change a file as whoever may do anything can."""
    path.chmod(0o644)
    path.write_bytes(b"changed")


def test_what_was_written_to_is_unpacked_again(content: Content) -> None:
    """No step runs in an environment that somebody changed: its NARs make it right."""
    nars = dict(content.store.blocks)
    farm = ended(content)
    content.store.blocks.update(nars)
    right = (farm / LIBRARY / "lib/data").read_bytes()
    write(farm / LIBRARY / "lib/data")

    assert (ensure(content) / LIBRARY / "lib/data").read_bytes() == right


def test_what_was_only_dated_anew_is_what_it_was(content: Content) -> None:
    """A home that was copied without the dates of its files keeps its environments."""
    farm = ended(content)
    right = (farm / LIBRARY / "lib/data").read_bytes()
    for path in (content.work / "paths").rglob("*"):
        os.utime(path, (5, 5), follow_symlinks=False)

    farm = ensure(content)
    assert (farm / LIBRARY / "lib/data").read_bytes() == right
    assert all(map(is_untouched, (content.work / "paths").iterdir()))
    assert ensure(content) == farm


def test_what_cannot_be_read_just_now_is_kept(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails once does not cost the only copy of an environment."""
    farm = ended(content)
    right = (farm / LIBRARY / "lib/data").read_bytes()
    for path in (content.work / "paths").rglob("*"):
        os.utime(path, (5, 5), follow_symlinks=False)

    def fail(_: Path) -> NarView:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(intact.NarView, "of", fail)
        with pytest.raises(OSError, match="Input/output"):
            ensure(content)
    assert (ensure(content) / LIBRARY / "lib/data").read_bytes() == right


def test_a_farm_that_lost_its_stamp_is_made_anew(content: Content) -> None:
    """It was found damaged, by a process that was killed before it had removed it."""
    farm = ended(content)
    right = (farm / LIBRARY / "lib/data").read_bytes()
    damaged = farm / LIBRARY / "lib/data"
    damaged.parent.chmod(0o755)
    damaged.unlink()
    damaged.write_bytes(b"damaged")
    farm.with_name(f"{farm.name}.used").unlink()

    assert (ensure(content) / LIBRARY / "lib/data").read_bytes() == right
    assert not [name for name in left(content.work) if name.startswith(".")]


def test_what_was_written_to_and_is_carried_by_nothing_is_unavailable(content: Content) -> None:
    """Then it has to be built or fetched: it is not taken for what it was, nor called damage."""
    write(ended(content) / LIBRARY / "lib/data")

    for _ in range(2):
        with pytest.raises(Unavailable, match=r"gone|not here"):
            ensure(content)


def test_what_was_written_to_stays_while_another_uses_it(content: Content) -> None:
    """A farm is not taken from below a running step."""
    user = materialiser(content)
    farm = user.ensure(content.opened.closure, content.opened.environment)
    write(farm / LIBRARY / "lib/data")

    with pytest.raises(Unavailable, match="another process uses it"):
        ensure(content)
    assert farm.is_dir()


def test_last_use_is_known(content: Content) -> None:
    """Each use of a farm is dated, for whoever removes the oldest."""
    ensure(content)
    cid = content.opened.closure_cid
    os.utime(content.work / "closures" / f"{cid}.used", (5, 5))
    assert materialiser(content).farms.last_used_ms() == {cid: 5_000}
    ensure(content)
    assert materialiser(content).farms.last_used_ms()[cid] > 5_000


def test_shell_is_that_of_a_root(content: Content) -> None:
    """/bin/sh is what a root has in bin, as a step sees it; not every closure has one."""
    farm = ensure(content)
    closure = content.opened.closure
    assert shell_of(closure, farm) == f"/nix/store/{PROGRAM}/bin/sh"
    assert shell_of(dataclasses.replace(closure, roots=(LIBRARY,)), farm) is None


def test_a_full_disk_is_unavailable(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is said to be one, and leaves nothing half made."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "utime", full)
    with pytest.raises(Unavailable, match="full"):
        ensure(content)
    assert left(content.work) == []


def test_paths_of_one_name_and_other_bytes_live_together(content: Content) -> None:
    """Two builds of one store path with different bytes are kept apart by their content."""
    ensure(content)
    (library, program) = content.opened.closure.paths
    other = dataclasses.replace(library, nar_hash=program.nar_hash, nar_size=program.nar_size)
    closure = dataclasses.replace(content.opened.closure, paths=(other, program))
    farm = materialiser(content).ensure(closure)
    assert (farm / LIBRARY / "bin/run").is_file()
    assert isinstance(content.opened.closure_cid, Cid)
