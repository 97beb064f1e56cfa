"""Errors around an IPFS node: one that is away, one that lies, one that breaks off."""

from base64 import b32encode

from engine.content import dagpb
from engine.content.blocks import Block
from engine.content.cid import DAG_PB, RAW, Cid
from engine.content.dagpb import Link
from engine.content.unixfs import FILE, Message
from tests.cli.errors.stage import Stage, meets
from tests.cli.program import Told
from tests.fakes.rpc import Answer, HostileRpc, Visit

IPFS = "IPFS"

LEAF = Block(Cid.of(RAW, b"x" * 1000), b"x" * 1000)


def _file(size: int) -> Block:
    message = Message(FILE, filesize=size, blocksizes=(size,))
    data = dagpb.encode([Link("", LEAF.cid, size)], message.encode())
    return Block(Cid.of(DAG_PB, data), data)


def _asked(stage: Stage, answer: Answer, root: Cid) -> Told:
    """Ask a node that answers so for some content."""
    with HostileRpc(answer) as rpc:
        stage.extra |= {"TALLY_IPFS": rpc.address, "TALLY_SOURCES": "ipfs"}
        told = stage("get", str(root), "out")
    return Told(told.code, told.out, told.err.replace(rpc.address, "/ip4/127.0.0.1/tcp/5001"))


@meets(IPFS, "an address that is none")
def _(stage: Stage) -> Told:
    stage.extra["TALLY_IPFS"] = "localhost"
    return stage("doctor")


@meets(IPFS, "a node that is away, and content that is not here")
def _(stage: Stage) -> Told:
    stage.extra |= {"TALLY_IPFS": "/ip4/127.0.0.1/tcp/9", "TALLY_SOURCES": "ipfs"}
    return stage("get", str(LEAF.cid), "out")


@meets(IPFS, "a node that is away, and content that it alone could read")
def _(stage: Stage) -> Told:
    stage.extra |= {"TALLY_IPFS": "/ip4/127.0.0.1/tcp/9", "TALLY_SOURCES": "ipfs"}
    name = b32encode(bytes((1, RAW, 0x13, 64)) + bytes(64)).decode().lower().rstrip("=")
    return stage("get", f"b{name}", "out", shown="tally get bafkrgq… out")


@meets(IPFS, "a node that hands out other bytes")
def _(stage: Stage) -> Told:
    return _asked(stage, lambda visit: visit.say(b"other"), LEAF.cid)


@meets(IPFS, "a node that hands out other bytes of a file")
def _(stage: Stage) -> Told:
    top = _file(1000)

    def answer(visit: Visit) -> None:
        visit.say(top.data if visit.path == "block/get" else b"y" * 1000)

    return _asked(stage, answer, top.cid)


@meets(IPFS, "a node that breaks off")
def _(stage: Stage) -> Told:
    top = _file(1000)

    def answer(visit: Visit) -> None:
        visit.say(top.data if visit.path == "block/get" else b"x" * 500)

    return _asked(stage, answer, top.cid)
