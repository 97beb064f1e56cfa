"""Bindings schema: what is in names.db, for who looks whether it is sound and needs no keys."""

from typing import Final

from engine.sqlite import Schema

NAME: Final = "names.db"

_TABLES: Final = """
CREATE TABLE meant (name TEXT PRIMARY KEY, author BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE used (
    name TEXT, author BLOB, version INTEGER NOT NULL, release BLOB NOT NULL,
    PRIMARY KEY (name, author)) WITHOUT ROWID;
CREATE TABLE made (
    name TEXT, author BLOB, version INTEGER, release BLOB NOT NULL,
    PRIMARY KEY (name, author, version)) WITHOUT ROWID;
"""
SCHEMA: Final = Schema(
    versions=(_TABLES,),
    what="what names mean in this home",
    when_damaged="'tally fsck --repair' makes it anew of what can be read",
)
