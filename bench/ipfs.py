"""IPFS: content to and from a node (Kubo), beside `ipfs add` and `ipfs get` of the same.

Each time with two new nodes that know only each other, so that nobody has anything yet. What is
published is in our store already, as what was run is; it is then pinned at the node, as `ipfs add`
pins. What is fetched comes from the other node; ours is checked again and durable at the end.
"""

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench import samples
from bench.contest import contest
from bench.idle import idle
from bench.process import Spent
from bench.row import Row, at_least, at_most
from bench.setting import Setting
from engine.content.cid import Cid
from engine.ipfs.publish import publish
from engine.ipfs.source import IpfsSource
from engine.store.add import add_path
from engine.store.disk import DiskStore
from peers.heap import keep_large_buffers
from tests.kubo import IpfsNode, binary, nodes

PART: Final = "ipfs"
_MIB: Final = 1024 * 1024
_ADD: Final = ("add", "-Q", "--hash=blake3")


def measure(setting: Setting) -> Iterator[Row]:
    """Measure one large file, there and back."""
    keep_large_buffers()  # as the commands do
    program = binary()
    if program is None:
        setting.say("no IPFS node: ./setup/kubo/install builds it; skipped")
        return
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    setting.peers.versions["ipfs"] = said.stdout.split()[-1]
    file = samples.large(setting, setting.size(1024, 4))
    what = f"{file.stat().st_size // _MIB} MiB"
    with setting.passing("author") as folder, DiskStore(folder / "store") as store:
        root = add_path(store, file).cid
        yield _publish(setting, file, store, root, what)
    yield _fetch(setting, file, root, what)


def _publish(setting: Setting, file: Path, store: DiskStore, root: Cid, what: str) -> Row:
    def ours(node: IpfsNode) -> None:
        with node.kubo() as kubo:
            publish(kubo, store, root)

    def theirs(node: IpfsNode) -> None:
        if node.ipfs(*_ADD, file) != str(root):
            raise AssertionError("ipfs add names it otherwise")

    ways = {"ours": ours, "ipfs add": theirs}
    times = contest({name: _alone(setting, way) for name, way in ways.items()}, setting.rounds)
    told = f"{times.told('ours', 'ipfs add')}, quickest {times.quickest('ours', 'ipfs add'):.3g} x"
    ratio = times.ratio("ours", "ipfs add")
    return Row(PART, f"publishing {what} ÷ ipfs add", ratio, "x", at_most(1.0), told)


def _fetch(setting: Setting, file: Path, root: Cid, what: str) -> Row:
    def ours(node: IpfsNode) -> None:
        with setting.passing("reader") as folder, DiskStore(folder / "store") as store:
            IpfsSource(node.address).fetch(store, root, root, lambda _: None)

    def theirs(node: IpfsNode) -> None:
        with setting.passing("got") as folder:
            node.ipfs("get", "-o", folder / "file", str(root))

    ways = {"ours": ours, "ipfs get": theirs}
    times = contest({name: _far(setting, file, way) for name, way in ways.items()}, setting.rounds)
    told = f"{times.told('ours', 'ipfs get')}, quickest {times.quickest('ipfs get', 'ours'):.3g} x"
    ratio = times.ratio("ipfs get", "ours")
    name = f"fetching {what}, verified, speed ÷ ipfs get"
    return Row(PART, name, ratio, "x", at_least(0.7), told)


def _alone(setting: Setting, way: Callable[[IpfsNode], None]) -> Callable[[], Spent]:
    def work() -> Spent:
        with setting.passing("nodes") as folder, nodes(folder, 1) as (node,):
            return _timed(lambda: way(node))

    return work


def _far(setting: Setting, file: Path, way: Callable[[IpfsNode], None]) -> Callable[[], Spent]:
    """Have the other of two nodes have it."""

    def work() -> Spent:
        with setting.passing("nodes") as folder, nodes(folder, 2) as (near, far):
            far.ipfs(*_ADD, file)
            return _timed(lambda: way(near))

    return work


def _timed(work: Callable[[], None]) -> Spent:
    idle()
    began, processor = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - began, time.process_time() - processor)
