"""What a catalogue has, made for tests."""

from engine import seals
from engine.content.cid import RAW, Cid
from engine.release import RELEASE, Release
from peers.announcement import Announced, Words, announce, read
from peers.endorsement import Endorsed, endorse
from peers.endorsement import read as read_endorsement
from tests.peers.keys import identity

NOW_MS = 1_800_000_000_000
HOUR_MS = 3600 * 1000


def release_of(signer, about=b"a resource"):
    """Return the bytes of a Release that somebody signed of something."""
    block = seals.seal("tallystick/resource/1", about, signer)
    signature = block.data[-64:]
    return RELEASE.encode(Release(Cid.of(RAW, about), signer.public_key, signature))


def announced(author, name="digits", version=1, *, now_ms=NOW_MS, **words) -> Announced:
    """Return what the author of that number says of a resource of that name and version."""
    signer = identity(author)
    release = release_of(signer, f"{name}@{version}".encode())
    return read(announce(release, Words(name, version, **words), signer, now_ms).data)


def endorsed(signer, of, verdict="reproduced", *, now_ms=NOW_MS) -> Endorsed:
    """Return what somebody says came of running again what was announced."""
    run = Cid.of(RAW, b"a run")
    return read_endorsement(endorse(of.release, run, verdict, identity(signer), now_ms).data)
