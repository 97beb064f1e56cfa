"""Our gateway and that of a real Kubo node give the same, to stock Nix and to others."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

from cli.workspace import Workspace
from engine.content import car
from engine.content.cid import Cid
from engine.ipfs.publish import publish
from engine.nix.nixstore import NixStore
from engine.store.public_roots import PUBLIC_PIN
from tests.cli.program import Program
from tests.kubo import IpfsNode, needs_ipfs, nodes
from tests.test_binary_cache import OTHER_KEY, realised, workflow
from tests.test_binary_cache import program as program

Answer = tuple[int, dict[str, str], bytes]

pytestmark = [needs_ipfs, pytest.mark.kubo]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IpfsNode]:
    """Return a node that runs."""
    with nodes(tmp_path_factory.mktemp("ipfs"), 1) as (found,):
        yield found


def give(node: IpfsNode, program: Program, root: str) -> None:
    """Give a node what a home has, and publish it."""
    with Workspace(program.home) as space:
        space.store.pins.pin(Cid.parse(root), PUBLIC_PIN)
        publish(node.kubo(), space.store, Cid.parse(root))


@pytest.mark.nix
def test_stock_nix_substitutes_from_kubos_gateway(
    program: Program, node: IpfsNode, tmp_path: Path, nix_store: NixStore
) -> None:
    """As the lines say that are printed; with another key it takes nothing."""
    program = program.at(program.home, IPFS_PATH=str(node.folder))
    told = program.told("env", "publish", workflow(tmp_path))
    give(node, program, told["cid"])
    (substituter,) = told["substituters"]
    assert substituter == f"{node.gateway}/ipfs/{told['cid']}"
    assert not realised(tmp_path / "refused", substituter, OTHER_KEY)
    assert realised(tmp_path / "fresh", substituter, told["public_key"])
    other = Program(tmp_path / "other" / "home")
    key = ("--trusted-key", told["public_key"])
    root = told["command"].split()[2]
    assert (
        other.told("env", "import", substituter, root, *key)["environment"] == told["environment"]
    )


@dataclass(frozen=True, slots=True)
class Both:
    """One directory in both gateways."""

    folder: Path
    root: str
    ours: str
    theirs: str

    def ask(self, path: str, **headers: str) -> list[Answer]:
        """Return what each of them answers."""
        return [ask(f"{one}/ipfs/{self.root}{path}", **headers) for one in (self.ours, self.theirs)]


@pytest.fixture(scope="module")
def both(node: IpfsNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Return a directory in both: with a large file, a large directory, a symlink."""
    place = tmp_path_factory.mktemp("both")
    top = place / "tree"
    (top / "many").mkdir(parents=True)
    (top / "large").write_bytes(os.urandom(3 * 2**20 + 5))
    (top / "é <b>.txt").write_text("hello")
    (top / "link").symlink_to("large")
    for number in range(3_000):
        (top / "many" / f"one of very many files, with a long name: {number:06}").write_text("x")
    program = Program(place / "home")
    root = str(program.told("add", top)["cid"])
    give(node, program, root)
    with program.serving() as ours:
        yield Both(top, root, ours, node.gateway)


def ask(address: str, **headers: str) -> Answer:
    """Return the status, the headers and the body of an answer."""
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - of our own
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/large", {}),
        ("/large", {"Range": "bytes=1048570-1048590"}),
        ("/large", {"Range": "bytes=-10"}),
        ("/%C3%A9%20%3Cb%3E.txt", {}),
        ("/many/one%20of%20very%20many%20files%2C%20with%20a%20long%20name%3A%20000007", {}),
        ("/link", {}),
    ],
)
def test_files_are_the_same_from_both(both: Both, path: str, headers: dict[str, str]) -> None:
    """And ranges of them, with the same tags."""
    (status, said, body), (other, theirs, same) = both.ask(path, **headers)
    assert (status, body) == (other, same)
    for name in ("Content-Length", "Content-Range", "Etag"):
        assert said.get(name) == theirs.get(name), name


def test_what_is_not_there_is_in_neither(both: Both) -> None:
    """An entry that there is not, and a file that is no directory."""
    for path in ("/none", "/large/x"):
        assert [status for status, _, _ in both.ask(path)] == [404, 404]


FORMS = (
    "?format=raw",
    "/many?format=raw",
    "?format=car",
    "/large?format=car",
    "/large?format=car&dag-scope=block",
    "/large?format=car&dag-scope=entity",
    "/large?format=car&entity-bytes=1048570:1048590",
    "/large?format=car&entity-bytes=-10:*",
    "/many?format=car&dag-scope=entity",
    "/link?format=car",
)


@pytest.mark.parametrize("form", FORMS)
def test_blocks_are_the_same_from_both(both: Both, form: str) -> None:
    """One, or those of a CAR, which each gateway puts into an order of its own."""
    (status, said, body), (other, theirs, same) = both.ask(form)
    assert (status, other) == (200, 200)
    kinds = [one["Content-Type"].partition(";")[0] for one in (said, theirs)]
    assert kinds[0] == kinds[1]
    if "car" not in form:
        assert body == same
        return
    ours, kubos = (set(car.Reader(BytesIO(data))) for data in (body, same))
    if "entity-bytes" in form:  # Kubo sends more than it is asked for
        assert ours < kubos
    else:
        assert ours == kubos


def test_kubo_imports_our_cars(both: Both, tmp_path: Path) -> None:
    """`ipfs dag import` of what our gateway sends, and `ipfs get` of that."""
    body = ask(f"{both.ours}/ipfs/{both.root}?format=car")[2]
    with IpfsNode(tmp_path / "ipfs") as other:
        told = other.ipfs("dag", "import", "--enc=json", stdin=body).splitlines()
        roots = [one["Root"]["Cid"]["/"] for one in map(json.loads, told) if "Root" in one]
        assert roots == [both.root]
        other.ipfs("get", "-o", tmp_path / "got", both.root)
    assert (tmp_path / "got/large").read_bytes() == (both.folder / "large").read_bytes()
