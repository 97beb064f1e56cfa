"""Bindings: names.db, what the names of Open Resources mean in one home.

Names are not unique: anyone may publish a "digits". Here the first one that was used is meant from
then on, in the version that was used, until a person says otherwise. What this home published is
kept, too, so that a version is not given twice while this file is here: what was taken back is
noted nowhere else.

    meant    whose resource a bare name is
    used     which version of it
    made     what this home has published
"""

from pathlib import Path

from engine.content.cid import Cid
from engine.errors import Refused
from engine.sqlite import Sqlite
from peers.bindings_schema import NAME, SCHEMA
from peers.identity import PeerId
from peers.resource import Edition


class Bindings(Sqlite):
    """What names mean. Safe for many threads."""

    def __init__(self, home: Path) -> None:
        """Open the file of a home, made when absent.

        Raises: Unavailable when it cannot be opened; Refused when a newer version made it.
        """
        super().__init__(home / NAME, SCHEMA)

    @staticmethod
    def is_here(home: Path) -> bool:
        """Return whether a home has one."""
        return (home / NAME).exists()

    def meant(self, name: str) -> PeerId | None:
        """Return whose resource a bare name is; None before it was used."""
        rows = self.rows("SELECT author FROM meant WHERE name = ?", (name,))
        return PeerId(rows[0][0]) if rows else None

    def used(self) -> list[Edition]:
        """Return which version of each resource is used here."""
        return self._all("used")

    def made(self) -> list[Edition]:
        """Return what this home has published."""
        return self._all("made")

    def use(self, one: Edition) -> None:
        """Have a name mean a version from now on; a bare name stays whose it is."""
        with self.change() as change:
            change.execute("INSERT OR IGNORE INTO meant VALUES (?, ?)", (one.name, one.author.key))
            change.execute("INSERT OR REPLACE INTO used VALUES (?, ?, ?, ?)", _row(one))

    def forget(self, release: Cid) -> None:
        """Have a release be meant by no name; what was published stays known."""
        with self.change() as change:
            change.execute("DELETE FROM used WHERE release = ?", (release.raw,))
            change.execute(
                "DELETE FROM meant WHERE NOT EXISTS (SELECT 1 FROM used"
                " WHERE used.name = meant.name AND used.author = meant.author)"
            )

    def make(self, one: Edition) -> None:
        """Remember what is about to be published; the name means it here from now on.

        Raises: Refused when another process has just published that version.
        """
        with self.change() as change:
            change.execute("INSERT OR IGNORE INTO made VALUES (?, ?, ?, ?)", _row(one))
            query = "SELECT release FROM made WHERE name = ? AND author = ? AND version = ?"
            ((release,),) = change.execute(query, _row(one)[:3]).fetchall()
            if release != one.release.raw:
                what = f"{one.name}@{one.version} has just been published"
                raise Refused(what, where=str(Cid(release)), fix="run the command again")
            self.use(one)

    def _all(self, table: str) -> list[Edition]:
        query = f"SELECT name, author, version, release FROM {table}"  # noqa: S608 - one of ours
        rows = self.rows(f"{query} ORDER BY name, author, version")
        return [Edition(PeerId(key), name, version, Cid(raw)) for name, key, version, raw in rows]


def _row(one: Edition) -> tuple[str, bytes, int, bytes]:
    return one.name, one.author.key, one.version, one.release.raw
