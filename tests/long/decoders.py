"""Decoders: everything that reads bytes which a disk, a stranger or a person may have spoilt.

Each takes bytes and returns whatever it makes of them, or raises what it may: a TallyError, mostly.
Anything else is a bug. junk.py feeds them with Hypothesis, fuzz.py with atheris.
"""

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.names import parse_step
from engine.attestations import WITH_MACHINE
from engine.content import canonical, car, head, reader, schema, walk
from engine.content.cid import BLAKE3, DAG_PB, RAW, Cid
from engine.content.links import links
from engine.content.schema import Record
from engine.content.tree import TREE
from engine.content.unixfs import parse as parse_unixfs
from engine.errors import NotHere, TallyError
from engine.formats import npz_mismatches
from engine.memo import read_witness
from engine.nearness import Unreadable
from engine.nix import derivation, narinfo, narreader, nix32
from engine.nix.records import CLOSURE, ENVIRONMENT
from engine.nix.signature import PublicKey, SecretKey
from engine.nix.source import Recipe
from engine.nix.storepath import StorePath
from engine.npy import npy_mismatches
from engine.numeric import csv_mismatches, json_mismatches, tsv_mismatches
from engine.rows import read_run, read_step
from engine.run import RUN, RUN_PAGE_RECORD
from engine.sandbox import frames
from engine.sandbox.delivery import Delivery
from engine.step import ATTESTATION, GATHER_PAGE_RECORD, RESULT, SIGNED, STEP
from engine.store import pinlog
from engine.store.memory import MemoryStore
from engine.store.recover import framed
from engine.store.treebuilder import Outputs
from engine.wheels import inputs_lock, lockfile
from engine.wheels.choice import parsed
from engine.wheels.interpreter import OWN, Interpreter
from engine.workflow import as_data, lock_text, parse, placeholders, references, units, values
from engine.workflow.lock import LOCK
from engine.workflow.model import WORKFLOW, WORKFLOW_2, record_of
from peers import exchange
from peers.directory_messages import TYPES
from tests.fakes.content import MemoryContent
from tests.long import catalogue_decoders as catalogue
from tests.long import peer_decoders as theirs
from tests.long import samples


@dataclass(frozen=True)
class Decoder:
    """Something that reads bytes."""

    name: str
    decode: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    may_raise: tuple[type[Exception], ...] = (TallyError,)

    def __call__(self, data: bytes) -> None:
        """Read some bytes.

        Raises: whatever the decoder may not.
        """
        with contextlib.suppress(*self.may_raise):
            self.decode(data)


# ---- content

RECORDS: Final[tuple[Record[Any], ...]] = (
    TREE, GATHER_PAGE_RECORD, STEP, RESULT, ATTESTATION, SIGNED, LOCK, WORKFLOW, WORKFLOW_2, RUN,
    RUN_PAGE_RECORD, CLOSURE, ENVIRONMENT, WITH_MACHINE,
)  # fmt: skip


def _canonical(data: bytes) -> None:
    value = canonical.decode(data)
    assert canonical.encode(value) == data, "two encodings of one value"
    canonical.links(data)


def _record(data: bytes) -> None:
    kind = schema.kind_of(data)
    for record in RECORDS:
        if record.kind == kind:
            assert record.encode(record.decode(data)) == data, "two encodings of one record"
            return
    TREE.decode(data)


def _head(data: bytes) -> object:
    return head.read_head(data, 0)


def _unixfs(data: bytes) -> None:
    cid = Cid.of(DAG_PB, data)
    list(links(cid, data))
    parse_unixfs(cid, data)


def _tree(data: bytes) -> None:
    """Walk a tree whose blocks come one after the other, whatever they are called."""
    parts = [part for part in data.split(samples.CUT) if part] or [b""]
    known = {Cid.of(DAG_PB, part): part for part in parts}
    spare = iter(parts[1:])  # of blocks that were spoilt, and so are called for by another name

    def get(cid: Cid) -> bytes:
        if cid.codec == RAW:
            return b"hello"
        if cid not in known and (part := next(spare, None)) is not None:
            known[cid] = part
        if cid not in known:
            raise NotHere("no more blocks")
        return known[cid]

    root = Cid.of(DAG_PB, parts[0])
    for entry in walk.walk(get, root):
        if entry.kind == "file":
            for _ in zip(range(100), reader.read(get, entry.cid), strict=False):
                pass
        if entry.kind == "directory":
            reader.lookup(get, entry.cid, "a")


def _car(data: bytes) -> None:
    from engine.bundle import import_bundle

    import_bundle(MemoryStore(), io.BytesIO(data))
    list(car.Reader(io.BytesIO(data)))


