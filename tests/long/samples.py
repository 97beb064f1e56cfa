"""Samples: right bytes of every kind, from which wrong ones are made.

Several blocks, files or frames are one string of bytes with CUT between them.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Final

from engine.content import car, dagpb
from engine.content.blocks import Block
from engine.content.cid import RAW
from engine.content.directory import directory
from engine.content.profile import PUBLISHED
from engine.nix import nar, narinfo
from engine.nix.storepath import StorePath
from engine.sandbox import frames
from engine.workflow import lock_text
from engine.workflow.lock import LockFile, Pin, PinnedEnvironment

ROOT: Final = Path(__file__).parents[2]
VECTORS: Final = ROOT / "tests/vectors"
A_CID: Final = PUBLISHED.block(RAW, b"x").cid
NIX_NAMES: Final = (b"/nix/store/" + b"0" * 32 + b"-a.drv!out,dev", b"0" * 52)
UV_LOCK: Final = b"""\
version = 1
requires-python = ">=3.11"

[[package]]
name = "p"
version = "0.1"
source = { virtual = "." }
dependencies = [{ name = "tqdm", marker = "python_full_version < '4'" }]

[[package]]
name = "tqdm"
version = "4.67"
source = { registry = "https://example.org/simple" }
wheels = [
  { url = "https://example.org/tqdm-4.67-py3-none-any.whl", hash = "sha256:%s", size = 1 },
]
""" % (b"0" * 64)
PYLOCK: Final = b"""\
lock-version = "1.0"
created-by = "hand"
requires-python = ">=3.11"

[[packages]]
name = "tqdm"
version = "4.67"
marker = "python_full_version < '4'"

[[packages.wheels]]
name = "tqdm-4.67-py3-none-any.whl"
url = "https://example.org/tqdm-4.67-py3-none-any.whl"
hashes = { sha256 = "%s" }
""" % (b"0" * 64)
REQUIREMENTS: Final = b"""\
tqdm==4.67 ; python_version < "4" \\
    --hash=sha256:%s
""" % (b"0" * 64)


CUT: Final = b"\xff\x00cut"


def small_tree() -> bytes:
    """Return the blocks of a directory in a directory, as _tree takes them."""
    leaf = PUBLISHED.block(RAW, b"hello")
    inner = directory([dagpb.Link("a", leaf.cid, 5), dagpb.Link("b", leaf.cid, 5)])
    outer = directory([dagpb.Link("in", inner.link.cid, 100), dagpb.Link("x", leaf.cid, 5)])
    blocks = [*outer.blocks, *inner.blocks]
    return CUT.join(block.data for block in blocks)


def sharded() -> bytes:
    """Return the blocks of a directory that is sharded, as _tree takes them."""
    leaf = PUBLISHED.block(RAW, b"hello")
    made = directory([dagpb.Link(f"file {n:05} {'x' * 200}", leaf.cid, 5) for n in range(1200)])
    blocks = {block.cid: block.data for block in made.blocks}
    return CUT.join((blocks.pop(made.link.cid), *blocks.values()))


def a_car() -> bytes:
    """Return a bundle of a directory with a file."""
    leaf = PUBLISHED.block(RAW, b"hello")
    made = directory([dagpb.Link("a", leaf.cid, 5)])
    stream = io.BytesIO()
    car.write(stream, [made.link.cid], [*made.blocks, Block(leaf.cid, leaf.data)])
    return stream.getvalue()


def golden() -> tuple[bytes, ...]:
    """Return a record of each kind."""
    records = json.loads((VECTORS / "records.json").read_text())
    return tuple(bytes.fromhex("".join(record["hex"])) for record in records.values())


def a_pack() -> bytes:
    """Return a pack of three blocks."""
    blocks = [PUBLISHED.block(RAW, b"x" * size) for size in (1, 10, 100)]
    return b"".join(
        block.cid.raw + len(block.data).to_bytes(4, "big") + block.data for block in blocks
    )


def a_nar() -> bytes:
    """Return an archive with something of everything."""
    nodes = [
        nar.Directory(b""),
        nar.Regular(b"a", 3, True),
        nar.Directory(b"d"),
        nar.Symlink(b"d/l", b"../a"),
    ]
    parts = nar.layout(iter(nodes))
    return b"".join(part if isinstance(part, bytes) else b"abc" for part in parts)


def a_narinfo() -> bytes:
    """Return what a binary cache says of a path."""
    info = narinfo.NarInfo(StorePath("0" * 32, "x"), "nar/y.nar", bytes(32), 96, ())
    return narinfo.show(info).encode()


def a_lock() -> bytes:
    """Return a lock file."""
    pin = Pin(f"/nix/store/{'0' * 32}-a.drv!out", PUBLISHED.block(0x71, b"\xa0").cid)
    pinned = PinnedEnvironment(f"sha256:{'0' * 64}", {"x86_64-linux": pin})
    return lock_text.print_lock(LockFile({"a": pinned, "b": pinned})).encode()


def files(pattern: str) -> tuple[bytes, ...]:
    """Return some files of this repository."""
    return tuple(path.read_bytes() for path in sorted(ROOT.glob(pattern)))


def derivations() -> tuple[bytes, ...]:
    """Return derivations that Nix wrote."""
    found = json.loads((VECTORS / "derivations.json").read_text())
    return tuple(text.encode() for text in found.values())


def an_npy(kind: str = "<f8", shape: str = "(2,)", data: bytes = bytes(16)) -> bytes:
    """Return an array."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + data


def an_npz() -> bytes:
    """Return arrays in a zip file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("a.npy"), an_npy())
    return stream.getvalue()


def pair(data: bytes) -> bytes:
    """Return two things to be compared."""
    return data + CUT + data.replace(b"1", b"2")


def some_frames() -> bytes:
    """Return the frames of an output that is a directory with something of everything."""
    return CUT.join(
        (
            bytes((frames.DIRECTORY,)) + frames.pack(b"o", b""),
            bytes((frames.DIRECTORY,)) + frames.pack(b"o", b"d"),
            bytes((frames.FILE,)) + frames.pack(b"o", b"d/a", b"x", b"content"),
            bytes((frames.SYMLINK,)) + frames.pack(b"o", b"d/b", b"a"),
            bytes((frames.DESCRIPTOR,)) + frames.pack(b"o", b"c", b"", b"5"),
        )
    )


STEP_ROW: Final = (
    b"t\x01s" + b"i\0\0\0\1" + b"t\x03ran" + b"cq" * 4 + b"i\0\0\0\7" + b"cU" * 2 + b"t\x01n"
)
RUN_ROW: Final = (
    b"t\x01a" + b"t\x01b" + b"cq" + b"t\x01c" + b"t\x02{}" + b"t\x07running"
    b"i\0\0\0\7" + b"nn" + b"i\0\0\0\0"
)

SOME_WORDS: Final = (
    b"train[*].model/weights/0", b"inputs.code/a", b"{inputs.x} {{y}} {params.n}", b"64MiB", b"2h",
    b"train[12]", b"numpy-2.2.6-cp311-cp311-manylinux_2_17_x86_64.whl", b"3.11.2 glibc 2.36",
)  # fmt: skip


def two_arrays() -> tuple[bytes, ...]:
    """Return pairs of arrays."""
    return pair(an_npy()), pair(an_npy("<i2", "(2, 4)"))
