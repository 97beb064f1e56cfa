"""Inputs: what a workflow starts from, put in the store and called by CID.

A file or directory beside the workflow is read anew at each run. What a URL has is fetched once
(downloads.py), and so is what others made, which is added anew (foreign.py).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.content.foreign_cid import ForeignCid
from engine.downloads import Downloads
from engine.errors import Damaged, NotHere, Nowhere, Refused
from engine.foreign import Foreign
from engine.store.add import add_path
from engine.store.base import ContentStore
from engine.workflow.model import InputSource

LEFT_OUT: Final = (".git", "__pycache__")  # of directories: they change when nothing has

Bring = Callable[[Cid], None]  # has all of it here; raises NotHere when nobody gives it


class Inputs:
    """Brings in the inputs of one workflow, whose relative paths begin at `base`."""

    def __init__(
        self,
        store: ContentStore,
        base: Path,
        *,
        bring: Bring | None,
        downloads: Downloads,
        foreign: Foreign,
    ) -> None:
        """Use `bring` for what is not here; with None nobody is asked."""
        self._store = store
        self._base = base
        self._bring = bring
        self._downloads = downloads
        self._foreign = foreign

    def bring(self, sources: Mapping[str, InputSource]) -> dict[str, Cid]:
        """Return the CID of each input, durable.

        Raises: Refused for what cannot be read; Unavailable for what is not here; Damaged for a
        download that does not have its sha256.
        """
        return {name: self._one(name, source) for name, source in sources.items()}

    def check(self, sources: Mapping[str, InputSource]) -> None:
        """Look whether what should be on this machine is, before anything takes time.

        Raises: Refused for a path where there is nothing that we may read.
        """
        for name, source in sources.items():
            if source.path is not None:
                self._place(name, source.path)

    def compare(self, sources: Mapping[str, InputSource], given: Mapping[str, Cid]) -> None:
        """Look whether content that somebody else locked is what a workflow names.

        What a name of other forms meant to them is not looked at. Raises: Damaged when it is not.
        """
        for name, source in sources.items():
            if source.sha256 is not None:
                with suppress(NotHere):  # then no step reads it either
                    self._downloads.check(source.sha256, given[name])
            elif source.cid is not None:
                self._compare(name, ForeignCid.of_content(source.cid), given[name])

    def _compare(self, name: str, named: ForeignCid, given: Cid) -> None:
        if named.is_ours and given != named.cid and given != self._named(name, str(named), named):
            what = f"input '{name}' is locked to other content than its CID says"
            raise Damaged(what, where=str(given), fix="believe nothing of what came with it")

    def _one(self, name: str, source: InputSource) -> Cid:
        if source.path is not None:
            return self._local(name, source.path, source.ignore)
        if source.cid is not None:
            return self._named(name, source.cid, ForeignCid.of_content(source.cid))
        if source.url is None or source.sha256 is None:
            raise AssertionError("a Workflow's input has one source")
        return self._downloads.bring(source.url, source.sha256)

    def _named(self, name: str, text: str, cid: ForeignCid) -> Cid:
        with _not_here(name, text):  # as its author wrote it, to be found in the file
            return self._foreign.here(cid, partial(_have, self._store, bring=self._bring))

    def _local(self, name: str, path: str, ignore: tuple[str, ...]) -> Cid:
        place = self._place(name, path)
        return add_path(self._store, place, ignore=(*LEFT_OUT, *ignore)).cid

    def _place(self, name: str, path: str) -> Path:
        place = self._base / path
        try:
            there = place.exists()
        except OSError as fault:  # a directory on the way is closed to us, or the name is too long
            what = f"input '{name}' cannot be read: {fault.strerror}"
            fix = "correct its path, or make it readable for this user"
            raise Refused(what, where=str(place), fix=fix) from None
        if not there:
            raise Refused(
                f"input '{name}' does not exist",
                where=str(place),
                fix="correct its path: it is relative to the workflow file",
            )
        return place


def here(store: BlockStore, name: str, cid: Cid, bring: Bring | None = None) -> Cid:
    """Return the CID of an input whose content is in the store; all of it, with `bring`.

    Raises: Unavailable when it is not.
    """
    with _not_here(name, str(cid)):
        _have(store, cid, bring)
    return cid


def _have(store: BlockStore, cid: Cid, bring: Bring | None) -> None:
    if bring is not None:
        bring(cid)
    elif not store.has(cid):
        raise NotHere("it is not here")


@contextmanager
def _not_here(name: str, cid: str) -> Iterator[None]:
    """Say of content that is not here which input it is."""
    what = f"the content of input '{name}' is not here"
    fix = "bring it with 'tally import FILE.car' or 'tally add PATH'"
    try:
        yield
    except Nowhere as error:
        how = {"asked": error.asked, "ways": error.ways}
        raise Nowhere(what, where=cid, fix=fix, **how) from None
    except NotHere as error:
        fix = ", or ".join(filter(None, (fix, error.fix)))
        raise NotHere(what, where=cid, fix=fix) from None
