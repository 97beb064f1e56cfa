"""Reading UnixFS, as we write it, as Kubo does, and as an enemy would."""

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content import dagpb
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, DAG_PB, RAW, Cid
from engine.content.dagpb import Link
from engine.content.directory import directory, symlink
from engine.content.filedag import FileDag
from engine.content.hamt import slots
from engine.content.profile import KUBO_RAW_174, PUBLISHED, PUBLISHED_SHA2, Profile
from engine.content.reader import MAX_GRAPH, entries, leaves, lookup, read, stat
from engine.content.unixfs import DIRECTORY, FILE, MURMUR3, RAW_TYPE, SHARD, Message
from engine.errors import Damaged, Refused


class Shelf(dict[Cid, bytes]):
    """Blocks by name, and how many were taken."""

    taken = 0

    def keep(self, *blocks: Block) -> None:
        """Add blocks."""
        self.update((block.cid, block.data) for block in blocks)

    def node(self, links: list[Link], message: Message) -> Cid:
        """Add a node as it is told, true or not."""
        block = PUBLISHED.block(DAG_PB, dagpb.encode(links, message.encode()))
        self.keep(block)
        return block.cid

    def leaf(self, data: bytes) -> Cid:
        """Add a raw block."""
        block = PUBLISHED.block(RAW, data)
        self.keep(block)
        return block.cid

    def __call__(self, cid: Cid) -> bytes:
        """Take a block."""
        self.taken += 1
        return cid.check(self[cid])


def write(shelf: Shelf, data: bytes, profile: Profile) -> Link:
    """Write a file as `profile` has it."""
    dag = FileDag(profile)
    for start in range(0, len(data), profile.chunk):
        leaf = profile.block(RAW, data[start : start + profile.chunk])
        shelf.keep(leaf, *dag.leaf(leaf.cid, len(leaf.data)))
    link, blocks = dag.finish()
    shelf.keep(*blocks)
    return link


@given(
    data=st.binary(max_size=300),
    chunk=st.integers(1, 40),
    links=st.integers(2, 5),
    offset=st.integers(0, 320),
    length=st.none() | st.integers(0, 320),
)
def test_any_part_of_any_file_reads_back(
    data: bytes, chunk: int, links: int, offset: int, length: int | None
) -> None:
    """What is read from a written file is the same slice of what was written."""
    shelf = Shelf()
    link = write(shelf, data, Profile(chunk=chunk, links=links))
    stop = None if length is None else offset + length
    assert b"".join(read(shelf, link.cid, offset, length)) == data[offset:stop]
    assert stat(shelf, link.cid).size == len(data)


@given(data=st.binary(min_size=1, max_size=300), chunk=st.integers(1, 40), links=st.integers(2, 5))
def test_the_leaves_of_a_file_are_its_content(data: bytes, chunk: int, links: int) -> None:
    """Leaves are listed in order, with their sizes, and not taken."""
    shelf = Shelf()
    link = write(shelf, data, Profile(chunk=chunk, links=links))
    listed = list(leaves(shelf, link.cid, len(data)))
    assert b"".join(shelf[cid] for cid, _ in listed) == data
    assert all(len(shelf[cid]) == size for cid, size in listed)
    assert (shelf.taken == 0) == (len(listed) == 1)


@given(count=st.integers(1, 300), links=st.integers(2, 5))
def test_a_file_is_as_deep_as_its_leaves_need(count: int, links: int) -> None:
    """Every leaf of a file is equally deep: the least depth at which they fit."""
    shelf = Shelf()
    link = write(shelf, bytes(index % 251 for index in range(count)), Profile(1, links))
    cid, depth = link.cid, 0
    while cid.codec == DAG_PB:
        cid, depth = dagpb.decode(shelf[cid])[0][0].cid, depth + 1
    assert depth == next(d for d in range(10) if links**d >= count)


def test_reading_a_part_takes_only_the_blocks_it_is_in() -> None:
    """One byte from the middle of a file of 1000 leaves takes a block a level."""
    shelf = Shelf()
    link = write(shelf, bytes(1000), Profile(chunk=1, links=10))
    assert b"".join(read(shelf, link.cid, 500, 1)) == b"\0"
    assert shelf.taken == math.log10(1000) + 1


