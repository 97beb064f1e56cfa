"""Closures: the environments of steps, made to exist on this machine, each once."""

from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.errors import Refused
from engine.nix.closure import Materialiser, shell_of
from engine.nix.environment import open_environment
from engine.nix.records import CLOSURE, ENVIRONMENT
from engine.values import dataclass


@dataclass(frozen=True, slots=True)
class Placed:
    """A closure on this machine."""

    farm: Path  # the directory seen at /nix/store
    shell: str | None  # what /bin/sh is in it, as a step sees it


@dataclass(frozen=True, slots=True)
class Brought:
    """What an Environment carries, on this machine."""

    closure: Cid
    size: int  # bytes, unpacked


class Closures:
    """Places closures. Safe for many threads."""

    def __init__(
        self, store: BlockStore, materialiser: Materialiser, carriers: Mapping[Cid, Cid]
    ) -> None:
        """Take the Environments by which closures that are not here yet are carried."""
        self._store = store
        self._materialiser = materialiser
        self._carriers = carriers  # Closure -> Environment
        self._placed: dict[Cid, Placed] = {}
        self._lock = Lock()  # held while unpacking: the other slots need the same closure

    def place(self, closure: Cid) -> Placed:
        """Return where a closure is, made unless it is here.

        Raises: Unavailable when its content is not here; Damaged when it is not what it is named.
        """
        with self._lock:
            if closure not in self._placed:
                self._placed[closure] = self._place(closure)
            return self._placed[closure]

    def bring(self, environment: Cid, most_bytes: int) -> Brought:
        """Unpack what an Environment carries, unless it is here.

        Meanwhile others are placed. Raises: Refused when it is over `most_bytes`; as `place`.
        """
        opened = open_environment(self._store, environment)
        size = sum(path.nar_size for path in opened.closure.paths)
        if size > most_bytes:
            raise Refused(f"an environment of {size} bytes; {most_bytes} are the most here")
        farm = self._materialiser.ensure(opened.closure, opened.environment)
        placed = Placed(farm, shell_of(opened.closure, farm))
        with self._lock:
            self._placed[opened.closure_cid] = placed
        return Brought(opened.closure_cid, size)

    def let_go(self, environment: Cid) -> None:
        """Have what an Environment carries unpacked no more, unless another process uses it.

        Raises: Unavailable when the record is not here; Damaged when it is no environment.
        """
        closure = ENVIRONMENT.decode(self._store.get(environment)).closure
        with self._lock:
            self._placed.pop(closure, None)
        self._materialiser.farms.release(closure)
        self._materialiser.farms.forget(closure)

    def _place(self, cid: Cid) -> Placed:
        closure = CLOSURE.decode(self._store.get(cid))
        carrier = self._carriers.get(cid)
        environment = ENVIRONMENT.decode(self._store.get(carrier)) if carrier else None
        farm = self._materialiser.ensure(closure, environment)
        return Placed(farm, shell_of(closure, farm))