def _packed(data: bytes) -> None:
    """Read a samples.pack without its index."""
    descriptor = os.memfd_create("pack")
    try:
        os.write(descriptor, data)
        for leaf in framed(Path(f"/proc/self/fd/{descriptor}")):
            assert leaf.cid.matches(data[leaf.offset : leaf.offset + leaf.length])
    finally:
        os.close(descriptor)


# ---- Nix


def _nar(data: bytes) -> None:
    for _ in narreader.read(data[at : at + 7] for at in range(0, len(data), 7)):
        pass


def _narinfo(data: bytes) -> None:
    info = narinfo.parse(data)
    assert narinfo.parse(narinfo.show(info).encode()) == info
    narinfo.unsigned(data)


def _derivation(data: bytes) -> None:
    found = derivation.parse(data)
    assert derivation.show(found) == data, "two texts of one derivation"


def _keys(text: str) -> None:
    PublicKey.parse("a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").verifies(b"x", text)
    for kind in (PublicKey, SecretKey):
        with contextlib.suppress(TallyError):
            kind.parse(text)


def _nix_names(text: str) -> None:
    for parse_name in (StorePath.parse, Recipe.parse, lambda t: nix32.decode(t, 32)):
        with contextlib.suppress(TallyError):
            parse_name(text)


# ---- what people write


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """Return a decoder of text; what is not UTF-8 is refused by whoever opens the file."""

    def decode(data: bytes) -> object:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return None
        return read(text)

    return decode


def _workflow(text: str) -> None:
    found = parse.parse(text, "w.yaml")
    record = record_of(found)
    data = record.encode(found)
    assert record.encode(as_data.decode_workflow(data)) == data


def _lock(text: str) -> None:
    found = lock_text.parse_lock(text, "w.lock")
    assert lock_text.parse_lock(lock_text.print_lock(found), "again") == found


def _packages(file: str) -> Callable[[bytes], object]:
    return _text(lambda text: lockfile.read(text, file, OWN, (), None))


def _inputs(text: str) -> object:
    return inputs_lock.parse(text, "inputs.lock")


def _words(text: str) -> None:
    """Read what stands in a command, a reference, a size, a time, a step's name, a wheel's."""
    reads: tuple[Callable[[str], object], ...] = (
        references.parse_reference,
        placeholders.parse_template,
        units.parse_size,
        units.parse_time,
        parse_step,
        lambda t: parsed(t, "here"),
        Interpreter.parse,
        Cid.parse,
    )
    for read in reads:
        with contextlib.suppress(TallyError):
            read(text)


def _settings(data: bytes) -> object:
    from cli import config_file

    descriptor = os.memfd_create("config")
    try:
        os.write(descriptor, data)
        return config_file.read_config(Path(f"/proc/self/fd/{descriptor}"))
    finally:
        os.close(descriptor)


def _value(text: str) -> None:
    found = values.read_value(text, "-p x")
    assert values.read_value(found, "-p x") == found, "a value that is read as another"
    json.loads(found)
    values.in_command(found)
    values.items_of(found)


# ---- what is compared


def _halves(compare: Any) -> Callable[[bytes], object]:
    def decode(data: bytes) -> object:
        was, _, now = data.partition(samples.CUT)
        return [found for found, _ in zip(compare(was, now, 0.1), range(100), strict=False)]

    return decode


# ---- between engine and executor, and in the database


class _Channel:
    """One with no descriptors."""

    def take_descriptor(self) -> int:
        raise frames.Nonsense("none came")


def _frame(data: bytes) -> None:
    sinks: Any = _Channel()
    with contextlib.suppress(frames.Nonsense):
        frames.unpack_ending(data)
    with tempfile.TemporaryDirectory() as place:
        outputs = Outputs(MemoryContent(Path(place)))
        delivery = Delivery(sinks, sinks, lambda *_: None, outputs)
        for part in data.split(samples.CUT):
            delivery.take(part[0] if part else 0, part[1:])
        outputs.finish()


def _columns(data: bytes) -> Iterator[object]:
    """Yield the values of a row: of any kind that SQLite has."""
    stream = io.BytesIO(data)
    while kind := stream.read(1):
        if kind == b"c":
            yield bytes((1, stream.read(1)[0] if data else 0, BLAKE3, 32)) + bytes(32)
        elif kind == b"i":
            yield int.from_bytes(stream.read(4), "big", signed=True)
        elif kind in (b"t", b"b"):
            raw = stream.read((stream.read(1) or b"\0")[0])
            yield raw.decode("utf-8", "surrogateescape") if kind == b"t" else raw
        else:
            yield None


