"""Elves: shared libraries for x86-64 that say what they need, and hold no code."""

import struct

_BASE = 64 + 2 * 56  # after the header and two program headers


def library(soname: str, needed: tuple[str, ...], *, runpath: str = "") -> bytes:
    """Return a library that the loader would load, if it found what it needs."""
    strings = b"\0"
    entries: list[tuple[int, int]] = []
    for tag, text in ((14, soname), *((1, name) for name in needed), (29, runpath)):
        if text:
            entries.append((tag, len(strings)))
            strings += text.encode() + b"\0"
    symbols = bytes(24)  # one symbol, the undefined one, which every table begins with
    hashes = struct.pack("<5I", 1, 1, 0, 0, 0)
    size = 16 * (len(entries) + 6)
    at_strings = _BASE + size
    at_symbols = at_strings + len(strings) + -len(strings) % 8
    at_hashes = at_symbols + len(symbols)
    entries += [(5, at_strings), (10, len(strings)), (6, at_symbols), (11, 24), (4, at_hashes)]
    dynamic = b"".join(struct.pack("<qQ", *entry) for entry in [*entries, (0, 0)])
    body = dynamic + strings.ljust(at_symbols - at_strings, b"\0") + symbols + hashes
    total = _BASE + len(body)
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0
    )
    load = struct.pack("<IIQQQQQQ", 1, 6, 0, 0, 0, total, total, 4096)
    table = struct.pack("<IIQQQQQQ", 2, 6, _BASE, _BASE, _BASE, len(dynamic), len(dynamic), 8)
    return header + load + table + body
