"""Checkup: a whole home looked at, byte for byte: what is damaged, what is missing.

Whatever it finds damaged is out of the way afterwards: blocks in quarantine, what can be staged or
unpacked again removed. Making it right is remake.py's and the command's; both files of SQLite are
looked at before they are opened (salvage.py).
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from engine.agreement import disagreeing
from engine.collection import Collection
from engine.content.cid import Cid
from engine.database import Database
from engine.errors import Damaged, Unavailable
from engine.journal import Journal
from engine.nix.carried import KIND
from engine.nix.closure import Materialiser
from engine.nix.intact import is_farm_of
from engine.nix.records import CLOSURE
from engine.release import RESOURCE_PIN
from engine.rowcheck import damaged_rows
from engine.store.disk import DiskStore
from engine.store.fsck import REPAIR, Finding, needed, not_here, scan
from engine.thin import THIN_PIN, missing
from engine.trees import Trees
from engine.values import dataclass

_AGAIN: Final = "nothing: it is made again when a step needs it"


@dataclass(frozen=True, slots=True)
class Checkup:
    """Looks at one home."""

    work: Path
    store: DiskStore
    materialiser: Materialiser
    database: Database
    journal: Journal

    def findings(self) -> Iterator[Finding]:
        """Yield all that is wrong."""
        rows = list(damaged_rows(self.database))
        for damaged in rows:
            yield Finding("damaged", None, damaged.what, str(self.database.path), REPAIR)
        yield from scan(self.store)  # before anything of it is read, and then put aside in silence
        if not rows:  # else it is not known what runs need
            collection = Collection(self.work, self.store, self.materialiser, self.journal)
            yield from needed(self.store, *collection.needed(), partly=(RESOURCE_PIN, THIN_PIN))
            yield from self._samples()
            yield from self._runs()
        yield from self._paths()
        yield from self._farms()
        for tree in Trees(self.work, self.store).put_away_inexact():
            what = "a directory of inputs was damaged where steps read it"
            yield Finding("damaged", Cid.parse(tree.name), what, str(tree), _AGAIN)

    def _samples(self) -> Iterator[Finding]:
        """Look whether parts of runs are here that came alone."""
        for cid in self.store.pins.of(THIN_PIN):
            with suppress(Damaged, Unavailable):  # it is a finding already
                yield from map(not_here, missing(self.store, cid))

    def _runs(self) -> Iterator[Finding]:
        for run in disagreeing(self.store, self.journal):
            what = f"what is recorded of the steps of run '{run.name}' was damaged"
            yield Finding("damaged", None, what, str(self.database.path), REPAIR)

    def _paths(self) -> Iterator[Finding]:
        """Look at the unpacked store paths; those that blocks are made from were read for that."""
        read = self.store.derived_sizes(KIND)
        for place in self.materialiser.paths.put_away_inexact(read):
            what = "a store path was damaged where it is unpacked"
            yield Finding("damaged", None, what, str(place), REPAIR)

    def _farms(self) -> Iterator[Finding]:
        paths, farms = self.materialiser.paths, self.materialiser.farms
        for cid, farm in farms.all().items():
            try:
                closure = CLOSURE.decode(self.store.get(cid))
            except (Unavailable, Damaged):
                os.utime(farm)  # what it should be is not known: it is made anew when it is
                continue
            there = {path.name: paths.location(path.nar_hash) for path in closure.paths}
            sources = {name: place for name, place in there.items() if place.exists()}
            if is_farm_of(farm, closure, sources):
                continue
            what = "an environment was damaged where steps see it"
            fix = _AGAIN if farms.forget(cid) else f"{REPAIR} when no step runs in it"
            yield Finding("damaged", cid, what, str(farm), fix)
