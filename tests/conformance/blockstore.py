"""What every BlockStore does: a test class to inherit from, with a `store` fixture of one's own."""

import hashlib

import pytest

from engine.content.blocks import MAX_BLOCK, Block, BlockStore, ManyStore
from engine.content.cid import DAG_CBOR, RAW, SHA2_256, Cid
from engine.errors import Damaged, Refused, Unavailable


def block(data: bytes, codec: int = RAW) -> Block:
    """Return some bytes with their name."""
    return Block(Cid.of(codec, data), data)


class BlockStoreConformance:
    """The contract of engine/content/blocks.py BlockStore."""

    def test_gives_back_what_was_put(self, store: BlockStore) -> None:
        """A block that was put is found under its name, byte for byte."""
        store.put([block(b"one"), block(b"two")])
        assert store.get(block(b"one").cid) == b"one"
        assert store.get(block(b"two").cid) == b"two"

    def test_the_empty_block_is_a_block(self, store: BlockStore) -> None:
        """No bytes at all have a name and are kept like others."""
        assert not store.has(block(b"").cid)
        store.put([block(b"")])
        assert store.get(block(b"").cid) == b""
        assert store.has(block(b"").cid)

    def test_what_was_not_put_is_unavailable(self, store: BlockStore) -> None:
        """A name nobody put is Unavailable, and the error names it."""
        with pytest.raises(Unavailable) as caught:
            store.get(block(b"never").cid)
        assert str(block(b"never").cid) in caught.value.what + caught.value.where
        assert caught.value.fix

    def test_has_tells_before_and_after(self, store: BlockStore) -> None:
        """`has` is false before a put and true after it."""
        assert not store.has(block(b"x").cid)
        store.put([block(b"x")])
        assert store.has(block(b"x").cid)

    def test_putting_twice_is_no_change(self, store: BlockStore) -> None:
        """The same block twice, in one put and in two, is one block."""
        store.put([block(b"x"), block(b"x")])
        store.put([block(b"x")])
        assert store.get(block(b"x").cid) == b"x"

    def test_codec_is_part_of_the_name(self, store: BlockStore) -> None:
        """The same bytes under another codec are another block."""
        store.put([block(b"\xa0", RAW)])
        assert not store.has(block(b"\xa0", DAG_CBOR).cid)

    def test_a_sha2_name_is_checked_as_such(self, store: BlockStore) -> None:
        """Blocks named by sha2-256, as other tools make them, are kept and found."""
        cid = Cid.from_bytes(bytes((1, RAW, SHA2_256, 32)) + hashlib.sha256(b"old").digest())
        store.put([Block(cid, b"old")])
        assert store.get(cid) == b"old"

    def test_bytes_that_do_not_match_are_damaged(self, store: BlockStore) -> None:
        """A block whose bytes are not what it is named is refused and not kept."""
        with pytest.raises(Damaged):
            store.put([Block(block(b"right").cid, b"wrong")])
        assert not store.has(block(b"right").cid)

    def test_a_block_over_the_limit_is_refused(self, store: BlockStore) -> None:
        """2 MiB is the largest block; one byte more is Refused with the limit."""
        store.put([block(bytes(MAX_BLOCK))])
        with pytest.raises(Refused, match=str(MAX_BLOCK)):
            store.put([block(bytes(MAX_BLOCK + 1))])

    def test_takes_any_iterable(self, store: BlockStore) -> None:
        """`put` takes a generator, and nothing at all."""
        store.put(block(b"%d" % number) for number in range(300))
        store.put([])
        assert all(store.has(block(b"%d" % number).cid) for number in range(300))


class ManyStoreConformance(BlockStoreConformance):
    """The contract of engine/content/blocks.py ManyStore."""

    def test_many_are_found_as_one_is(self, store: ManyStore) -> None:
        """Of many names those that are here are found, each with its bytes; one may come twice."""
        here = [block(str(number).encode()) for number in range(1_200)]
        store.put(here)
        names = [one.cid for one in here]
        never = [block(b"never").cid, block(b"nor this").cid]

        assert store.get_many([*names, *never, *names]) == {one.cid: one.data for one in here}
        assert store.has_many([*never, *names]) == set(names)
        assert store.get_many(names, longest=2) == {one.cid: one.data for one in here[:100]}
        assert store.get_many([]) == {}
        assert store.has_many([]) == set()
