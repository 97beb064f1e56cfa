"""A corpus of files and trees on disk: seeded, so that it is the same everywhere.

Each is named after what it tries. Random ones follow those that were thought of.
"""

import os
import random
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import mmh3

SEED: Final = 20_250_601
RANDOM_TREES: Final = 140
MIB: Final = 1024 * 1024
THRESHOLD: Final = 256 * 1024  # bytes of a directory's block: over it, it is cut into shards

Write = Callable[[Path], None]

ODD_NAMES: Final = (
    *(" ", "  two  spaces ", "...", "..x", ".hidden", "-", "--help", "-r", "a:b", "a*b?", "a\\b"),
    *("%41", "%2F", "$HOME", "'", '"', "`id`", "#", "~", "A", "a", "ä", "Ä", "ﬀ", "ß", "ẞ"),
    *(
        "日本語",
        "한국어",
        "עברית",
        "👩‍🔬",
        "🏳️‍🌈",
        "\uff5e",
        "\U0001f600",
        "\ue000",
        "\u200b",
        "\u202egnp",
    ),
    *("é" * 127, "x" * 255, "\U0001f600" * 63, "con", ".DS_Store", "00", "FF", "0A", "ff"),
)
ODD_TARGETS: Final = (
    *(".", "..", "/", "a", "a/", "./a", "../../..", "/dev/null", "/nix/store/x", "nowhere", " "),
    *("ä/日本", "x" * 255, "/".join(["y" * 200] * 20), "//", "a//b", "ipfs://x"),
)
FILE_SIZES: Final = (
    *(0, 1, 2, 31, 32, 33, 127, 128, 255, 256, 4095, 4096, 65_535, 65_536, 262_143, 262_144),
    *(262_145, MIB - 1, MIB, MIB + 1, 2 * MIB - 1, 2 * MIB, 2 * MIB + 1, 3 * MIB, 5 * MIB + 77),
)


def trees() -> Iterator[tuple[str, Write]]:
    """Yield what to call each tree and what writes it to a path that does not exist."""
    for size in FILE_SIZES:
        yield f"file-{size}", _file(size)
    for size in (4 * MIB, 9 * MIB - 1):
        yield f"zeros-{size}", sparse(size)
    yield "empty", Path.mkdir
    yield "deep", _deep
    yield "odd-names", _named(ODD_NAMES)
    for at, name in enumerate(ODD_NAMES):
        yield f"name-{at:02}", _named([name])
    for at, target in enumerate(ODD_TARGETS):
        yield f"symlink-{at:02}", _linked(target)
    for count in (1, 2, 174, 175, 1024, 1025):
        yield f"wide-{count}", _named([f"{at:05}" for at in range(count)])
    for over in (-2, -1, 0, 1, 2):
        yield f"threshold{over:+}", _named(names_of(THRESHOLD + over))
    yield "threshold-by-long-names", _named([f"{at:04}" + "n" * 251 for at in range(900)])
    yield "threshold-by-unicode", _named([f"{at:04}" + "ü" * 120 for at in range(1_000)])
    yield "threshold-by-directories", _directories(900)
    yield "shards", _named([f"{at:0200}" for at in range(1_500)])
    yield "shards-below-one-another", _named([*alike(2, 24), *names_of(THRESHOLD + 5)])
    yield "shards-of-one-slot", _named([name + "~" * (250 - len(name)) for name in alike(1, 1_000)])
    for at in range(RANDOM_TREES):
        yield f"random-{at:03}", _random(at)


def names_of(size: int) -> list[str]:
    """Return names of empty files whose directory is `size` bytes, were it one block."""
    whole, rest = divmod(size - 4 - 46, 300)  # 4 of the directory; 46 and its name for each
    return [*(f"{at:0254}" for at in range(whole)), f"{rest:0{rest}}"]


def alike(depth: int, count: int) -> list[str]:
    """Return names that fall into the same slots down to shards `depth` deep."""
    found: list[str] = []
    at = 0
    while len(found) < count:
        name = f"alike{at}"
        if mmh3.hash64(name.encode(), signed=False)[0] >> (64 - 8 * depth) == 0:
            found.append(name)
        at += 1
    return found


def sparse(size: int) -> Write:
    """Write a file of zeros that takes no space."""

    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(size)

    return write


def _file(size: int) -> Write:
    def write(path: Path) -> None:
        path.write_bytes(random.Random(size).randbytes(size))  # noqa: S311 - no secret

    return write


def _linked(target: str) -> Write:
    def write(path: Path) -> None:
        path.mkdir()
        os.symlink(target, path / "link")  # noqa: PTH211 - pathlib would change "a/" to "a"

    return write


def _named(names: list[str] | tuple[str, ...]) -> Write:
    def write(path: Path) -> None:
        path.mkdir()
        for name in names:
            (path / name).touch()

    return write


def _directories(count: int) -> Write:
    def write(path: Path) -> None:
        path.mkdir()
        for at in range(count):
            (path / f"{at:0250}").mkdir()

    return write


def _deep(path: Path) -> None:
    path.mkdir()
    (path / "/".join(["d"] * 63)).mkdir(parents=True)
    (path / "/".join(["d"] * 30) / "file").write_bytes(b"half way")


def _random(seed: int) -> Write:
    def write(path: Path) -> None:
        chance = random.Random(SEED + seed)  # noqa: S311 - as above
        path.mkdir()
        folders = [path]
        for name in {_name(chance) for _ in range(chance.choice((3, 10, 40)))}:
            _entry(chance.choice(folders) / name, chance, folders)

    return write


def _entry(place: Path, chance: random.Random, folders: list[Path]) -> None:
    kind = chance.random()
    if kind < 0.3:
        place.mkdir()
        folders.append(place)
    elif kind < 0.4:
        place.symlink_to(_name(chance))
    else:
        place.write_bytes(chance.randbytes(_size(chance)))
        place.chmod(chance.choice((0o644, 0o600, 0o755)))


def _size(chance: random.Random) -> int:
    if chance.random() < 0.01:
        return chance.choice((MIB, 2 * MIB)) + chance.randrange(-3, 4)
    return int(2 ** (chance.random() * 14)) - 1


def _name(chance: random.Random) -> str:
    """Return a name that is kept: printable enough, NFC, of at most 255 bytes."""
    pools = ("abcdefgh", "ABC-._ ", "äöüßéñ", "αβγδ", "日本語中文", "😀🎉👍", "0123456789")
    letters = chance.choices("".join(chance.sample(pools, 3)), k=int(2 ** (chance.random() * 6)))
    name = unicodedata.normalize("NFC", "".join(letters))
    return name if name not in (".", "..") else "x"
