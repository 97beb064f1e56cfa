"""Built: a builder's signed word for what building a derivation gives. Pure.

It is about an environment when its outputs are the environment's roots, and agrees with it when all
that these need is the same, byte for byte: a closure with one other path is another one. So many
builders' words show that nobody put something else into an environment than its source gives.

>>> [one.agrees for one in about(opened.closure, opened.closure_cid, words)]    # doctest: +SKIP
[True, True, False]
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final, NamedTuple

from engine import machine
from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.content.schema import Record, kind_of
from engine.errors import Damaged, Refused
from engine.machine import Machine
from engine.nix.records import SHA256, Closure
from engine.nix.storepath import StorePath
from engine.runner import Signer
from engine.seals import holds, seal
from engine.step import SIGNED, Signed
from engine.values import dataclass

MOST: Final = 64  # words about one environment that are carried with it

_LONGEST: Final = 256  # characters of a text


@dataclass(frozen=True, slots=True)
class BuiltPath:
    """A store path, and what was in it once it was built."""

    name: str  # base name
    nar_hash: bytes  # sha256 of its NAR, 32 bytes
    nar_size: int  # bytes


@dataclass(frozen=True, slots=True)
class BuildAttestation:
    """That somebody built a derivation twice, and both times this came out."""

    derivation: str  # its store path
    system: str  # as "x86_64-linux"
    outputs: dict[str, BuiltPath]  # those that were wanted of it
    closure: Cid  # the Closure of all that these need, where they were built
    built_ms: int
    nix_version: str  # as "2.8.0"
    machine: Machine


class Word(NamedTuple):
    """A builder's word about an environment, whose signature holds."""

    cid: Cid  # of the Signed record
    signer: bytes  # Ed25519 public key
    said: BuildAttestation
    agrees: bool  # the environment is what came out


class Count(NamedTuple):
    """How many builders speak of an environment."""

    agree: frozenset[bytes]  # those of whom every word agrees
    differ: frozenset[bytes]


def sign(said: BuildAttestation, signer: Signer) -> Block:
    """Return a builder's word as a record to be stored."""
    return seal(BUILT.kind, BUILT.encode(said), signer)


def is_word(data: bytes) -> bool:
    """Return whether a record is a builder's word, as far as it says so itself."""
    try:
        return kind_of(data) == SIGNED.kind and kind_of(SIGNED.decode(data).payload) == BUILT.kind
    except Damaged:
        return False


def read(data: bytes) -> tuple[bytes, BuildAttestation]:
    """Return who said what.

    Raises: Damaged when it is malformed, or is not signed by its signer.
    """
    signed, said = _parsed(data)
    if not holds(BUILT.kind, signed):
        raise Damaged("a builder's attestation is not signed by its signer")
    return signed.public_key, said


def speaks_of(data: bytes) -> frozenset[str]:
    """Return which store paths a word is about, whoever says it: no signature is looked at.

    Raises: Damaged when it is malformed.
    """
    return _paths(_parsed(data)[1])


def about(closure: Closure, cid: Cid, words: Iterable[tuple[Cid, bytes]]) -> Iterator[Word]:
    """Yield the words about an environment, whose Closure is `cid`; what is no word is left out.

    Of words about others no signature is looked at: there may be many.
    """
    roots = frozenset(closure.roots)
    for name, data in words:
        with suppress(Damaged):
            if speaks_of(data) == roots:
                signer, said = read(data)
                yield Word(name, signer, said, said.closure == cid)


def count(words: Iterable[Word]) -> Count:
    """Return how many builders agree; who said something else once differs."""
    words = tuple(words)
    differ = frozenset(one.signer for one in words if not one.agrees)
    return Count(frozenset(one.signer for one in words) - differ, differ)


def outputs_of(closure: Closure, named: dict[str, str]) -> dict[str, BuiltPath]:
    """Return the roots of a closure by the names of their outputs; `named`: to their store paths.

    ValueError when some root is no output.
    """
    paths = {path.name: path for path in closure.paths}
    found = {
        output: BuiltPath(base, paths[base].nar_hash, paths[base].nar_size)
        for output, path in named.items()
        if (base := StorePath.parse(path).base) in closure.roots
    }
    if {path.name for path in found.values()} != set(closure.roots):
        raise ValueError("an environment of other paths than its derivation has")
    return found


def _parsed(data: bytes) -> tuple[Signed, BuildAttestation]:
    signed = SIGNED.decode(data)
    return signed, BUILT.decode(signed.payload)


def _paths(said: BuildAttestation) -> frozenset[str]:
    return frozenset(path.name for path in said.outputs.values())


def _check(said: BuildAttestation) -> None:
    texts = (said.derivation, said.system, said.nix_version, *said.outputs)
    if any(len(text) > _LONGEST for text in texts):
        raise Damaged(f"a text in it is over {_LONGEST} characters")
    if not said.outputs or len(said.outputs) > MOST or said.built_ms < 0:
        raise Damaged(f"it has no time, or not 1 to {MOST} outputs")
    for path in (said.derivation, *(one.name for one in said.outputs.values())):
        _check_path(path)
    for one in said.outputs.values():
        if len(one.nar_hash) != SHA256 or one.nar_size < 0:
            raise Damaged(f"{one.name} has no NAR hash and size")
    machine.check(said.machine)


def _check_path(path: str) -> None:
    try:
        StorePath.parse(path)
    except Refused as refused:
        raise Damaged(refused.what) from None


BUILT: Final = Record("tallystick/built/1", BuildAttestation, _check)
