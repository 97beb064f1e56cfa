"""Open Resources, made for tests."""

from dataclasses import replace

from engine.checks import Check
from engine.content.cid import BLAKE3, DAG_CBOR, Cid
from peers.resource import Author, Edition, Resource, released
from tests.peers.keys import identity

ANN, BOB, EVE = identity(1), identity(2), identity(3)


def link(number: int) -> Cid:
    """Return a name whose digest is one byte, again and again."""
    return Cid(bytes((1, DAG_CBOR, BLAKE3, 32)) + bytes((number,)) * 32)


DIGITS = Resource(
    name="digits",
    version=2,
    previous=link(1).raw,
    title="Handwritten digits, read",
    description="A page.\n\tOf text.",
    licence="MIT OR Apache-2.0",
    authors=(Author(ANN.public_key, "Ann", 2), Author(BOB.public_key, "", 1)),
    workflow=link(2),
    lock=link(3),
    parameters={"epochs": "30"},
    example=link(4),
    royalty=link(5),
    royalties=(link(6),),
    parents=(link(7).raw,),
    checks=(Check("metrics", "accuracy", ">=", "0.9"),),
    made_ms=1_700_000_000_000,
)


class Shelf(dict):
    """Blocks by CID."""

    def add(self, resource: Resource, signer) -> Cid:
        """Sign a resource; return the CID of its Release."""
        record, release = released(resource, signer)
        self.update({record.cid: record.data, release.cid: release.data})
        return release.cid


def edition(author: int, version: int, name: str = "digits", of: int = 0) -> Edition:
    """Return one version of what somebody published; `of` tells two of one number apart."""
    release = link(author * 16 + version + 128 * of)
    return Edition(identity(author).peer, name, version, release)


def first(resource: Resource = DIGITS) -> Resource:
    """Return a resource as its first version."""
    return replace(resource, version=1, previous=None)
