"""Bytes over bare ZeroMQ with CURVE: `give PATH`, or `take FILE PORT KEY`.

Who gives says its port and key, and is ended by whoever started it. Who takes prints what that
took. What goes into a file is hashed at both ends, and written as a store writes it: that is the
least that content takes whose name is checked and that is durable.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path
from queue import Queue
from typing import Final

import zmq
from blake3 import blake3

from engine.filesystem import allocate, begin_writing

_PIECE: Final = 1024 * 1024
_AHEAD: Final = 64  # messages
_TOGETHER: Final = 14  # pieces that are made durable at a time: ENOUGH of peers/shelves.py
_WAITING: Final = 2  # such groups that wait for the disk


def main() -> None:
    """Give or take."""
    {"give": give, "take": take}[sys.argv[1]](*sys.argv[2:])


def give(path: str) -> None:
    """Send the whole of a file, or of all files below a directory, to whoever asks."""
    public, secret = zmq.curve_keypair()
    giving = zmq.Context().socket(zmq.ROUTER)
    giving.setsockopt(zmq.SNDHWM, _AHEAD)
    giving.setsockopt(zmq.ROUTER_MANDATORY, 1)  # wait where there is no room: else it is dropped
    giving.setsockopt(zmq.CURVE_SERVER, 1)
    giving.setsockopt(zmq.CURVE_SECRETKEY, secret)
    port = giving.bind_to_random_port("tcp://127.0.0.1")
    print(json.dumps([str(port), public.decode()]), flush=True)
    while True:
        who, is_kept = giving.recv_multipart()
        for file in _files(Path(path)):
            with file.open("rb", buffering=0) as read:
                while data := read.read(_PIECE):
                    if is_kept:
                        blake3(data).digest()
                    giving.send_multipart([who, data], copy=False)
        giving.send_multipart([who, b""])


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]


def take(file: str, port: str, key: str) -> None:
    """Ask, and receive all of it; checked and into a file, durably, unless its name is empty."""
    public, secret = zmq.curve_keypair()
    taking = zmq.Context().socket(zmq.DEALER)
    taking.setsockopt(zmq.RCVHWM, _AHEAD)
    taking.setsockopt(zmq.CURVE_PUBLICKEY, public)
    taking.setsockopt(zmq.CURVE_SECRETKEY, secret)
    taking.setsockopt(zmq.CURVE_SERVERKEY, key.encode())
    taking.connect(f"tcp://127.0.0.1:{port}")
    began = time.perf_counter(), time.process_time()
    taking.send(b"kept" if file else b"")
    kept = _Kept(file) if file else None
    while data := taking.recv(copy=False).buffer:
        if kept:
            kept.add(data)
    if kept:
        kept.close()
    seconds, processor = time.perf_counter() - began[0], time.process_time() - began[1]
    print(json.dumps({"seconds": seconds, "processor": processor}))
    taking.close(linger=0)


class _Kept:
    """A file that is written by a thread of its own, while the next pieces come."""

    def __init__(self, file: str) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self._group: list[memoryview] = []
        self._groups: Queue[list[memoryview]] = Queue(_WAITING)
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def add(self, piece: memoryview) -> None:
        blake3(piece).digest()
        self._group.append(piece)
        if len(self._group) == _TOGETHER:
            self._groups.put(self._group)
            self._group = []

    def close(self) -> None:
        self._groups.put(self._group)
        self._groups.put([])
        self._thread.join()
        os.close(self._file)
        if self._error:
            raise self._error

    def _work(self) -> None:
        at = 0
        while group := self._groups.get():
            try:
                at = self._write(group, at)
            except OSError as error:  # what comes is taken all the same: nobody waits for ever
                self._error = error

    def _write(self, group: list[memoryview], at: int) -> int:
        allocate(self._file, at, sum(map(len, group)))
        for piece in group:
            os.pwrite(self._file, piece, at)
            begin_writing(self._file, at, len(piece))
            at += len(piece)
        os.fdatasync(self._file)
        return at


if __name__ == "__main__":
    main()
