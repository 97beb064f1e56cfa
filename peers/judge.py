"""Judge: looks at what a provider handed back, and makes what can be so durable.

What is wanted here of all steps of a batch is fetched together; when that fails, of each alone, so
that one bad result does not cost the others. It is fetched though it is here already: who only
knows the name of something of ours could else have it taken for what came out, and be served it
next. The rest stays where it was made. What stands is kept with the proof of whose word it is, and
as a witness in the memo of this home; only then it is told.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from sqlite3 import Connection
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from engine.batch import proofs
from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Damaged, TallyError
from engine.memo import Memo, Witness
from engine.recorder import Record, Recorder
from peers.agreement import Said
from peers.batch_messages import Told
from peers.dues import Dues
from peers.identity import PeerId
from peers.mistake import contained
from peers.perjury import Agreed, Perjury, Read, Records, perjuries
from peers.receipts import Line
from peers.run_frames import Task
from peers.testimony import Testimony, testify
from peers.wake import Wake

UNKNOWN: Final = 16 * 1024 * 1024  # bytes, about: of what nobody has said how large it is


class Fetching(Protocol):
    """A fetch that goes on."""

    @property
    def came_bytes(self) -> int:
        """How many bytes of blocks came."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


class Fetch(Protocol):
    """What a depot does: brings content that is not here; `done` hears when it is durable."""

    def __call__(
        self,
        scope: Cid,
        roots: tuple[Cid, ...],
        sources: Sequence[PeerId],
        done: Callable[[TallyError | None], None],
        *,
        most_bytes: int,
        is_anew: bool,
    ) -> Fetching:
        """Begin a fetch."""
        ...


class Verdict(NamedTuple):
    """What is to be thought of what was said of a step."""

    step: Cid
    testimony: Testimony | None  # None: it does not stand
    proof: Cid | None
    why: str
    is_lie: bool  # no honest provider says it
    away: Mapping[Cid, int] = MappingProxyType({})  # what stayed there, and about how large it is
    line: Line | None = None  # what it costs
    batch: Cid | None = None  # whose word it is, signed


Price = Callable[[Testimony, int], Line]  # of a result, for which so many bytes came


class Case(NamedTuple):
    """A batch under an agreement, and the steps of it that are still of interest."""

    provider: PeerId
    told: Told
    wanted: tuple[tuple[Said, Task], ...]
    price: Price | None = None  # of a result; None: it costs nothing
    brought: frozenset[Cid] = frozenset()  # of what could stay, what is here: it is shown, too


Look = Callable[[tuple[Cid, ...], Callable[[frozenset[Cid]], None]], None]  # says what is here
Tell = Callable[[Sequence[Verdict]], None]


