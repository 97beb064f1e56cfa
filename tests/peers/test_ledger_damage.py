"""Whatever happens to a ledger file, it is said to be damaged, or is read as it was."""

import random
import sqlite3
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from engine.errors import Damaged, TallyError
from peers.audit import AtOnce
from peers.ledger_book import signing
from peers.ledger_check import check
from peers.ledger_file import FILE, LedgerFile
from peers.ledger_place import HEAD
from tests.cli.program import Program
from tests.peers.books import backed, keep
from tests.peers.ledgers import Keeper

PAGE = 4_096
TABLES = ("log", "entries", "entries", "evidence", "channels", "snapshots")
WRONG = (None, b"", b"\xff\xfe", "text", "", 1.5, -1, 0, 3, 2**63 - 1, -(2**63))

READS: dict[str, Callable[[LedgerFile], object]] = {
    "verify": lambda file: check(file, AtOnce()),
    "load": LedgerFile.load,
    "balances": LedgerFile.balances,
    "said": lambda file: list(islice(file.said(), 100)),
    "named": lambda file: list(islice(file.named(), 100)),
    "restored": LedgerFile.restored,
    "end": LedgerFile.end,
    "owner": lambda file: file.me,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Keeper]:
    """Return a home with a ledger in one file, with a snapshot and all papers, and whose it is."""
    home = tmp_path_factory.mktemp("whole")
    _, two, papers = backed()
    keep(home, two, papers)
    with signing(home, two.peer) as book, book.change() as change:
        book.snapshot(two.ledger, change)
    raw = sqlite3.connect(home / FILE)
    raw.execute("PRAGMA journal_mode = DELETE")
    raw.close()
    return home, two


@pytest.fixture
def home(tmp_path: Path, whole: tuple[Path, Keeper]) -> Path:
    """Return a copy of that home, to be damaged."""
    for name in (FILE, HEAD):
        (tmp_path / name).write_bytes((whole[0] / name).read_bytes())
    return tmp_path


def cut(data: bytearray, chance: random.Random) -> None:
    """Cut a file short."""
    del data[chance.randrange(len(data)) :]