def test_kubo_s_leaves_with_their_own_bytes_are_read() -> None:
    """Leaves that are dag-pb nodes, of type File or Raw, hold bytes as raw leaves do."""
    shelf = Shelf()
    one = shelf.node([], Message(FILE, data=b"one ", filesize=4))
    two = shelf.node([], Message(RAW_TYPE, data=b"two", filesize=3))
    links = [Link("", one, 12), Link("", two, 11)]
    file = shelf.node(links, Message(FILE, filesize=7, blocksizes=(4, 3)))
    assert b"".join(read(shelf, file)) == b"one two"
    assert b"".join(read(shelf, file, 3, 2)) == b" t"


NAMES = st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=20)
GOOD_NAMES = NAMES.filter(lambda name: name not in (".", "..") and len(name.encode()) < 256)


@pytest.mark.parametrize("profile", [PUBLISHED, PUBLISHED_SHA2, KUBO_RAW_174])
@pytest.mark.parametrize("threshold", [0, 200, 262144])
@given(names=st.sets(GOOD_NAMES, max_size=40))
def test_any_directory_lists_and_finds_its_names(
    profile: Profile, threshold: int, names: set[str]
) -> None:
    """A directory, in a block or in shards, has the entries it was made of, sorted by bytes."""
    shelf = Shelf()
    profile = Profile(threshold=threshold, function=profile.function, estimate=profile.estimate)
    links = {name: Link(name, profile.block(RAW, name.encode()).cid, 7) for name in names}
    made = directory(links.values(), profile)
    shelf.keep(*made.blocks)
    listed = entries(shelf, made.link.cid)
    assert [link.name.encode() for link in listed] == sorted(name.encode() for name in names)
    assert all(links[link.name] == link for link in listed)
    assert all(lookup(shelf, made.link.cid, name) == links[name] for name in names)
    assert lookup(shelf, made.link.cid, "not there at all") is None


def test_a_large_directory_is_read_in_part_to_find_one_name() -> None:
    """Finding one of 10 000 names takes three blocks at most."""
    shelf = Shelf()
    leaf = shelf.leaf(b"")
    made = directory(Link(f"file-{index:040}", leaf, 0) for index in range(10_000))
    shelf.keep(*made.blocks)
    assert len(made.blocks) > 100
    assert lookup(shelf, made.link.cid, f"file-{77:040}") is not None
    assert shelf.taken <= 3


def test_a_symlink_has_its_target() -> None:
    """A symlink says where it points, whatever that is."""
    shelf = Shelf()
    made = symlink("../é/nowhere")
    shelf.keep(*made.blocks)
    found = stat(shelf, made.link.cid)
    assert (found.kind, found.target, found.size) == ("symlink", "../é/nowhere", 0)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b", "n" * 256, "\udcff"])
def test_a_name_that_cannot_be_is_not_written(name: str) -> None:
    """A directory entry that no file system can hold is refused."""
    with pytest.raises(Refused):
        directory([Link(name, Cid.of(RAW, b""), 0)])


def test_a_name_twice_is_not_written() -> None:
    """A directory has a name once."""
    with pytest.raises(Refused, match="twice"):
        directory([Link("a", Cid.of(RAW, b""), 0), Link("a", Cid.of(RAW, b"b"), 1)])


@pytest.mark.parametrize("target", ["", "a\0b", "t" * 4096, "\udcff"])
def test_a_target_that_cannot_be_is_not_written(target: str) -> None:
    """A symlink to what no system call takes is refused."""
    with pytest.raises(Refused):
        symlink(target)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0b", "n" * 256])
def test_a_directory_with_a_bad_name_is_damaged(name: str) -> None:
    """A name that would lead out of a directory is found before anybody sees it."""
    shelf = Shelf()
    cid = shelf.node([Link(name, shelf.leaf(b""), 0)], Message(DIRECTORY))
    with pytest.raises(Damaged, match="entry"):
        entries(shelf, cid)


def test_a_directory_with_a_name_twice_is_damaged() -> None:
    """Two readers can never see two things under one name."""
    shelf = Shelf()
    links = [Link("a", shelf.leaf(b"1"), 1), Link("a", shelf.leaf(b"2"), 1)]
    with pytest.raises(Damaged, match="twice"):
        entries(shelf, shelf.node(links, Message(DIRECTORY)))


