"""The inputs of a step on disk."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.claims import Claims
from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Refused, Unavailable
from engine.staging import MAX_BINDS, MAX_GATHERED, Staging
from engine.step import CONTRACT, GATHER_PAGE, REQUIRES, SYSTEM, Gather, Platform, Step
from engine.store.add import add_path
from engine.store.disk import DiskStore
from engine.trees import Trees
from engine.workflow.gathers import gather


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskStore]:
    """Open a store."""
    with DiskStore(tmp_path / "store") as store:
        yield store


@pytest.fixture
def staging(tmp_path: Path, store: DiskStore) -> Iterator[Staging]:
    """Open a staging of one process."""
    staging = Staging(tmp_path / "work", store, Claims(tmp_path / "claims"), "owner")
    yield staging
    staging.close()


def added(store: DiskStore, place: Path, content: bytes | dict[str, bytes]) -> Cid:
    """Add a file, or a directory of files."""
    if isinstance(content, bytes):
        place.write_bytes(content)
    else:
        place.mkdir()
        for name, data in content.items():
            (place / name).write_bytes(data)
    return add_path(store, place).cid


def step(inputs: dict[str, Cid], gathers: dict[str, Gather] | None = None) -> Step:
    """Return a step with these inputs."""
    return Step(
        closure=Cid.of(DAG_CBOR, b""),
        command=("true",),
        script="",
        script_link=None,
        variables={},
        inputs=inputs,
        gathers=gathers or {},
        outputs={},
        platform=Platform(REQUIRES, SYSTEM),
        contract=CONTRACT,
    )


def test_a_step_without_inputs_has_no_folder(staging: Staging) -> None:
    """Nothing is made for nothing."""
    assert staging.stage(step({})).folder is None


def test_small_files_are_written_and_large_ones_linked(
    store: DiskStore, staging: Staging, tmp_path: Path
) -> None:
    """Both are read-only and dated alike; a large one is the store's own inode."""
    small = added(store, tmp_path / "small", b"small")
    large = added(store, tmp_path / "large", bytes(100_000))

    folder = staging.stage(step({"small": small, "large": large})).folder

    assert folder is not None
    own = store.path_of(large)
    assert own is not None
    assert (folder / "large").samefile(own)
    assert (folder / "small").read_bytes() == b"small"
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}
    assert folder.stat().st_mtime_ns == (folder / "small").stat().st_mtime_ns


def test_a_directory_is_made_once_and_bound(
    store: DiskStore, staging: Staging, tmp_path: Path
) -> None:
    """Two steps with one directory as input are given the same place for it."""
    code = added(store, tmp_path / "code", {"a.py": b"a", "b.py": bytes(70_000)})

    one, two = staging.stage(step({"code": code})), staging.stage(step({"code": code}))

    assert one.trees == two.trees
    assert sorted(path.name for path in one.trees["code"].iterdir()) == ["a.py", "b.py"]
    assert one.folder is not None
    assert list((one.folder / "code").iterdir()) == []


def test_many_directories_are_linked_instead(
    store: DiskStore, staging: Staging, tmp_path: Path
) -> None:
    """A sandbox is not given more binds than MAX_BINDS; the others are there all the same."""
    cids = [added(store, tmp_path / f"d{n}", {"f": bytes((n,))}) for n in range(MAX_BINDS + 2)]

    staged = staging.stage(step({}, {"all": gather(tuple(cids)).gather}))

    assert len(staged.trees) == MAX_BINDS
    assert staged.folder is not None
    assert (staged.folder / f"all/{MAX_BINDS + 1}/f").read_bytes() == bytes((MAX_BINDS + 1,))


def test_a_long_gather_comes_in_pages(store: DiskStore, staging: Staging, tmp_path: Path) -> None:
    """Over a thousand values are numbered through, and listed in order."""
    cid = added(store, tmp_path / "one", b"1")
    found = gather((cid,) * (GATHER_PAGE + 1))
    store.put(found.blocks)

    folder = staging.stage(step({}, {"all": found.gather})).folder

    assert folder is not None
    assert (folder / f"all/{GATHER_PAGE}").read_bytes() == b"1"
    assert (folder / "all.list").read_text().splitlines()[-1] == f"/in/all/{GATHER_PAGE}"


def test_what_is_not_here_leaves_nothing(staging: Staging, tmp_path: Path) -> None:
    """A missing input is Unavailable, and the half-made folder is gone."""
    with pytest.raises(Unavailable):
        staging.stage(step({"a": Cid.of(DAG_CBOR, b"not here")}))

    assert list((tmp_path / "work/in/owner").iterdir()) == []