def flip(data: bytearray, chance: random.Random) -> None:
    """Flip a bit in each of some bytes."""
    for _ in range(chance.choice([1, 4])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def exchange(data: bytearray, chance: random.Random) -> None:
    """Exchange two pages."""
    one, two = (PAGE * chance.randrange(len(data) // PAGE) for _ in range(2))
    first, second = data[one : one + PAGE], data[two : two + PAGE]
    data[one : one + PAGE], data[two : two + PAGE] = second, first


def columns(raw: sqlite3.Connection, table: str) -> list[str]:
    """Return the columns of a table."""
    return [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]


def drop(raw: sqlite3.Connection, table: str, chance: random.Random) -> None:
    """Drop a row."""
    key = columns(raw, table)[0]
    keys = raw.execute(f"SELECT {key} FROM {table}").fetchall()  # noqa: S608
    raw.execute(f"DELETE FROM {table} WHERE {key} = ?", chance.choice(keys))  # noqa: S608


def swap(raw: sqlite3.Connection, table: str, chance: random.Random) -> None:
    """Have two rows exchange a value."""
    key, *others = columns(raw, table)
    name = chance.choice(others)
    rows = raw.execute(f"SELECT {key}, {name} FROM {table}").fetchall()  # noqa: S608
    one, two = chance.choice(rows), chance.choice(rows)
    put = f"UPDATE {table} SET {name} = ? WHERE {key} = ?"  # noqa: S608
    raw.execute(put, (chance.randbytes(36), one[0]))  # what is unique stays so
    raw.execute(put, (one[1], two[0]))
    raw.execute(put, (two[1] if one != two else one[1], one[0]))


def spoil(raw: sqlite3.Connection, table: str, chance: random.Random) -> None:
    """Put a value into a row that is of another kind."""
    names = columns(raw, table)
    keys = raw.execute(f"SELECT {names[0]} FROM {table}").fetchall()  # noqa: S608
    put = f"UPDATE {table} SET {chance.choice(names)} = ? WHERE {names[0]} = ?"  # noqa: S608
    raw.execute(put, (chance.choice(WRONG), *chance.choice(keys)))


def repeat(raw: sqlite3.Connection, table: str, chance: random.Random) -> None:
    """Put a row beside another that says nearly the same."""
    rows = raw.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
    values = [chance.choice(WRONG), *chance.choice(rows)[1:]]
    raw.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608


def unread(home: Path) -> list[str]:
    """Return what reads of a ledger ended with another exception than ours."""
    found = []
    for name, read in READS.items():
        try:
            file = LedgerFile(home)
        except TallyError:
            return []
        try:
            read(file)
        except TallyError:
            pass
        except Exception as error:
            found.append(f"{name}: {error!r}")
        finally:
            file.close()
    return found


@pytest.mark.parametrize("damage", [cut, flip, exchange])
def test_a_file_of_damaged_bytes_is_said_to_be_damaged(
    home: Path, damage: Callable[[bytearray, random.Random], None]
) -> None:
    """Cut short, flipped or with pages exchanged, no read of it ends otherwise, or not at all."""
    whole = (home / FILE).read_bytes()
    for seed in range(25):
        data = bytearray(whole)
        damage(data, random.Random(seed))  # noqa: S311
        (home / FILE).write_bytes(data)
        assert (seed, unread(home)) == (seed, [])
        for beside in home.glob(f"{FILE}-*"):
            beside.unlink()


@pytest.mark.parametrize("damage", [drop, swap, spoil, repeat])
def test_a_file_of_other_rows_is_said_to_be_damaged(
    home: Path, damage: Callable[[sqlite3.Connection, str, random.Random], None]
) -> None:
    """With rows dropped, exchanged, doubled or of wrong kinds, no read of it ends otherwise."""
    whole = (home / FILE).read_bytes()
    for seed in range(40):
        chance = random.Random(seed)  # noqa: S311
        (home / FILE).write_bytes(whole)
        raw = sqlite3.connect(home / FILE)
        try:
            damage(raw, chance.choice(TABLES), chance)
        except sqlite3.IntegrityError:
            raw.rollback()
        raw.commit()
        raw.close()
        assert (seed, unread(home)) == (seed, [])


@pytest.mark.parametrize("table", ["log", "entries", "evidence", "channels", "snapshots"])
def test_what_is_of_another_kind_than_its_column_is_damage(home: Path, table: str) -> None:
    """A file with a number, a text or nothing where there should be bytes does not hold."""
    raw = sqlite3.connect(home / FILE)
    names = [name for name in columns(raw, table) if name not in ("inode", "born", "restored")]
    raw.close()
    whole = (home / FILE).read_bytes()
    for name in names:
        (home / FILE).write_bytes(whole)
        raw = sqlite3.connect(home / FILE)
        try:
            raw.execute(f"UPDATE {table} SET {name} = 'text'")  # noqa: S608
        except sqlite3.IntegrityError:  # a key, which is a number or unique
            continue
        finally:
            raw.commit()
            raw.close()
        file = LedgerFile(home)
        with pytest.raises(Damaged):
            check(file, AtOnce())
        file.close()


def test_commands_say_that_a_ledger_is_damaged(home: Path, whole: tuple[Path, Keeper]) -> None:
    """Each ends, with exit 5, on a file two pages of which were exchanged."""
    data = bytearray((home / FILE).read_bytes())
    last = len(data) - PAGE
    data[PAGE : 2 * PAGE], data[last:] = data[last:], data[PAGE : 2 * PAGE]
    (home / FILE).write_bytes(data)
    tally = Program(home)
    for command in ("verify", "log", "balance"):
        assert (command, tally("credit", command).code) == (command, 5)
    assert whole[1].log
