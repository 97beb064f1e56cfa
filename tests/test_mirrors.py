"""What one fetched from a URL, another has by its CID."""

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.given import FETCH_PIN, downloads
from cli.mirrors import mirrors
from cli.settings import settle
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import Unavailable
from engine.nix.nixstore import NixStore
from tests.commands import EXAMPLES, tally, told
from tests.daemons import Daemon, until
from tests.fakes import nixstore

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

DATA = b"from afar\n" * 50_000
SHA256 = hashlib.sha256(DATA).hexdigest()
GONE = "http://127.0.0.1:1/data"
WORKFLOW = f"""\
workflow: afar
inputs: {{data: {{url: "http://127.0.0.1:1/data", sha256: {SHA256}}}}}
environments: {{sh: {{nix: ./env/default.nix, attribute: env-sh}}}}
steps:
  count:
    environment: sh
    inputs: {{data: inputs.data}}
    run: wc -c <{{inputs.data}} >{{outputs.count}}
    outputs: {{count: count}}
"""


@pytest.fixture
def author(tmp_path: Path, nix_store: NixStore) -> Iterator[Daemon]:
    """A peer that fetched it, and published what it made of it."""
    shutil.copytree(EXAMPLES / "env", tmp_path / "project" / "env")
    (tmp_path / "project" / "workflow.yaml").write_text(WORKFLOW)
    home = nixstore.lend(nix_store, tmp_path / "author")
    with Workspace(home, writing=True) as space:
        (tmp_path / "data").write_bytes(DATA)
        cid = told(home, "add", str(tmp_path / "data"))["cid"]
        space.store.pins.pin(Cid.parse(cid), f"{FETCH_PIN}{SHA256}")
    daemon = Daemon(home).start()
    yield daemon
    daemon.stop()


@pytest.fixture
def other(tmp_path: Path, author: Daemon) -> Iterator[Daemon]:
    """A peer that has nothing, and is connected to it."""
    daemon = Daemon(tmp_path / "other").start()
    told(daemon.home, "peer", "add", author.address)
    until(lambda: daemon.is_up(author) and author.is_up(daemon))
    yield daemon
    daemon.stop()


def test_it_comes_from_whoever_published_it(tmp_path: Path, author: Daemon, other: Daemon) -> None:
    """Word of it says which files it has; nothing is fetched from the URL, which is gone."""
    settings = settle({"home": str(other.home)}, {})
    with Workspace(other.home, writing=True, online=settings) as space:
        having_it = downloads(space, offline=False)
        with pytest.raises(Unavailable, match="cannot be fetched"):
            having_it.bring(GONE, SHA256)
        project = str(tmp_path / "project" / "workflow.yaml")
        assert tally(author.home, "publish", project).returncode == 0
        until(lambda: list(mirrors(space, SHA256)))
        (having,) = mirrors(space, SHA256)
        assert not having.is_known
        assert having_it.bring(GONE, SHA256) == having.cid
    assert tally(other.home, "cat", str(having.cid), "--offline").stdout == DATA.decode()


def test_a_run_that_is_here_is_a_mirror(tmp_path: Path, author: Daemon) -> None:
    """Though what was fetched is not known by its sha256 any more."""
    project = str(tmp_path / "project" / "workflow.yaml")
    cid = told(author.home, "run", project)["run"]
    told(author.home, "export", cid, str(tmp_path / "run.car"))
    home = tmp_path / "third"
    told(home, "import", str(tmp_path / "run.car"))
    with Workspace(home, writing=True) as space:
        (having,) = mirrors(space, SHA256)
        assert having.is_known
        assert downloads(space, offline=True).bring(GONE, SHA256) == having.cid
        assert space.store.pins.of(f"{FETCH_PIN}{SHA256}") == [having.cid]
