"""Bundles out and in."""

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.bundle import export, export_file, import_bundle, run_in
from engine.content import car
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.content.links import reachable
from engine.errors import Damaged, Refused, Unavailable
from engine.sandbox.scripted import Act, Scripted
from engine.store.memory import MemoryStore
from engine.verdict import of_run
from engine.workflow.resolve import EnvironmentUse
from tests.fakes.home import Home

EMPTY = b"\xa0"  # of a map: stands for a Closure, which a scripted sandbox does not look at
USE = EnvironmentUse(Cid.of(DAG_CBOR, EMPTY), ("/bin",), has_shell=True)
TEXT = """
workflow: sample
environments: {env: {store: /nix/store/00000000000000000000000000000001-env}}
defaults: {environment: env}
inputs: {code: {path: ./code}}
steps:
  a: {inputs: {code: inputs.code}, run: "a {inputs.code} {outputs.o}", outputs: {o: o}}
  b: {inputs: {o: a.o}, run: "b {inputs.o} {outputs.o}", outputs: {o: o}}
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Open a home."""
    home = Home(tmp_path / "home")
    yield home
    home.close()


def play(job: object) -> Act:
    """Give something large, something small and a log."""
    return Act(files={"o/large": bytes(200_000), "o/small": b"s"}, stdout=b"log\n")


@pytest.fixture
def bundle(home: Home, tmp_path: Path) -> bytes:
    """Return the bundle of a run; the closure that steps name is a block of its own here."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code/a.py").write_text("a")
    home.store.put([Block(USE.closure, EMPTY)])
    ran = home.run(
        TEXT,
        home.runners([Scripted(play)]),
        inputs={"code": tmp_path / "code"},
        environment=USE,
    )
    stream = io.BytesIO()
    export(home.store, ran.run, stream)
    return stream.getvalue()


def test_a_run_is_carried_whole(bundle: bytes, tmp_path: Path) -> None:
    """On a machine that has nothing else, the run is reproduced from its bundle."""
    other = Home(tmp_path / "other")

    roots = import_bundle(other.store, io.BytesIO(bundle))
    verdicts = other.rerun(run_in(other.store, roots), other.runners([Scripted(play)]))
    other.close()

    assert of_run(verdicts) == "reproduced"
    assert len(verdicts) == 2


def test_a_bundle_carries_logs_and_workflow(bundle: bytes) -> None:
    """Everything that the Run leads to is in it, each block once."""
    store = MemoryStore()
    (root,) = import_bundle(store, io.BytesIO(bundle))

    blocks = list(car.Reader(io.BytesIO(bundle)))
    assert [block.cid for block in blocks] == list(reachable(store.get, [root]))
    assert b"log\n" in {block.data for block in blocks}


def test_an_import_twice_is_one_import(bundle: bytes) -> None:
    """What is here already does no harm."""
    store = MemoryStore()

    assert import_bundle(store, io.BytesIO(bundle)) == import_bundle(store, io.BytesIO(bundle))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_changed_bundle_is_damaged_and_harms_nothing(bundle: bytes, data: st.DataObject) -> None:
    """Cut anywhere or with any byte changed, it is refused, and what was here stays right."""
    at = data.draw(st.integers(0, len(bundle) - 1))
    cut = data.draw(st.booleans())
    bad = bundle[:at] if cut else bundle[:at] + bytes((bundle[at] ^ 1,)) + bundle[at + 1 :]
    store = MemoryStore()
    kept = Block(Cid.of(RAW, b"kept"), b"kept")
    store.put([kept])

    with pytest.raises((Damaged, Refused)):
        import_bundle(store, io.BytesIO(bad))
    assert store.get(kept.cid) == b"kept"
    import_bundle(store, io.BytesIO(bundle))


def test_a_bundle_that_lacks_a_block_is_damaged(bundle: bytes) -> None:
    """A block that is linked to and not carried is named."""
    blocks = list(car.Reader(io.BytesIO(bundle)))
    stream = io.BytesIO()
    car.write(stream, [blocks[0].cid], blocks[:-1])

    with pytest.raises(Damaged, match="lacks a block") as caught:
        import_bundle(MemoryStore(), io.BytesIO(stream.getvalue()))
    assert caught.value.where == str(blocks[-1].cid)


def test_what_nothing_links_to_is_left_out(bundle: bytes) -> None:
    """A stranger's block in a bundle is not taken in."""
    blocks = list(car.Reader(io.BytesIO(bundle)))
    stray = Block(Cid.of(RAW, b"stray"), b"stray")
    stream = io.BytesIO()
    car.write(stream, [blocks[0].cid], [blocks[0], stray, *blocks[1:]])
    store = MemoryStore()

    import_bundle(store, io.BytesIO(stream.getvalue()))

    assert not store.has(stray.cid)


def test_what_is_not_a_bundle_is_refused() -> None:
    """Any other file is not one, and a bundle of something else has no Run."""
    with pytest.raises(Refused, match="not a bundle"):
        import_bundle(MemoryStore(), io.BytesIO(b"PK\x03\x04 something else"))

    store, stream = MemoryStore(), io.BytesIO()
    file = Block(Cid.of(RAW, b"a file"), b"a file")
    car.write(stream, [file.cid], [file])
    roots = import_bundle(store, io.BytesIO(stream.getvalue()))
    with pytest.raises(Refused, match="no Run"):
        run_in(store, roots)


def test_a_file_is_there_only_when_it_is_whole(home: Home, tmp_path: Path) -> None:
    """An export of what is not all here leaves no file."""
    missing = Cid.of(RAW, b"missing")

    with pytest.raises(Unavailable):
        export_file(home.store, missing, tmp_path / "out.car")
    assert list(tmp_path.glob("*out*")) == []

    home.store.put([Block(missing, b"missing")])
    assert export_file(home.store, missing, tmp_path / "out.car") > len(b"missing")
    with pytest.raises(Refused, match="cannot write there"):
        export_file(home.store, missing, tmp_path / "nowhere" / "out.car")


def test_a_bundle_replaces_no_device(home: Home, tmp_path: Path) -> None:
    """A name like /dev/null, which is everybody's, is refused and stays what it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    before = pipe.stat()
    with pytest.raises(Refused, match="not a file"):
        export_file(home.store, Cid.of(RAW, b""), pipe)
    assert (pipe.stat().st_mode, pipe.stat().st_ino) == (before.st_mode, before.st_ino)