class Judge:
    """Judges what providers hand back. For the node's thread."""

    def __init__(
        self,
        fetch: Fetch,
        look: Look,
        recorder: Recorder,
        memo: Memo,
        dues: Dues,
        wake: Wake,
        read: Read,
        agreed: Agreed,
        accuse: Callable[[Perjury], None],
    ) -> None:
        """`accuse` hears of a provider that said another thing of a step before."""
        self._fetch = fetch
        self._look = look
        self._recorder = recorder
        self._memo = memo
        self._dues = dues
        self._said = Records(memo, read, agreed)
        self._accuse = accuse
        self._wake = wake

    def look(self, case: Case, tell: Tell) -> None:
        """Look at a batch; `tell` hears of each step that is wanted of it, of many at a time."""
        records = {block.cid: block for block in case.told.records}
        standing, lies = [], []
        for said, task in case.wanted:
            try:
                pair = records[said.result], records[said.attestation]
                standing.append(testify(task, said, pair))
            except Damaged as error:
                lies.append(Verdict(said.step, None, None, error.what, is_lie=True))
        if standing:
            self._look_for(case, tuple(standing), tell)
        if lies:
            tell(lies)

    def _look_for(self, case: Case, standing: tuple[Testimony, ...], tell: Tell) -> None:
        """Look what is here of that which could stay: of that a name alone is no proof."""
        named = (root for one in standing for root in one.staying)
        roots = tuple(root for root in dict.fromkeys(named) if root not in case.told.carried)

        def looked(here: frozenset[Cid]) -> None:
            self._bring(case._replace(brought=here), standing, tell)

        if roots:
            self._look(roots, looked)
        else:
            self._bring(case, standing, tell)

    def _bring(self, case: Case, standing: tuple[Testimony, ...], tell: Tell) -> None:
        """Have here what came out of some steps."""
        here = case.told.carried
        named = (root for one in standing for root in (*one.wanted, *one.staying))
        stays = {root for one in standing for root in one.staying} - case.brought
        stays.difference_update(*(one.wanted for one in standing))
        wanted = (root for root in named if root not in here and root not in stays)
        roots = tuple(dict.fromkeys(wanted))
        if not roots:
            self._keep(case, standing, tell)
            return
        fetching = self._fetch(
            case.told.batch.value.agreement,
            roots,
            (case.provider,),
            lambda error: self._on_brought(case, standing, tell, fetching.came_bytes, error),
            most_bytes=sum(one.most_bytes for one in standing),
            is_anew=True,
        )

    def _on_brought(
        self,
        case: Case,
        standing: tuple[Testimony, ...],
        tell: Tell,
        came_bytes: int,
        error: TallyError | None,
    ) -> None:
        if error is None:
            self._keep(case, standing, tell, came_bytes)
        elif len(standing) > 1:
            for one in standing:
                self._bring(case, (one,), tell)
        else:
            why = f"what it made cannot be had: {error.what}"
            is_lie = isinstance(error, Damaged)
            tell([Verdict(standing[0].said.step, None, None, why, is_lie)])

    def settled(self, batch: Cid) -> None:
        """Hear that all is paid that was owed for a batch: soon it is written down so."""
        drop = partial(self._drop, batch)
        self._recorder.submit(Record((), drop, lambda _: None))

    def _drop(self, batch: Cid, change: Connection) -> None:
        self._dues.drop(change, batch)

    def _keep(
        self, case: Case, standing: tuple[Testimony, ...], tell: Tell, came_bytes: int = 0
    ) -> None:
        shown = dict(zip(case.told.said, proofs(case.told.signed.cid, case.told.said), strict=True))
        proved = [(one, shown[one.said]) for one in standing]
        signer = case.told.batch.signer.key
        witnesses = [
            Witness(one.said.step, one.said.result, one.said.attestation, proof.cid, signer)
            for one, proof in proved
            if one.succeeded
        ]

        lines = {} if case.price is None else _lines(case, case.price, standing, came_bytes)
        batch = case.told.batch

        def change(database: Connection) -> None:
            self._memo.add(database, witnesses)
            if owed := [line for line in lines.values() if line.amount]:
                agreement = batch.value.agreement
                self._dues.add(database, case.provider, agreement, batch.cid, owed)

        fresh = [one.said.step for one in standing if one.task.need.is_fresh and one.succeeded]

        def recorded(outcome: "Future[None]") -> None:
            if fresh and outcome.exception() is None:
                for perjury in perjuries(self._said, fresh, signer):
                    self._wake(partial(self._accuse, perjury))
            self._wake(partial(_on_kept, case, proved, lines, tell, outcome))

        records = [block for one, proof in proved for block in (*one.records, proof)]
        here = case.told.carried
        came = [here[root] for one, _ in proved for root in one.roots if root in here]
        self._recorder.submit(Record((case.told.signed, *records, *came), change, recorded))
        self._recorder.hurry()


def _lines(
    case: Case, price: Price, standing: Sequence[Testimony], came_bytes: int
) -> dict[Cid, Line]:
    """Return what each result costs; what was fetched for all of them came for the first."""
    carried, lines = case.told.carried, dict[Cid, Line]()
    for one in standing:
        came_bytes += sum(len(carried[root].data) for root in one.roots if root in carried)
        lines[one.said.step] = price(one, came_bytes)
        came_bytes = 0
    return lines


def _on_kept(
    case: Case,
    proved: Sequence[tuple[Testimony, Block]],
    lines: Mapping[Cid, Line],
    tell: Tell,
    outcome: "Future[None]",
) -> None:
    if (error := outcome.exception()) is not None:  # as a full disk: the steps are not done
        what = contained(error).what
        tell([Verdict(one.said.step, None, None, what, is_lie=False) for one, _ in proved])
    else:
        here = {*case.told.carried, *case.brought}
        kept = (_kept(case, one, proof.cid, here) for one, proof in proved)
        batch = case.told.batch.cid
        tell([one._replace(line=lines.get(one.step), batch=batch) for one in kept])


def _kept(case: Case, one: Testimony, proof: Cid, here: Container[Cid]) -> Verdict:
    sizes = case.told.sizes
    away = {root: sizes.get(root, UNKNOWN) for root in one.staying if root not in here}
    return Verdict(one.said.step, one, proof, "", is_lie=False, away=away)