def test_the_umask_hides_nothing_from_a_step(store: DiskStore, tmp_path: Path) -> None:
    """All directories down to the inputs can be looked into by an executor that is another user."""
    before = os.umask(0o077)
    try:
        staging = Staging(tmp_path / "work", store, Claims(tmp_path / "claims"), "owner")
        cid = added(store, tmp_path / "tree", {"a": b"x"})
        staged = staging.stage(step({"x": cid}, {"g": gather((cid,)).gather}))
        folders = [path for path in (tmp_path / "work").rglob("*") if path.is_dir()]
    finally:
        os.umask(before)

    assert staged.folder in folders
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o755}


def test_the_folders_of_the_dead_are_cleared(
    store: DiskStore, staging: Staging, tmp_path: Path
) -> None:
    """Whoever starts next removes what a killed process left, and not what a live one has."""
    dead = Claims(tmp_path / "claims")
    left = Staging(tmp_path / "work", store, dead, "dead")
    left.stage(step({"a": added(store, tmp_path / "a", b"a")}))
    dead.close()

    Staging(tmp_path / "work", store, Claims(tmp_path / "claims"), "next").close()

    assert [path.name for path in (tmp_path / "work/in").iterdir()] == ["owner"]


def test_directories_whose_content_went_are_swept(
    store: DiskStore, staging: Staging, tmp_path: Path
) -> None:
    """A staged directory stays while its content is here, and goes with it."""
    cid = added(store, tmp_path / "from", {"a": b"a"})
    (tree,) = staging.stage(step({"x": cid})).trees.values()
    (tree.parent / ".tally-of-a-killed-process").mkdir()
    assert Trees(tmp_path / "work", store).sweep(store.has) == 0
    assert list(tree.parent.iterdir()) == [tree]
    assert Trees(tmp_path / "work", store).sweep(lambda _: False) == 1
    assert list(tree.parent.iterdir()) == []


def test_a_bit_that_flips_in_a_staged_directory_is_found(
    store: DiskStore, staging: Staging, tmp_path: Path
) -> None:
    """A file of the same size and date, one that is too many, one that is not there."""
    content = {"small": b"right", "large": b"x" * 100_000}
    cid = added(store, tmp_path / "from", content)
    trees = Trees(tmp_path / "work", store)
    for harm in ("flip", "more", "less", "nothing"):
        (tree,) = staging.stage(step({"x": cid})).trees.values()
        before = (tree / "small").stat()
        (tree / "small").chmod(0o644)
        if harm == "flip":
            (tree / "small").write_bytes(b"wrong")
        elif harm == "more":
            (tree / "other").write_bytes(b"")
        elif harm == "less":
            (tree / "large").unlink()
        (tree / "small").chmod(0o444)
        os.utime(tree / "small", ns=(before.st_atime_ns, before.st_mtime_ns))
        os.utime(tree, ns=(10**9, 10**9))
        assert list(trees.put_away_inexact()) == ([tree] if harm != "nothing" else [])
        staging = Staging(tmp_path / "work", store, Claims(tmp_path / harm), harm)


def test_a_directory_that_was_written_to_is_made_again(
    store: DiskStore, staging: Staging, tmp_path: Path
) -> None:
    """Whoever starts next does not give a step what somebody changed behind its back."""
    cid = added(store, tmp_path / "from", {"a": b"right"})
    (tree,) = staging.stage(step({"x": cid})).trees.values()
    (tree / "a").chmod(0o644)
    (tree / "a").write_bytes(b"wrong")

    later = Staging(tmp_path / "work", store, Claims(tmp_path / "later"), "later")
    (again,) = later.stage(step({"x": cid})).trees.values()

    assert (again / "a").read_bytes() == b"right"


def test_a_gather_of_countless_values_is_refused(staging: Staging) -> None:
    """A small record that links to one page over and over makes nobody stage millions of files."""
    page = Cid.of(DAG_CBOR, b"a page")
    with pytest.raises(Refused, match="gathers over"):
        staging.stage(step({}, {"x": Gather((), (page,) * (MAX_GATHERED // GATHER_PAGE + 1))}))


def test_a_write_that_is_cut_short_is_gone_on_with(
    store: DiskStore, staging: Staging, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk may take less than it is given: a step reads the whole input all the same."""
    cid = added(store, tmp_path / "from", b"0123456789")
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
        folder = staging.stage(step({"x": cid})).folder
    assert folder is not None
    assert (folder / "x").read_bytes() == b"0123456789"


@pytest.mark.parametrize("count", [1, 9, 10])
def test_what_inputs_take_is_bounded_however_few_blocks_spell_it(
    store: DiskStore, staging: Staging, tmp_path: Path, count: int
) -> None:
    """The same block in many files is as many files on disk; nothing is left of a refusal."""
    content = {str(number): bytes(10_000) for number in range(count)}
    same = step({"many": added(store, tmp_path / "many", content)})

    if count < 10:
        assert staging.stage(same, 110_000).folder is not None
    else:
        with pytest.raises(Refused, match="over 110000 bytes"):
            staging.stage(same, 110_000)
        assert list((tmp_path / "work/in/owner").iterdir()) == []
