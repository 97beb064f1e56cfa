"""Bytes over bare ZeroMQ with CURVE: `give PATH`, or `take FILE PORT KEY`.

Who gives says its port and key, and is ended by whoever started it. Who takes prints what that
took.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Final

import zmq

_PIECE: Final = 1024 * 1024
_AHEAD: Final = 64  # messages


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
        who, _ = giving.recv_multipart()
        for file in _files(Path(path)):
            with file.open("rb", buffering=0) as read:
                while data := read.read(_PIECE):
                    giving.send_multipart([who, data], copy=False)
        giving.send_multipart([who, b""])


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]


def take(file: str, port: str, key: str) -> None:
    """Ask, and receive all of it; into a file, durably, unless its name is empty."""
    public, secret = zmq.curve_keypair()
    taking = zmq.Context().socket(zmq.DEALER)
    taking.setsockopt(zmq.RCVHWM, _AHEAD)
    taking.setsockopt(zmq.CURVE_PUBLICKEY, public)
    taking.setsockopt(zmq.CURVE_SECRETKEY, secret)
    taking.setsockopt(zmq.CURVE_SERVERKEY, key.encode())
    taking.connect(f"tcp://127.0.0.1:{port}")
    began = time.perf_counter(), time.process_time()
    taking.send(b"all of it")
    with Path(file or os.devnull).open("wb", buffering=0) as kept:
        while data := taking.recv(copy=False).buffer:
            if file:
                kept.write(data)
        if file:
            os.fsync(kept.fileno())
    seconds, processor = time.perf_counter() - began[0], time.process_time() - began[1]
    print(json.dumps({"seconds": seconds, "processor": processor}))
    taking.close(linger=0)


if __name__ == "__main__":
    main()
