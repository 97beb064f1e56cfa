"""Royalty: what of the runs of a resource its authors get, and how they share it. Pure.

A manifest is signed by one of the authors, and its address stands in the agreement: whoever runs
the resource sees it first, and it cannot change afterwards. One level of parents shares in it; the
parents of parents do not.

>>> manifest = Manifest(None, (Author(ANN, 2), Author(BOB, 1)), 0, 1_000, 10**6)  # doctest: +SKIP
>>> split(manifest, {}, pool(manifest, 1_000, is_first_of_run=True))      # doctest: +SKIP
{ANN: 67, BOB: 33}
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from engine.content.cid import Cid
from engine.content.schema import Record, kind_of
from engine.errors import Damaged, NotHere
from engine.step import SIGNED
from engine.values import dataclass
from peers.credits import NOTHING, Credits, check
from peers.identity import KEY_BYTES
from peers.signed import Unsealed, unseal

WHOLE: Final = 10_000  # basis points
MAX_SHARE: Final = 3_000  # of the price: 30 %, so that no step is dear for its name alone
MAX_AUTHORS: Final = 64  # a note is written to each of them
MAX_PARENTS: Final = 8  # each is one more record to have, and up to 64 more notes
MAX_WEIGHT: Final = 2**32 - 1  # finer than any share that people agree on


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody who gets a part: as large as their weight is of all weights."""

    public_key: bytes  # Ed25519, 32 bytes
    weight: int


@dataclass(frozen=True, slots=True)
class Parent:
    """A manifest of what this resource was made from, and its part of every pool."""

    manifest: Cid  # of the signed record
    basis_points: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """Who is paid when a resource is run, and how much."""

    resource: Cid | None  # which one it is of; None: whichever names this manifest
    authors: tuple[Author, ...]
    per_run: int  # micro-credits, once in a run
    share: int  # of the price: basis points
    pool_most: int  # micro-credits of one pool
    parents: tuple[Parent, ...] = ()


class _Part(NamedTuple):
    """What falls to one key, before it is rounded."""

    key: bytes
    whole: int
    rest: Fraction


def opened(data: bytes) -> Unsealed[Manifest]:
    """Read a signed manifest.

    Raises: Damaged when it is malformed, or none of its authors signed it.
    """
    found = unseal(MANIFEST, data)
    if all(author.public_key != found.signer.key for author in found.value.authors):
        raise Damaged("a manifest is signed by one of the authors that it names")
    return found


def is_manifest(data: bytes) -> bool:
    """Return whether bytes are a manifest that somebody signed, or are called that."""
    if kind_of(data) != SIGNED.kind:
        return False
    try:
        return kind_of(SIGNED.decode(data).payload) == MANIFEST.kind
    except Damaged:  # one that has changed
        return True


def percent(points: int) -> str:
    """Return basis points as a percentage."""
    whole, part = divmod(abs(points), 100)
    text = f"{whole}.{part:02}".rstrip("0").rstrip(".")
    return f"-{text}" if points < 0 else text


def complaint(manifest: Manifest) -> str:
    """Return why a manifest cannot be; "" when it can."""
    try:
        _check(manifest)
    except Damaged as damaged:
        return damaged.what
    return ""