@pytest.mark.parametrize(
    ("links", "message", "why"),
    [
        (1, Message(FILE, filesize=3, blocksizes=()), "1 links and 0 sizes"),
        (1, Message(FILE, filesize=4, blocksizes=(3,)), "says 4"),
        (0, Message(FILE, data=b"four", filesize=3), "says 3"),
        (0, Message(3), "type 3"),
        (0, Message(9), "type 9"),
        (0, Message(DIRECTORY, data=b"x"), "bytes of its own"),
        (1, Message(DIRECTORY, blocksizes=(3,)), "not a file"),
        (1, Message(4, data=b"x"), "symlink"),
        (0, Message(4), "points to nothing"),
        (0, Message(4, data=b"\xff"), "UTF-8"),
        (0, Message(SHARD, data=b"", hash_type=0x12, fanout=256), "nobody writes"),
        (0, Message(SHARD, data=b"", hash_type=MURMUR3, fanout=1 << 40), "nobody writes"),
        (0, Message(SHARD, data=b"\1", hash_type=MURMUR3, fanout=256), "not those"),
        (1, Message(SHARD, data=b"\1", hash_type=MURMUR3, fanout=256), "not those"),
        (0, Message(SHARD, data=bytes(33), hash_type=MURMUR3, fanout=256), "not those"),
    ],
)
def test_a_node_that_contradicts_itself_is_damaged(links: int, message: Message, why: str) -> None:
    """What a block says of itself is checked when it is read."""
    shelf = Shelf()
    cid = shelf.node([Link("name", shelf.leaf(b"abc"), 3)] * links, message)
    with pytest.raises(Damaged, match=why) as caught:
        stat(shelf, cid)
    assert caught.value.where == str(cid)


def test_a_piece_of_another_size_than_its_link_says_is_damaged() -> None:
    """A file that claims more or fewer bytes than its leaves have is found before they are used."""
    shelf = Shelf()
    leaf = shelf.leaf(b"abc")
    for size in (2, 4):
        file = shelf.node([Link("", leaf, 3)], Message(FILE, filesize=size, blocksizes=(size,)))
        with pytest.raises(Damaged, match=f"not the {size} bytes"):
            list(read(shelf, file))


def test_a_piece_that_is_a_directory_is_damaged() -> None:
    """A file is made of files."""
    shelf = Shelf()
    inner = shelf.node([], Message(DIRECTORY))
    file = shelf.node([Link("", inner, 4)], Message(FILE, filesize=4, blocksizes=(4,)))
    with pytest.raises(Damaged, match="not the 4 bytes"):
        list(read(shelf, file))


def test_a_file_deeper_than_any_is_damaged() -> None:
    """A tower of nodes is refused at a depth, by no recursion of ours."""
    shelf = Shelf()
    cid = shelf.leaf(b"x")
    for _ in range(MAX_GRAPH + 1):
        cid = shelf.node([Link("", cid, 1)], Message(FILE, filesize=1, blocksizes=(1,)))
    with pytest.raises(Damaged, match="deep"):
        list(read(shelf, cid))


def test_a_file_of_countless_empty_pieces_is_read_at_once() -> None:
    """1000**100 empty pieces are passed over, not visited."""
    shelf = Shelf()
    cid = shelf.leaf(b"")
    for _ in range(100):
        message = Message(FILE, filesize=0, blocksizes=(0,) * 1000)
        cid = shelf.node([Link("", cid, 0)] * 1000, message)
    assert list(read(shelf, cid)) == []
    assert shelf.taken == 1


