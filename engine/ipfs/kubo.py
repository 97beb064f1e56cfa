"""Kubo: an IPFS node beside us, as far as Tallystick has use for it.

What comes from it is believed no more than what comes from anybody: whoever takes blocks checks
them against their names, as `get` does here.

>>> with Kubo(find("", os.environ, Path.home())) as kubo:                # doctest: +SKIP
...     kubo.identity().version
'0.42.0'
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, NamedTuple

from engine.clock import Clock, SystemClock
from engine.content.blocks import MAX_BLOCK, Block
from engine.content.cid import DAG_CBOR, DAG_PB, RAW, Cid
from engine.errors import Damaged, NotHere, Refused, Unavailable
from engine.ipfs.calls import MAX_ANSWER, Calls, Content
from engine.trickle import SILENCE_S

PIN: Final = "tally"  # the name of every pin that we make in a node
MAX_PINS: Final = 100_000  # of ours in one node
MAX_PROVIDERS: Final = 64  # of one CID: each is then asked
MAX_EVENTS: Final = 1_000  # that it tells of one question or one bundle
MAX_PROGRESS: Final = 10_000_000  # times that a node says how far it is, twice a second
PINNING_S: Final = 24 * 3600.0  # of what it has already: a million blocks, from a slow disk
ROOT_WAIT_S: Final = 30.0  # for what others named, whose holders have yet to be found
WAIT_S: Final = 10.0  # for a block that the node may have to look for

_CODECS: Final = {RAW: "raw", DAG_PB: "dag-pb", DAG_CBOR: "dag-cbor"}


class NodeFacts(NamedTuple):
    """Who a node is."""

    peer: str
    version: str  # as "0.42.0"
    addresses: tuple[str, ...]  # where other nodes reach it


class Stream(NamedTuple):
    """A listener or a forward of libp2p streams, as a node tells of it."""

    protocol: str
    listen: str
    target: str


class Kubo(AbstractContextManager["Kubo"]):
    """A node. For one thread. Every method raises Unavailable when the node is away or refuses."""

    def __init__(self, address: str, clock: Clock | None = None) -> None:
        """Take the multiaddress of its API, as `endpoint.find` gives it."""
        self.address = address
        self._clock = clock or SystemClock()
        self._calls = Calls(address, self._clock)

    def identity(self) -> NodeFacts:
        """Return who it is."""
        found = self._calls.value("id")
        agent = str(found.get("AgentVersion", "")).split("/")
        version = agent[1] if len(agent) > 1 else str(self._calls.value("version").get("Version"))
        return NodeFacts(str(found.get("ID", "")), version[:40], _texts(found.get("Addresses")))

    def setting(self, name: str) -> object:
        """Return a value of its configuration; None for one that is not set."""
        try:
            return self._calls.value("config", name).get("Value")
        except Unavailable as fault:
            if "not found" in fault.what or "no key" in fault.what:
                return None
            raise

    # blocks

    def get(self, cid: Cid, wait_s: float = WAIT_S) -> bytes:
        """Return a block, checked, for which the node may look with others for a while.

        Raises: NotHere when nobody has it in time; Damaged when it hands out something else.
        """
        waits = {"timeout": f"{wait_s:.0f}s"}
        with _finding(str(cid)):
            data = self._calls.read("block/get", MAX_BLOCK, str(cid), options=waits)
        if not cid.matches(data):
            raise Damaged("the IPFS node handed out other bytes", where=str(cid))
        return data

    def look_for(self, name: str, wait_s: float = WAIT_S) -> None:
        """Have it find a block, by a CID of any form.

        Raises: NotHere when nobody has it in time.
        """
        with _finding(name):
            self._calls.value("block/stat", name, options={"timeout": f"{wait_s:.0f}s"})

    def put(self, block: Block) -> None:
        """Give it a block, unpinned.

        Raises: Damaged when it keeps it under another name.
        """
        options = {"cid-codec": _CODECS[block.cid.codec], "mhtype": "blake3"}
        found = self._calls.value("block/put", file=[block.data], options=options)
        if found.get("Key") != str(block.cid):
            raise Damaged("the IPFS node names a block otherwise", where=str(block.cid))

    def has(self, cid: Cid) -> bool:
        """Return whether the node itself has a block, without looking elsewhere."""
        try:
            return bool(self._calls.value("block/stat", str(cid), options={"offline": "true"}))
        except Unavailable as fault:
            if "not find" in fault.what or "not found" in fault.what:
                return False
            raise

    # whole content

    def import_car(self, bundle: Iterable[bytes]) -> None:
        """Give it all blocks of a CAR; nothing of them is pinned by that.

        Raises: Refused when a block is wrong.
        """
        options = {"pin-roots": "false", "stats": "true", "fast-provide-root": "false"}
        for answer in self._calls.values("dag/import", MAX_EVENTS, file=bundle, options=options):
            for root in _maps([answer.get("Root")]):
                if said := root.get("PinErrorMsg"):
                    fix = "mend that at the node, then publish again"
                    raise Refused(f"the IPFS node refuses it: {str(said)[:200]}", fix=fix)

    @contextmanager
    def export_car(self, root: Cid | str) -> Iterator[Iterator[bytes]]:
        """Lend the CAR of all that a root leads to, as it comes; unchecked.

        It ends early, as if whole, when the node cannot find some of it. Blocks are looked for one
        after the other: for much content, see fetch.py.
        """
        with self._calls.stream("dag/export", [str(root)], {"progress": "false"}) as pieces:
            yield self._calls.paced(pieces)

    @contextmanager
    def cat(self, file: Cid, offset: int, length: int) -> Iterator[Content]:
        """Lend some of a UnixFS file's bytes, as they come; unchecked."""
        options = {"offset": str(offset), "length": str(length), "progress": "false"}
        with self._calls.content("cat", str(file), options=options) as came:
            yield came

    def pin(self, root: Cid) -> None:
        """Have it keep all that a root leads to, and tell others that it has the root."""
        options = {"name": PIN, "progress": "true", "fast-provide-root": "true"}
        done, since_ms = 0, self._clock.monotonic_ms()
        answers = self._calls.values(
            "pin/add", MAX_PROGRESS, str(root), options=options, longest_s=PINNING_S
        )
        for answer in answers:
            now_ms, now_done = self._clock.monotonic_ms(), _number(answer.get("Progress"))
            if now_done > done:
                done, since_ms = now_done, now_ms
            elif now_ms - since_ms > SILENCE_S * 1000:  # it says how far it is, again and again
                fix = "look whether it reaches other nodes: 'ipfs swarm peers'"
                raise Unavailable("the IPFS node does not go on pinning", where=str(root), fix=fix)

    def unpin(self, root: Cid) -> None:
        """Let it forget what only a root leads to; no change when it is not pinned."""
        try:
            self._calls.value("pin/rm", str(root))
        except Unavailable as fault:
            if "not pinned" not in fault.what:
                raise

    def pins(self) -> set[Cid]:
        """Return the roots that we pinned there."""
        options = {"type": "recursive", "names": "true", "name": PIN, "stream": "true"}
        found = self._calls.values("pin/ls", MAX_PINS, options=options)
        named = (str(one.get("Cid")) for one in found if one.get("Name") == PIN)
        return {cid for cid in map(_cid, named) if cid is not None}

    # who else has it

    def provide(self, cid: Cid) -> None:
        """Tell others that this node has a block."""
        for _ in self._calls.values("routing/provide", MAX_EVENTS, str(cid)):
            pass

    def providers(self, cid: Cid, most: int = MAX_PROVIDERS) -> set[str]:
        """Return the ids of nodes that say that they have a block, as far as they are found."""
        found: set[str] = set()
        events = self._calls.values(
            "routing/findprovs", MAX_EVENTS, str(cid), options={"num-providers": str(most)}
        )
        for event in events:
            if event.get("Type") == 4:  # https://github.com/libp2p/go-libp2p/ routing.Provider
                found |= {str(one["ID"]) for one in _maps(event.get("Responses")) if "ID" in one}
        return set(sorted(found)[:most])

    def connect(self, address: str) -> None:
        """Connect it to another node; the library takes that apart by the letter."""
        self._calls.value("swarm/connect", address)

    def peer_with(self, address: str) -> None:
        """Have it keep connected to another node."""
        self._calls.value("swarm/peering/add", address)

    def peers(self) -> int:
        """Return to how many nodes it is connected."""
        return len(_maps(self._calls.value("swarm/peers").get("Peers")))

    # streams to other nodes

    def listen(self, protocol: str, target: str, *, names: bool = False) -> None:
        """Have streams of a protocol, "/x/…", carried to a multiaddress of this machine.

        With `names`, each begins with the id of the node it comes from, on a line.
        """
        options = {"report-peer-id": "true"} if names else {}
        self._calls.value("p2p/listen", protocol, target, options=options)

    def forward(self, protocol: str, listen: str, peer: str) -> None:
        """Have connections to a multiaddress here carried to another node's listener."""
        self._calls.value("p2p/forward", protocol, listen, f"/p2p/{peer}")

    def streams(self) -> Sequence[Stream]:
        """Return the listeners and forwards that there are."""
        found = _maps(self._calls.value("p2p/ls").get("Listeners"))
        fields = ("Protocol", "ListenAddress", "TargetAddress")
        return [Stream(*(str(one.get(name, "")) for name in fields)) for one in found]

    def unforward(self, protocol: str, listen: str = "") -> None:
        """End listeners and forwards of a protocol, or the one that listens there."""
        more = {"listen-address": listen} if listen else {}
        self._calls.read("p2p/close", MAX_ANSWER, options={"protocol": protocol, **more})

    def close(self) -> None:
        """Let go of it."""
        self._calls.close()

    def __exit__(self, *raised: object) -> None:
        self.close()


def exporting(
    address: str, wait_s: float = ROOT_WAIT_S
) -> Callable[[str], AbstractContextManager[Iterator[bytes]]]:
    """Return what lends the CAR of all that a CID leads to, as Kubo.export_car, of a node.

    It first looks for the root, for so long.
    """

    @contextmanager
    def export(root: str) -> Iterator[Iterator[bytes]]:
        with Kubo(address) as kubo:
            kubo.look_for(root, wait_s)
            with kubo.export_car(root) as pieces:
                yield pieces

    return export


# a node may be anybody's: what it answers has the shape that it likes


@contextmanager
def _finding(name: str) -> Iterator[None]:
    """Say of a block that was not found in time that it is not here."""
    try:
        yield
    except Unavailable as fault:
        if "deadline" not in fault.what and "not find" not in fault.what:
            raise
        fix = "try again when somebody who has it is there"
        raise NotHere("IPFS does not find it", where=name, fix=fix) from None


def _maps(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _cid(text: str) -> Cid | None:
    """Return a CID; None for one that is not of ours."""
    try:
        return Cid.parse(text)
    except Refused:
        return None
