"""What was made here, or is kept, is not asked of IPFS unless it is public."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cli.unasked import Unasked
from cli.workspace import Workspace
from engine.content.blocks import ManyStore
from engine.content.cid import Cid
from engine.errors import Nowhere, Unavailable
from engine.evidence import attestation
from engine.sources import Came, Sources
from engine.store.disk import DiskStore
from engine.store.public_roots import PUBLIC_PIN
from engine.summary import StepSummary, load_run, of_record
from tests.cli.conftest import Write
from tests.cli.program import Program
from tests.peers.graphs import leaf

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

STEPS = (
    "  a: {run: 'echo told; wc -c <{inputs.k} >{outputs.o}', inputs: {k: inputs.k}, "
    "outputs: {o: o}}\n"
    "  b: {run: 'cp {inputs.g} {outputs.o}', inputs: {g: inputs.g}, outputs: {o: o}}\n"
)
OTHERS = leaf(b"of others").cid


class World:
    """An IPFS node, as it is asked, which finds nothing."""

    name = "ipfs"

    def __init__(self) -> None:
        self.asked: list[Cid] = []

    def fetch(self, store: ManyStore, root: Cid, within: Cid, came: Came) -> None:
        """Be asked for a root."""
        self.asked.append(root)

    def bring(self, store: ManyStore, cids: Sequence[Cid], within: Cid) -> None:
        """Be asked for blocks."""
        self.asked += cids


class Home:
    """A home with a run that keeps an input, as it asks the world."""

    def __init__(self, space: Workspace, run: Cid, kept: Cid, given: Cid) -> None:
        self.space, self.run, self.kept, self.given = space, run, kept, given
        self.world = World()
        self.source = Unasked(self.world, space)

    def step(self, name: str) -> StepSummary:
        """Return what is recorded of a step."""
        steps = of_record(self.space.store, load_run(self.space.store, self.run))
        return next(step for step in steps if step.name == name)

    def made(self) -> list[Cid]:
        """Return what the run made, and what it keeps."""
        step = self.step("a")
        printed = attestation(self.space.store, step.attestations[0]).stdout
        assert printed is not None
        return [self.run, self.kept, step.outputs["o"], printed]

    def ask(self, cid: Cid, within: Cid | None = None) -> list[Cid]:
        """Ask for all of some content, and for a block of it; return what the world heard of."""
        self.world.asked.clear()
        self.source.fetch(self.space.store, cid, within or cid, lambda _: None)
        self.source.bring(self.space.store, [cid], within or cid)
        return self.world.asked


@pytest.fixture
def home(own: Program, write: Write) -> Iterator[Home]:
    """Return such a home."""
    kept, given = own.home.parent / "kept", own.home.parent / "given"
    kept.write_text("guess me")
    given.write_text("of somebody")
    cid = own.told("add", given)["cid"]
    head = f"inputs: {{k: {{path: {kept}, share: never}}, g: {{cid: {cid}}}}}"
    run = own.told("run", write(STEPS, head=head))["run"]
    cids = (Cid.parse(text) for text in (run, own.told("add", kept)["cid"], cid))
    with Workspace(own.home, writing=True) as space:
        yield Home(space, *cids)


def test_what_was_made_here_is_not_asked_for(home: Home) -> None:
    """Nor what is kept; neither whole nor by the block, alone or among others."""
    for cid in home.made():
        with pytest.raises(Unavailable, match="is not public") as refused:
            home.ask(cid)
        assert refused.value.fix
        with pytest.raises(Unavailable, match="is not public"):
            home.source.bring(home.space.store, [OTHERS, cid], OTHERS)
        with pytest.raises(Unavailable, match="is not public"):
            home.ask(OTHERS, within=cid)
    assert not home.world.asked


def test_what_others_named_is_asked_for(home: Home) -> None:
    """What only passed through a step, what nobody here made, and a part of something else."""
    assert home.step("b").outputs["o"] == home.given
    for cid in (home.given, OTHERS):
        assert home.ask(cid) == [cid, cid]
    for cid in home.made():
        assert home.ask(cid, within=OTHERS) == [cid, cid]


def test_what_is_public_is_asked_for(home: Home) -> None:
    """All that a published run leads to: whoever looks has its names anyway."""
    home.space.store.pins.pin(home.run, PUBLIC_PIN)
    for cid in home.made():
        assert home.ask(cid) == [cid, cid]


def test_it_is_said_why_it_was_not_asked_for(home: Home, tmp_path: Path) -> None:
    """Beside what others said, with what can be done."""
    output = home.step("a").outputs["o"]
    with DiskStore(tmp_path / "store") as store, pytest.raises(Nowhere) as nowhere:
        Sources(store, [home.source]).get(output)
    said = f"{nowhere.value.asked} {nowhere.value.ways}"
    assert "ipfs (not asked, because it was made or kept here" in said
    assert "publish that if everybody may have it" in said


def test_a_command_asks_the_node_for_none_of_it(
    own: Program, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for what came between two steps, which a gc took."""
    between = "  a: {run: 'echo 1 >{outputs.o}', outputs: {o: o}}\n"
    between += "  b: {run: 'wc {inputs.o} >{outputs.p}', inputs: {o: a.o}, outputs: {p: p}}\n"
    run = own.told("run", write(f"{between}outputs: {{p: b.p}}\n"))["run"]
    with Workspace(own.home) as space:
        steps = of_record(space.store, load_run(space.store, Cid.parse(run)))
        made = next(step for step in steps if step.name == "a").outputs["o"]
    own.told("gc")
    monkeypatch.setenv("TALLY_SOURCES", "ipfs")
    monkeypatch.setenv("TALLY_IPFS", "/ip4/127.0.0.1/tcp/9")
    told = own("get", made, own.home.parent / "made")
    assert (told.code, "not asked, because it was made or kept here" in told.err) == (3, True)
    other = own("get", OTHERS, own.home.parent / "other")
    assert (other.code, "not asked" in other.err) == (3, False)
