"""Samples: what is added and got, made once and kept in the cache."""

import os
import random
from pathlib import Path
from typing import Final

from bench.setting import Setting

_MIB: Final = 1024 * 1024


def large(setting: Setting, mib: int) -> Path:
    """Return a file of so many MiB, of which no two are alike."""

    def make(folder: Path) -> None:
        with (folder / "file").open("wb") as file:
            for _ in range(mib):
                file.write(os.urandom(_MIB))

    return setting.prepared(f"file-{mib}", make) / "file"


def small(setting: Setting, count: int) -> Path:
    """Return a directory of files of up to 8 KiB, a hundred in a directory."""

    def make(folder: Path) -> None:
        draw = random.Random(1)
        for number in range(count):
            place = folder / "files" / str(number // 100) / f"{number}.dat"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(draw.randbytes(draw.randrange(1, 8192)))

    return setting.prepared(f"small-{count}", make) / "files"