def pool(manifest: Manifest, price: Credits, *, is_first_of_run: bool) -> Credits:
    """Return what the authors get together on top of a price that is paid for steps of a run."""
    fixed = manifest.per_run if is_first_of_run else NOTHING
    return Credits(min(manifest.pool_most, fixed + price * manifest.share // WHOLE))


def split(
    manifest: Manifest, parents: Mapping[Cid, Manifest], amount: Credits
) -> dict[bytes, Credits]:
    """Return what each author gets of a pool, by key: their sum is the pool, to the micro-credit.

    What is left when all parts are rounded down goes to those with the largest remainders, and of
    equals to the lower key.

    Raises: NotHere when a parent's manifest is not among those given.
    """
    shares: dict[bytes, Fraction] = {}
    for key, share in _shares(manifest, parents):
        shares[key] = shares.get(key, Fraction(0)) + share
    parts = [_part(key, share * amount) for key, share in shares.items()]
    left = amount - sum(part.whole for part in parts)
    parts.sort(key=lambda part: (-part.rest, part.key))
    given = {part.key: part.whole + (at < left) for at, part in enumerate(parts)}
    return {key: Credits(given[key]) for key in sorted(given) if given[key]}


def heirs(made_from: Mapping[Cid, Manifest], basis_points: int) -> tuple[Parent, ...]:
    """Return who shares in what was made from some resources, each of which gets a part.

    What a parent owes its own parents comes out of its part, so that those keep their shares. At
    most MAX_PARENTS do: the smallest parts go back to the parent that they would come from.
    """
    own = dict.fromkeys(made_from, 0)
    further: dict[Cid, tuple[int, Cid]] = {}
    for cid, manifest in made_from.items():
        parts = {one.manifest: basis_points * one.basis_points // WHOLE for one in manifest.parents}
        own[cid] += basis_points - sum(parts.values())
        for heir, part in parts.items():
            if heir in own:
                own[heir] += part
            elif part:
                further[heir] = (further.get(heir, (0, cid))[0] + part, cid)
    ordered = sorted(further.items(), key=lambda one: (-one[1][0], one[0]))
    room = max(0, MAX_PARENTS - len(own))
    for _, (part, cid) in ordered[room:]:
        own[cid] += part
    shares = {**own, **{heir: part for heir, (part, _) in ordered[:room]}}
    return tuple(Parent(cid, part) for cid, part in shares.items() if part)


def _shares(
    manifest: Manifest, parents: Mapping[Cid, Manifest]
) -> Iterator[tuple[bytes, Fraction]]:
    """Yield what part of a pool falls to whom; one author may come several times."""
    own = WHOLE - sum(parent.basis_points for parent in manifest.parents)
    yield from _among(manifest, Fraction(own, WHOLE))
    for parent in manifest.parents:
        if parent.manifest not in parents:
            where = str(parent.manifest)
            raise NotHere("a parent's manifest is not here", where=where, fix="fetch it first")
        yield from _among(parents[parent.manifest], Fraction(parent.basis_points, WHOLE))


def _among(manifest: Manifest, share: Fraction) -> Iterator[tuple[bytes, Fraction]]:
    total = sum(author.weight for author in manifest.authors)
    for author in manifest.authors:
        yield author.public_key, share * Fraction(author.weight, total)


def _part(key: bytes, exact: Fraction) -> _Part:
    whole = exact.numerator // exact.denominator
    return _Part(key, whole, exact - whole)


def _check(manifest: Manifest) -> None:
    _check_authors(manifest.authors)
    _check_parents(manifest.parents)
    check(manifest.per_run, "what is paid for a run")
    check(manifest.pool_most, "what is paid at most")
    if not 0 <= manifest.share <= MAX_SHARE:
        most, share = percent(MAX_SHARE), percent(manifest.share)
        raise Damaged(f"authors get from 0 to {most} percent, not {share}")


def _check_authors(authors: tuple[Author, ...]) -> None:
    if not 1 <= len(authors) <= MAX_AUTHORS:
        raise Damaged(f"a resource has 1 to {MAX_AUTHORS} authors, not {len(authors)}")
    if any(len(author.public_key) != KEY_BYTES for author in authors):
        raise Damaged(f"the key of an author has {KEY_BYTES} bytes")
    if len({author.public_key for author in authors}) < len(authors):
        raise Damaged("it names one author twice")
    if not all(1 <= author.weight <= MAX_WEIGHT for author in authors):
        raise Damaged(f"the weight of an author is from 1 to {MAX_WEIGHT}")


def _check_parents(parents: tuple[Parent, ...]) -> None:
    if len(parents) > MAX_PARENTS:
        raise Damaged(f"it has {len(parents)} parents, where {MAX_PARENTS} are the most")
    if len({parent.manifest for parent in parents}) < len(parents):
        raise Damaged("it names one parent twice")
    if not all(1 <= parent.basis_points <= WHOLE for parent in parents):
        raise Damaged(f"a parent gets from {percent(1)} to {percent(WHOLE)} percent")
    if sum(parent.basis_points for parent in parents) > WHOLE:
        raise Damaged("its parents get more than there is")


MANIFEST: Final = Record("tallystick/manifest/1", Manifest, _check)
