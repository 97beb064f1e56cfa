"""`tally log`: what the steps of a run printed, live while it runs."""

import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Final

import click

from cli.livelog import live_file, live_folder
from cli.names import is_run, parse_step, whole_cid
from cli.options import common, offline
from cli.partial import steps_of
from cli.refs import find_step, public_root
from cli.report import emit_json, note, printable
from cli.settings import Settings
from cli.workspace import Workspace
from engine.attestations import UnknownVersion
from engine.content.cid import Cid
from engine.content.reader import read
from engine.errors import Unavailable
from engine.evidence import attestation
from engine.sandbox.base import Limits
from engine.step import Attestation
from engine.summary import (
    StepSummary,
    load_workflow,
    of_rows,
)

MAX_SHOWN: Final = Limits().log  # bytes of a stream: none keeps more, but a stranger may claim it

_POLL_S: Final = 0.2
_STREAMS: Final = ("stdout", "stderr")


@click.command()
@click.argument("run")
@click.argument("step", required=False)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@common
@offline
def log(settings: Settings, run: str, step: str | None, follow: bool) -> None:
    """Print what the steps of RUN printed, or what STEP (as train[1]) did."""
    wanted = parse_step(step) if step is not None else None
    with Workspace(settings.home, online=settings) as space:
        printer = _Printer(space, public_root(run), as_json=settings.json)
        while True:
            ended, folder_id, steps = _steps(space, run)
            chosen = [one for one in steps if _is_wanted(one, wanted)]
            if step is not None and ended and not chosen:
                find_step(steps, step)  # which says that there is none, and what is near
            for one in chosen:
                printer.ended(one)
            if ended:
                printer.finish()
                return
            printer.running(folder_id, wanted)
            if not follow:
                return
            run = folder_id  # while this one is followed another may become the latest
            time.sleep(_POLL_S)


def _is_wanted(one: StepSummary, wanted: tuple[str, int | None] | None) -> bool:
    return wanted is None or (one.name == wanted[0] and wanted[1] in (None, one.index))


def _steps(space: Workspace, text: str) -> tuple[bool, str, tuple[StepSummary, ...]]:
    """Return whether the run has ended, its id in the journal, and its steps so far."""
    cid = whole_cid(text)
    if cid is None or not is_run(space, cid):
        row = space.journal.find(text)
        if row.run is None:
            workflow = load_workflow(space.store, row.workflow)
            rows = space.journal.steps(row.id)
            return row.status != "running", row.id, of_rows(space.store, rows, workflow)
        cid = row.run
    return True, "", steps_of(space, cid)[0]


class _Printer:
    """Prints each byte once, whether it was seen live or read back when the step had ended."""

    def __init__(self, space: Workspace, within: Cid | None, *, as_json: bool) -> None:
        self._space = space
        self._get = partial(space.sources.get, within=within) if within else space.store.get
        self._as_json = as_json
        self._ended: set[str] = set()
        self._has_printed = False
        self._shown: Counter[tuple[str, str]] = Counter()  # bytes of each stream

    def ended(self, one: StepSummary) -> None:
        """Print what is left to print of a step that has ended."""
        if one.id in self._ended or not one.attestations:
            return None
        self._ended.add(one.id)
        try:
            said = attestation(self._space.store, one.attestations[0])
        except UnknownVersion as unknown:
            return note(f"{one.id}: {unknown.what}")
        if self._as_json:
            return self._emit_json(one, said)
        for stream, cid in zip(_STREAMS, (said.stdout, said.stderr), strict=True):
            rest = self._read(cid, self._shown[one.id, stream])
            self._lines(one.id, stream, rest)
        if said.truncated:
            note(f"{one.id}: it printed more than is kept")
        return None

    def finish(self) -> None:
        """Say so when nothing was printed: an empty screen might mean anything."""
        if not (self._has_printed or self._as_json):
            note("nothing was printed")

    def running(self, run: str, wanted: tuple[str, int | None] | None) -> None:
        """Print what running steps have printed since the last look, in whole lines."""
        folder = live_folder(self._space.home, run)
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            instance, _, stream = path.name.rpartition(".")
            name, index = parse_step(instance)
            if wanted is None or (name == wanted[0] and wanted[1] in (None, index)):
                self._live_lines(live_file(folder, instance, stream), instance, stream)

    def _live_lines(self, path: Path, instance: str, stream: str) -> None:
        try:
            data = path.read_bytes()[self._shown[instance, stream] :]
        except FileNotFoundError:  # it has ended: `ended` prints the rest
            return
        data = data[: data.rfind(b"\n") + 1]
        self._shown[instance, stream] += len(data)
        if not self._as_json:
            self._lines(instance, stream, data)

    def _lines(self, label: str, stream: str, data: bytes) -> None:
        for line in data.decode("utf-8", "replace").splitlines():
            self._has_printed = True
            click.echo(f"{label} {stream} | {printable(line)}")

    def _emit_json(self, one: StepSummary, said: Attestation) -> None:
        texts = {
            stream: self._read(cid).decode("utf-8", "replace")
            for stream, cid in zip(_STREAMS, (said.stdout, said.stderr), strict=True)
        }
        emit_json({"id": one.id, "truncated": said.truncated, **texts})

    def _read(self, cid: Cid | None, offset: int = 0) -> bytes:
        if cid is None:
            return b""
        try:
            return b"".join(read(self._get, cid, offset, MAX_SHOWN))
        except Unavailable:
            note(f"a log is not here: {cid}")
            return b""
