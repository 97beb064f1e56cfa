"""Known answers from other implementations: their trees get the same CIDs here."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from nacl.bindings import crypto_aead_chacha20poly1305_ietf_encrypt as chacha20_poly1305

from engine.content.blocks import Block
from engine.content.cid import RAW
from engine.content.dagpb import Link
from engine.content.directory import directory, symlink
from engine.content.filedag import FileDag
from engine.content.profile import PUBLISHED, PUBLISHED_SHA2, Profile

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/unixfs.json").read_text())
HASHES = {"blake3": PUBLISHED, "sha2-256": PUBLISHED_SHA2}


def pattern(size: int) -> bytes:
    """Return the vectors' counting bytes: k as uint32, 16384 times, for every k from 0 on."""
    whole = b"".join(k.to_bytes(4, "big") * 16384 for k in range(size // 65536 + 1))
    return whole[:size]


def content(entry: dict) -> bytes:
    """Return the bytes of a file of the vectors."""
    return entry["text"].encode() if "text" in entry else pattern(entry["pattern"])


def file(data: bytes, profile: Profile, blocks: list[Block]) -> Link:
    """Make a file and keep its blocks."""
    dag = FileDag(profile)
    for start in range(0, len(data), profile.chunk):
        leaf = profile.block(RAW, data[start : start + profile.chunk])
        blocks += [leaf, *dag.leaf(leaf.cid, len(leaf.data))]
    link, rest = dag.finish()
    blocks += rest
    return link


def tree(entries: list[dict], profile: Profile, blocks: list[Block]) -> Link:
    """Make a directory from the vectors' list of paths."""
    below: dict[str, list[dict]] = {}
    links = []
    for entry in entries:
        name, _, rest = entry["path"].partition("/")
        if rest or entry.get("dir"):
            below.setdefault(name, []).append({**entry, "path": rest})
        else:
            links.append(replace(leaf_entry(entry, profile, blocks), name=name))
    for name, inner in below.items():
        if name:
            links.append(replace(tree(inner, profile, blocks), name=name))
    made = directory(links, profile)
    blocks += made.blocks
    return made.link


def leaf_entry(entry: dict, profile: Profile, blocks: list[Block]) -> Link:
    """Make a symlink or file of the vectors."""
    if "link" not in entry:
        return file(content(entry), profile, blocks)
    made = symlink(entry["link"], profile)
    blocks += made.blocks
    return made.link


def build(case: dict, profile: Profile, blocks: list[Block]) -> Link:
    """Make what a vector describes."""
    if "file" in case:
        return file(content(case["file"]), profile, blocks)
    if "tree" in case:
        return tree(case["tree"], profile, blocks)
    many = case["many"]
    texts = [str(index) for index in range(many["count"])]
    names = ["f" + text.zfill(many["nameLen"] - 1) for text in texts]
    pairs = zip(names, texts, strict=True)
    return tree([{"path": name, "text": text} for name, text in pairs], profile, blocks)


def keystream(seed: str, size: int) -> bytes:
    """Return ChaCha20's first bytes under sha256(seed); libsodium's AEAD starts at block one."""
    key = sha256(seed.encode()).digest()
    return first_block(key) + chacha20_poly1305(bytes(size), None, bytes(12), key)[: size - 64]


def first_block(key: bytes) -> bytes:
    """Return ChaCha20's block zero with nonce zero (RFC 8439 2.3)."""
    words = [int.from_bytes(b"expand 32-byte k"[i : i + 4], "little") for i in range(0, 16, 4)]
    start = [*words, *(int.from_bytes(key[i : i + 4], "little") for i in range(0, 32, 4))] + [0] * 4
    state = list(start)
    columns = [(i, i + 4, i + 8, i + 12) for i in range(4)]
    diagonals = [(i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12) for i in range(4)]
    for quarter in (columns + diagonals) * 10:
        quarter_round(state, *quarter)
    words = [(a + b) & 0xFFFFFFFF for a, b in zip(state, start, strict=True)]
    return b"".join(word.to_bytes(4, "little") for word in words)


def quarter_round(state: list[int], a: int, b: int, c: int, d: int) -> None:
    """Mix four words (RFC 8439 2.1)."""
    for to, add, turn, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        state[to] = (state[to] + state[add]) & 0xFFFFFFFF
        mixed = state[turn] ^ state[to]
        state[turn] = (mixed << by | mixed >> (32 - by)) & 0xFFFFFFFF


def known_directory(seed: str, name: int, last: int, profile: Profile) -> Link:
    """Make the directory of 4766 files holding "x" that Kubo's own tests make."""
    letters = "abcdefghijklmnopqrstuvwxyz01234567890-_"
    stream = keystream(seed, 4765 * name + last)
    names = [stream[at : at + name] for at in range(0, 4765 * name, name)]
    leaf = profile.block(RAW, b"x").cid
    spelled = ("".join(letters[byte % 39] for byte in raw) for raw in [*names, stream[-last:]])
    return directory([Link(text, leaf, 1) for text in spelled], profile).link


@pytest.mark.parametrize(
    "vector", VECTORS["vectors"], ids=lambda vector: f"{vector['id']}-{vector['hash']}"
)
def test_vector(vector: dict) -> None:
    """Other implementations' CIDs, sizes and block counts are ours too."""
    options = vector["options"]
    profile = replace(
        HASHES[vector["hash"]],
        chunk=int(options["chunker"].removeprefix("size-")),
        links=options["maxFileLinks"],
        estimate=options["hamtEstimation"],
        threshold=options["hamtThreshold"],
    )
    blocks: list[Block] = []
    link = build(vector["input"], profile, blocks)
    assert (str(link.cid), link.tsize) == (vector["cid"], vector["tsize"])
    assert len(blocks) == vector["blocks"]


KNOWN = {answer["id"]: answer for answer in VECTORS["kubo_known_answers"]}


def test_kubo_cuts_a_file_one_byte_over_a_chunk_alike() -> None:
    """Kubo's published CID of a file of 1 MiB and a byte is ours."""
    answer = KNOWN["kubo-kat-over-chunk"]
    data = keystream(answer["input"]["chacha20"]["seed"], answer["input"]["chacha20"]["size"])
    assert str(file(data, PUBLISHED_SHA2, []).cid) == answer["cid"]


def test_kubo_shards_one_byte_over_the_threshold_alike() -> None:
    """Kubo's published CID of a directory one byte over 256 KiB is ours: sharded."""
    answer = KNOWN["kubo-kat-dir-over-threshold"]
    given = answer["input"]["katdir"]
    assert given["count"] == 4766
    link = known_directory(given["seed"], given["nameLen"], given["lastNameLen"], PUBLISHED_SHA2)
    assert str(link.cid) == answer["cid"]


def test_kubo_does_not_shard_at_the_threshold() -> None:
    """Kubo's published CID of a directory of exactly 256 KiB is ours: one block."""
    link = known_directory("hamt-unixfs-v1-2025", 11, 21, PUBLISHED_SHA2)
    assert str(link.cid) == "bafybeic3h7rwruealwxkacabdy45jivq2crwz6bufb5ljwupn36gicplx4"


def test_kubo_names_a_blake3_block_alike() -> None:
    """Kubo's published BLAKE3 CID of a raw block is ours."""
    answer = KNOWN["kubo-kat-blake3-raw-foo"]
    assert str(file(b"foo\n", PUBLISHED, []).cid) == answer["cid"]