def _rows(data: bytes) -> None:
    with contextlib.suppress(IndexError):
        row = (*_columns(data), *[None] * 11)
        for read, width in ((read_run, 10), (read_step, 11), (read_witness, 5)):
            with contextlib.suppress(TallyError):
                read(row[:width])


_NUMERIC: Final = (Unreadable,)
TABLE: Final = (
    # content
    Decoder("canonical", _canonical, samples.golden()),
    Decoder("record", _record, samples.golden()),
    Decoder("cid", Cid.from_bytes, (samples.A_CID.raw,)),
    Decoder("head", _head, (b"\x1a\1\0\0\1",), (TallyError, IndexError)),
    Decoder("unixfs", _unixfs, tuple(samples.small_tree().split(samples.CUT))),
    Decoder("tree", _tree, (samples.small_tree(), samples.sharded())),
    Decoder("car", _car, (samples.a_car(),)),
    Decoder("pack", _packed, (samples.a_pack(),)),
    Decoder("pin log", pinlog.parse, (f"+ {samples.A_CID} a\\n\n- b\n".encode(),)),
    # Nix
    Decoder("nar", _nar, (samples.a_nar(),)),
    Decoder("narinfo", _narinfo, (samples.a_narinfo(),)),
    Decoder("derivation", _derivation, samples.derivations()),
    Decoder("nix key", _text(_keys), (b"a:" + b"A" * 43 + b"=", b"a:" + b"A" * 86 + b"==")),
    Decoder("nix name", _text(_nix_names), samples.NIX_NAMES),
    # what people write
    Decoder("workflow", _text(_workflow), samples.files("examples/*/workflow.yaml")),
    Decoder("lock", _text(_lock), (samples.a_lock(),)),
    Decoder("param", _text(_value), (b"[1, 2.5e3, {a: ~, b: 'x'}]", b"0x10", b'"a\\u0041"')),
    Decoder("words", _text(_words), samples.SOME_WORDS),
    Decoder("requirements.txt", _packages("requirements.txt"), (samples.REQUIREMENTS,)),
    Decoder("uv.lock", _packages("uv.lock"), (samples.UV_LOCK,)),
    Decoder("pylock.toml", _packages("pylock.toml"), (samples.PYLOCK,)),
    Decoder("inputs.lock", _text(_inputs), samples.files("examples/env/inputs.lock")),
    Decoder("settings", _settings, (b'jobs = "2"\nmemory = "1GiB"\n',)),
    # what is compared
    Decoder("npy", _halves(npy_mismatches), samples.two_arrays(), _NUMERIC),
    Decoder("npz", _halves(npz_mismatches), (samples.pair(samples.an_npz()),), _NUMERIC),
    Decoder("json", _halves(json_mismatches), (samples.pair(b'{"a": [1, "x", null]}'),), _NUMERIC),
    Decoder("csv", _halves(csv_mismatches), (samples.pair(b'a,"b ""c",1\n2,3,4\n'),), _NUMERIC),
    Decoder("tsv", _halves(tsv_mismatches), (samples.pair(b"a\tb\n1\t2\n"),), _NUMERIC),
    # between engine and executor, and in the database
    Decoder("frame", _frame, (samples.some_frames(),), (frames.Nonsense, TallyError)),
    Decoder("row", _rows, (samples.STEP_ROW, samples.RUN_ROW)),
    # between peers
    Decoder("envelope", theirs.envelopes, theirs.ENVELOPES),
    Decoder("plain", theirs.plains, theirs.PLAINS),
    Decoder("signed record", theirs.signed, theirs.SIGNED),
    Decoder("what is signed", theirs.records, theirs.RECORDS),
    Decoder("hello", theirs.hellos, theirs.HELLOS),
    Decoder("messages", theirs.messages, theirs.MESSAGES),
    Decoder("content", theirs.typed(exchange.unpack, exchange.WANT_TYPE), theirs.CONTENT),
    Decoder("directory", theirs.typed(theirs.directory, TYPES.ask), theirs.DIRECTORY),
    Decoder("catalogue", catalogue.messages, catalogue.MESSAGES),
    Decoder("posting", catalogue.postings, catalogue.POSTINGS),
    Decoder("work", theirs.work, theirs.WORK),
    Decoder("resource", theirs.resources, theirs.RESOURCE),
    Decoder("name or check", theirs.named, theirs.NAMED),
    Decoder("checked output", theirs.judged, theirs.JUDGED),
    Decoder("address", theirs.addresses, theirs.ADDRESSES),
    Decoder("network", theirs.network, theirs.NETWORK),
    Decoder("control", theirs.control, theirs.CONTROL),
)
BY_NAME: Final = {decoder.name: decoder for decoder in TABLE}
