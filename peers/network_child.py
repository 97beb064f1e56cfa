"""Network child: the network process as the node sees it: started, spoken to, ended.

>>> child = Child(listening_at)                                          # doctest: +SKIP
>>> child.pipes[Channel.CONTROL].send(frame)                             # doctest: +SKIP
>>> child.end()                                                          # doctest: +SKIP
'SIGKILL'
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from peers.connection import Channel
from peers.pipe import Lot, Pipe
from peers.shared import Shared, shared

_LAST_WORDS: Final = 2_000  # bytes of what it wrote before it died
_BOOT: Final = (
    "import sys; sys.path[:] = sys.argv.pop(1).split(':'); "
    "from peers.network_process import main; main()"
)
_MALLOC: Final = {  # of the system's C library
    "MALLOC_ARENA_MAX": "1",  # else it reserves 64 MiB a thread
    "MALLOC_MMAP_THRESHOLD_": str(2**25),  # else each large message is memory that is new
    "MALLOC_TRIM_THRESHOLD_": str(2**26),
}
_PACKAGES: Final = str(Path(__file__).parents[1])  # where `peers` is imported from


class Child:
    """The process that lives now."""

    def __init__(self, listening_at: list[tuple[socket.socket, Channel]]) -> None:
        """Start it.

        Raises: OSError when this machine has no room for it.
        """
        (control, bulk), theirs = zip(*(socket.socketpair() for _ in Channel), strict=True)
        out, back = shared(), shared()
        self._errors = os.memfd_create("errors", os.MFD_CLOEXEC)
        numbers = [*(one.fileno() for one in theirs), back, out]
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-c", _BOOT, _path(), *map(str, numbers)],
                pass_fds=(*numbers, *(made.fileno() for made, _ in listening_at)),
                stdin=subprocess.DEVNULL,
                stdout=self._errors,
                stderr=self._errors,
                start_new_session=True,  # a terminal's Ctrl-C is the node's to judge
                env={**os.environ, **_MALLOC},
            )
        except OSError:
            control.close()
            bulk.close()
            for number in (out, back, self._errors):
                os.close(number)
            raise
        finally:
            for one in theirs:
                one.close()
        lot = Lot(Shared(out), Shared(back))
        self.pipes = {Channel.CONTROL: Pipe(control, None), Channel.BULK: Pipe(bulk, lot)}
        self.began_s = self.heard_s = time.monotonic()
        self.is_ready = False

    def end(self) -> str:
        """End it, if it lives; return why it died."""
        self.process.kill()
        code = self.process.wait()
        for pipe in self.pipes.values():
            pipe.close()
        size = os.fstat(self._errors).st_size
        said = os.pread(self._errors, _LAST_WORDS, max(0, size - _LAST_WORDS))
        os.close(self._errors)
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        how = signal.Signals(-code).name if code < 0 else f"exit {code}"
        return f"{how}: {last}" if last else how


def _path() -> str:
    """Return where this program's packages are, however it came to know of them."""
    return ":".join(dict.fromkeys((_PACKAGES, *filter(os.path.isabs, sys.path))))
