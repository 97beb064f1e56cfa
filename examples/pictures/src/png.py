"""A picture as a PNG file: gray and colours, on white paper of its own."""

import struct
import zlib

import numpy as np

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789:,."
HIGH, WIDE = 9, 5  # dots of a letter
# thirteen letters a line; two of the rows are below it
FONT = """
..... #.... ..... ....# ..... ..##. ..... #.... ..#.. ...#. #.... .##.. .....
..... #.... ..... ....# ..... .#... ..... #.... ..... ..... #.... ..#.. .....
.###. #.##. .###. .##.# .###. ###.. .##.# #.##. .##.. ..##. #..#. ..#.. ##.#.
....# ##..# #...# #..## #...# .#... #..## ##..# ..#.. ...#. #.#.. ..#.. #.#.#
.#### #...# #.... #...# ##### .#... #...# #...# ..#.. ...#. ##... ..#.. #.#.#
#...# #...# #...# #...# #.... .#... #...# #...# ..#.. ...#. #.#.. ..#.. #...#
.#### ####. .###. .#### .###. .#... .#### #...# .###. ...#. #..#. .###. #...#
..... ..... ..... ..... ..... ..... ....# ..... ..... #..#. ..... ..... .....
..... ..... ..... ..... ..... ..... .###. ..... ..... .##.. ..... ..... .....

..... ..... ..... ..... ..... ..... .#... ..... ..... ..... ..... ..... .....
..... ..... ..... ..... ..... ..... .#... ..... ..... ..... ..... ..... .....
#.##. .###. #.##. .##.# #.##. .###. ###.. #...# #...# #...# #...# #...# #####
##..# #...# ##..# #..## ##..# #.... .#... #...# #...# #...# .#.#. #...# ...#.
#...# #...# #...# #...# #.... .###. .#... #...# #...# #.#.# ..#.. #...# ..#..
#...# #...# #...# #...# #.... ....# .#..# #..## .#.#. #.#.# .#.#. #...# .#...
#...# .###. ####. .#### #.... ####. ..##. .##.# ..#.. .#.#. #...# .#### #####
..... ..... #.... ....# ..... ..... ..... ..... ..... ..... ..... ....# .....
..... ..... #.... ....# ..... ..... ..... ..... ..... ..... ..... .###. .....

.###. ..#.. .###. ##### ...#. ##### ..##. ##### .###. .###. ..... ..... .....
#...# .##.. #...# ...#. ..##. #.... .#... ....# #...# #...# ..... ..... .....
#..## ..#.. ....# ..#.. .#.#. ####. #.... ...#. #...# #...# .##.. ..... .....
#.#.# ..#.. ...#. ...#. #..#. ....# ####. ..#.. .###. .#### .##.. ..... .....
##..# ..#.. ..#.. ....# ##### ....# #...# .#... #...# ....# ..... ..... .....
#...# ..#.. .#... #...# ...#. #...# #...# .#... #...# ...#. .##.. ..##. .##..
.###. .###. ##### .###. ...#. .###. .###. .#... .###. .##.. .##.. ..##. .##..
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ...#. .....
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..#.. .....
"""


def font() -> dict[str, np.ndarray]:
    """Return the dots of each letter, (HIGH, WIDE), true where ink is."""
    bands = [band.splitlines() for band in FONT.strip("\n").split("\n\n")]
    glyphs = [
        np.array([[dot == "#" for dot in piece] for piece in pieces])
        for band in bands
        for pieces in zip(*(line.split() for line in band), strict=True)
    ]
    return dict(zip(LETTERS, glyphs, strict=True))


def line(words: str) -> np.ndarray:
    """Return the dots of some words, (HIGH, 6 for each letter)."""
    known = font()
    space = np.zeros((HIGH, WIDE), bool)
    return np.concatenate([np.pad(known.get(one, space), ((0, 0), (0, 1))) for one in words], axis=1)


def larger(pixels: np.ndarray, times: int) -> np.ndarray:
    """Return a picture with each pixel as a square."""
    return pixels.repeat(times, axis=0).repeat(times, axis=1)


class Paper:
    """A white page on which gray pictures and words are put, all lengths in pixels."""

    def __init__(self, high: int, wide: int) -> None:
        """Begin with nothing on it."""
        self.pixels = np.full((high, wide, 3), 255, np.uint8)

    def put(self, down: int, right: int, ink: np.ndarray, colour: tuple[int, int, int]) -> None:
        """Put ink of a colour, 0 to 1 for each pixel, on what is there."""
        high, wide = ink.shape
        under = self.pixels[down : down + high, right : right + wide]
        under[:] = np.rint(under + ink[..., None] * (np.array(colour) - under))

    def write(self, down: int, right: int, words: str, colour: tuple[int, int, int], times: int) -> None:
        """Write words, their upper left corner there."""
        self.put(down, right, larger(line(words), times).astype(float), colour)

    def png(self) -> bytes:
        """Return the page as a file."""
        high, wide, _ = self.pixels.shape
        rows = np.concatenate([np.zeros((high, 1), np.uint8), self.pixels.reshape(high, -1)], axis=1)
        head = struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)  # eight bits of three colours
        parts = [(b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
