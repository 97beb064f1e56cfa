"""What running steps print, as files that `tally log -f` of another process can follow.

They are a convenience: what a step printed is kept in its attestation, and these go when the run
ends. After a kill -9 they are left until the run is gone on with, or a gc finds that it has ended.
"""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cli.steptree import Steps
from engine.journal import Journal
from engine.progress import Ended, Printed, Progress, Started, Watch

MAX_BYTES: Final = 16 * 2**20  # of one stream, as much as is kept for good


def live_folder(home: Path, run: str) -> Path:
    """Return where the running steps of a run (by id) print."""
    return home / "live" / run


def live_file(folder: Path, instance: str, stream: str) -> Path:
    """Return where one stream of a running instance (as 'train[1]') is."""
    return folder / f"{instance}.{stream}"


def clear_ended(home: Path, journal: Journal) -> None:
    """Remove the files of runs that have ended: whoever was killed just then did not."""
    folders = list((home / "live").glob("*"))  # before the journal is asked: a run is there first
    unended = {run.id for run in journal.runs() if run.status in ("running", "interrupted")}
    for folder in folders:
        if folder.name not in unended:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def also_to_files(home: Path, run: str, steps: Steps, watch: Watch) -> Iterator[Watch]:
    """Pass progress on to `watch`, and write what steps print to files while it lasts."""
    folder = live_folder(home, run)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    lock = threading.Lock()  # Printed comes from the slots' threads
    printing: set[str] = set()  # instances that have files: most print nothing

    def take(event: Progress) -> None:
        if isinstance(event, Printed) or (printing and isinstance(event, Started | Ended)):
            instance = steps.id(event.step, event.index)
            with lock:
                if isinstance(event, Printed):
                    printing.add(instance)
                    _append(folder, instance, event)
                elif instance in printing:
                    printing.remove(instance)
                    _remove(folder, instance)
        watch(event)

    try:
        yield take
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _append(folder: Path, instance: str, event: Printed) -> None:
    with live_file(folder, instance, event.stream).open("ab") as file:
        file.write(event.data[: max(0, MAX_BYTES - file.tell())])


def _remove(folder: Path, instance: str) -> None:
    for stream in ("stdout", "stderr"):
        live_file(folder, instance, stream).unlink(missing_ok=True)
