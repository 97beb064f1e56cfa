"""Add a file by hand: FILE DEST [sync]. Read, name with BLAKE3 and write, 1 MiB at a time."""

import os
import sys

from blake3 import blake3

MIB = 1024 * 1024


def main() -> None:
    """Do it; with `sync`, return when it is on the disk, as a store that promises so must."""
    file, dest, *more = sys.argv[1:]
    names = []
    with open(file, "rb", buffering=0) as source, open(dest, "xb", buffering=0) as copy:
        while data := source.read(MIB):
            names.append(blake3(data).digest())
            copy.write(data)
        if more:
            os.fsync(copy.fileno())


if __name__ == "__main__":
    main()