def shard(shelf: Shelf, children: dict[int, tuple[str, Cid]]) -> Cid:
    """Add a shard with the given names in the given slots."""
    bits = sum(1 << slot for slot in children)
    links = [Link(f"{slot:02X}{name}", cid, 0) for slot, (name, cid) in sorted(children.items())]
    data = bits.to_bytes((bits.bit_length() + 7) // 8, "big")
    return shelf.node(links, Message(SHARD, data=data, hash_type=MURMUR3, fanout=256))


def test_an_entry_in_the_wrong_shard_is_damaged() -> None:
    """A listing never shows what a lookup would not find."""
    shelf = Shelf()
    right = slots("a")[0]
    good = shard(shelf, {right: ("a", shelf.leaf(b""))})
    bad = shard(shelf, {right ^ 1: ("a", shelf.leaf(b""))})
    assert [link.name for link in entries(shelf, good)] == ["a"]
    assert lookup(shelf, bad, "a") is None
    with pytest.raises(Damaged, match="wrong shard"):
        entries(shelf, bad)


@pytest.mark.parametrize("name", ["..", "a/b"])
def test_a_bad_name_in_a_shard_is_damaged(name: str) -> None:
    """Shards hold names to the same rule as directories of one block."""
    shelf = Shelf()
    cid = shard(shelf, {slots(name)[0]: (name, shelf.leaf(b""))})
    with pytest.raises(Damaged, match="entry"):
        entries(shelf, cid)


def test_shards_deeper_than_a_hash_are_damaged() -> None:
    """Shards end where the bytes of the hash do, for listing and for looking up."""
    shelf = Shelf()
    path = slots("a")
    cid = shelf.leaf(b"")
    name = "a"
    for slot in reversed(path + b"\0"):
        cid, name = shard(shelf, {slot: (name, cid)}), ""
    with pytest.raises(Damaged):
        entries(shelf, cid)
    with pytest.raises(Damaged):
        lookup(shelf, cid, "a")


@pytest.mark.parametrize("inner", [Message(DIRECTORY), Message(FILE, data=b"", filesize=0)])
def test_a_shard_that_leads_to_no_shard_is_damaged(inner: Message) -> None:
    """Two digits and no name lead to a shard only."""
    shelf = Shelf()
    cid = shard(shelf, {slots("a")[0]: ("", shelf.node([], inner))})
    for look in (lambda: entries(shelf, cid), lambda: lookup(shelf, cid, "a")):
        with pytest.raises(Damaged, match="no shard"):
            look()


def test_two_names_of_one_hash_are_refused() -> None:
    """Names made to agree in all 64 bits of the hash are refused, not recursed into."""
    names = ["\x12ol1:IH\x0e\x11M8I\x07\x101U", '\x18:\x0cJ0&e"I60\x0e\x13:*(']
    assert slots(names[0]) == slots(names[1])
    links = [Link(name, Cid.of(RAW, b""), 0) for name in names]
    assert len(directory(links).blocks) == 1
    with pytest.raises(Refused, match="same hash"):
        directory(links, Profile(threshold=0))


def test_what_is_not_asked_for_is_refused() -> None:
    """Content of a directory, entries of a file, and records as files are the caller's mistake."""
    shelf = Shelf()
    empty = shelf.node([], Message(DIRECTORY))
    leaf = shelf.leaf(b"abc")
    record = PUBLISHED.block(DAG_CBOR, b"\xa0")
    shelf.keep(record)
    with pytest.raises(Refused, match="directory, not a file"):
        list(read(shelf, empty))
    with pytest.raises(Refused, match="file, not a directory"):
        entries(shelf, leaf)
    with pytest.raises(Refused, match="record"):
        stat(shelf, record.cid)


@given(data=st.binary(max_size=200))
def test_junk_is_damaged_and_nothing_worse(data: bytes) -> None:
    """Bytes that are no UnixFS node give Damaged, whatever they are."""
    shelf = Shelf()
    block = PUBLISHED.block(DAG_PB, data)
    shelf.keep(block)
    with suppress(Damaged):
        stat(shelf, block.cid)


GENUINE = [
    dagpb.encode([Link("", Cid.of(RAW, b"a"), 1)], Message(FILE, None, 1, (1,)).encode()),
    dagpb.encode([Link("é", Cid.of(RAW, b"a"), 1)], Message(DIRECTORY).encode()),
    directory([Link("a", Cid.of(RAW, b"a"), 1)], Profile(threshold=0)).blocks[0].data,
    symlink("x").blocks[0].data,
]


@given(
    block=st.sampled_from(GENUINE),
    at=st.integers(0, 200),
    value=st.integers(0, 255),
    cut=st.integers(0, 3),
)
def test_a_changed_block_is_damaged_and_nothing_worse(
    block: bytes, at: int, value: int, cut: int
) -> None:
    """One byte changed in a genuine node gives a node or Damaged, never another error."""
    data = bytearray(block)
    data[at % len(data)] = value
    shelf = Shelf()
    changed = PUBLISHED.block(DAG_PB, bytes(data[: len(data) - cut]))
    shelf.keep(changed)
    with suppress(Damaged):
        stat(shelf, changed.cid)


def test_a_node_with_more_links_than_any_is_damaged() -> None:
    """A block of 2 MiB cannot make a reader hold 50 000 links."""
    shelf = Shelf()
    leaf = shelf.leaf(b"")
    links = [Link(f"{index:05}", leaf, 0) for index in range(dagpb.MAX_LINKS + 1)]
    with pytest.raises(Damaged, match="links"):
        stat(shelf, shelf.node(links, Message(DIRECTORY)))
