"""Attacks by a client made by hand: right up to some point, and then something wrong."""

import contextlib
import random

from peers.connection import Place
from peers.envelope import Envelope, encode
from peers.messages import request
from tests.peers.raw import COMMAND, GREETING, MORE, Raw, frame

SEED = 4  # with the number of an attack, all that is random in it
ID = b"i" * 16


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return bytes that are not the same: changed, cut, doubled, or others."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(6):
            case 0:
                changed[at:] = b""
            case 1:
                changed[at:at] = chance.randbytes(chance.randint(1, 300))
            case 2:
                changed[at : at + 8] = chance.choice([bytes(8), b"\xff" * 8, b"\x7f" + bytes(7)])
            case 3:
                changed += changed[at:]
            case _:
                changed[at : at + 1] = bytes([chance.randrange(256)])
    return bytes(changed)


def attack(place: Place, number: int) -> None:
    """Connect, do right up to some point, and then something wrong."""
    chance = random.Random(f"{SEED}/{number}")  # noqa: S311
    raw = Raw(place, chance.randbytes(32))
    with contextlib.suppress(OSError), contextlib.closing(raw):
        stage = chance.choice(["greeting"] * 3 + ["hello"] * 3 + ["initiate"] * 2 + ["message"] * 2)
        if stage == "greeting":
            raw.send(mutated(GREETING, chance))
            return
        if stage == "hello":
            raw.send(GREETING + mutated(frame(raw.hello(), COMMAND), chance))
            return
        if stage == "initiate":
            raw.send(GREETING + frame(raw.hello(), COMMAND))
            raw.welcome()
            raw.send(mutated(frame(raw.initiate(), COMMAND), chance))
            return
        raw.shake()
        raw.send(_wrong(raw, chance))


def _wrong(raw: Raw, chance: random.Random) -> bytes:
    """Return a message that is wrong outside of its encryption, or inside."""
    good = encode(Envelope(1, request(64), ID, 1, 0))
    if chance.random() < 0.4:
        return mutated(frame(raw.message(good)), chance)
    bodies = [mutated(good, chance) for _ in range(chance.randint(1, 4))]
    last = len(bodies) - 1
    return b"".join(
        frame(raw.message(body, MORE * (at < last) + 4 * (chance.random() < 0.1)))
        for at, body in enumerate(bodies)
    )
