"""What Isso keeps, its SQLite database, and the generic JSON that it imports."""

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from spamguard.errors import InputError
from spamguard.formats.export import (
    MOST_POSTS,
    MOST_TEXT,
    TRASHED,
    Export,
    epoch_time,
    in_batches,
    iso_time,
    parent_of,
    shown,
    words,
)
from spamguard.formats.jsonstream import items
from spamguard.formats.record import Record
from spamguard.records import HAM, Comment

#: Isso's own trigger, which takes away threads without comments. Nothing here sets it off.
_OWN_TRIGGER = "create trigger remove_stale_threads after delete on comments begin "
_NEEDED = {"threads": {"id", "uri", "title"}, "comments": {"id", "text", "mode"}}
_WANTED = ("tid", "id", "parent", "created", "mode", "text", "author", "website", "email")
#: By the number that Isso keeps: valid, in the moderation queue, deleted but answered.
_MODES = {1: ("approved", HAM), 2: ("held", None), 4: ("deleted", TRASHED)}


class Isso(Export):
    """The comments of an Isso database. It is opened so that nothing can be written to it."""

    kind = "an Isso database"

    def _batches(self) -> Iterator[list[Record]]:
        path = self._source.plain_file()
        if os.path.exists(path + "-wal") and os.path.getsize(path + "-wal"):
            self.note(1, f"its newest comments may still stand in {path}-wal; stop Isso first")
        try:
            # immutable: no lock, no journal, no file made beside it
            address = f"file:{quote(os.path.abspath(path))}?mode=ro&immutable=1"
            with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
                _make_safe(database)
                database.execute("PRAGMA query_only = ON")
                _check(database, self._source.name)
                yield from in_batches(self._records(database))
        except (sqlite3.Error, ValueError) as error:
            raise InputError(f"{self._source.name}: the database is broken: {error}") from None

    def _records(self, database: sqlite3.Connection) -> Iterator[Record | None]:
        threads: dict[object, tuple[str | None, str | None]] = {}
        for key, uri, title in _in_order(database, "threads", ("id", "uri", "title")):
            if len(threads) < MOST_POSTS:
                threads[key] = (shown(uri), shown(title))
        there = {row[1] for row in _columns_of(database, "comments")}
        columns = [name if name in there else f"NULL AS {name}" for name in _WANTED]
        for number, row in enumerate(_in_order(database, "comments", columns), 1):
            yield self._record(dict(zip(_WANTED, row, strict=True)), number, threads)

    def _record(
        self, row: dict[str, Any], number: int, threads: dict[object, tuple[str | None, str | None]]
    ) -> Record | None:
        mode = row["mode"]
        status, label = _MODES.get(mode, (str(mode), None))
        uri, title = threads.get(row["tid"], (None, None))
        comment = Comment(
            text=shown(row["text"]) or "",
            author=shown(row["author"]),
            author_url=shown(row["website"]),
            post_title=title,
            id=row["id"],
            parent=parent_of(row["parent"]),
            date=epoch_time(row["created"]),
            post_link=uri,
            status=status,
            author_email=shown(row["email"]),
        )
        return self.record(comment, number, label)


def set_modes(path: str, steps: Iterable[tuple[object, str, str]], name: str) -> None:
    """Give comments of the database at ``path`` another mode: (id, what it is now, new mode).

    A comment that is not there, or not in that mode, is an InputError.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
            _make_safe(database)
            _check(database, name)
            key = {row[1]: (row[2].upper(), row[5]) for row in _columns_of(database, "comments")}
            if key["id"] != ("INTEGER", 1):
                raise InputError(f"{name}: the id is not the key of the comments")
            # The file is moved into place when all is done, so it needs no journal beside it.
            database.execute("PRAGMA journal_mode = MEMORY")
            database.execute("BEGIN")
            for comment, old, new in steps:
                done = database.execute(
                    "UPDATE comments SET mode = ? WHERE id = ? AND mode = ?",
                    (int(new), comment, int(old)),
                )
                if done.rowcount != 1:
                    raise InputError(
                        f"{name}: there is no comment {comment} in mode {old}: it is another"
                        " database, or was changed since"
                    )
            database.execute("COMMIT")
    except (sqlite3.Error, ValueError, OverflowError) as error:
        raise InputError(f"{name}: the database cannot be changed: {error}") from None


def _columns_of(database: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    return database.execute(f"PRAGMA table_xinfo({table})").fetchall()


def _make_safe(database: sqlite3.Connection) -> None:
    """A database can be made to trouble whoever reads it; this leaves it little to do so with."""
    database.text_factory = lambda raw: raw.decode("utf-8", "replace")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2 * MOST_TEXT)
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")


def _check(database: sqlite3.Connection, name: str) -> None:
    """Tables must be tables: a view or a trigger runs what its author wants."""
    kinds = {}
    for kind, what, sql in database.execute("SELECT type, name, sql FROM sqlite_master"):
        if kind == "trigger" and not " ".join(sql.lower().split()).startswith(_OWN_TRIGGER):
            raise InputError(f"{name}: has a trigger ({what!r}) that is none of Isso's")
        if kind in ("table", "view"):
            kinds[what] = "virtual table" if "VIRTUAL" in sql[:40].upper() else kind
    for table, needed in _NEEDED.items():
        if kinds.get(table, "table") != "table":
            raise InputError(f"{name}: {table!r} is a {kinds[table]}, not a table")
        columns = {row[1]: row[6] for row in _columns_of(database, table)}
        if not needed <= columns.keys():
            raise InputError(
                f"{name}: a SQLite database, but not of Isso:"
                f" no {table} with {', '.join(sorted(needed))}"
            )
        if any(columns.values()):
            raise InputError(f"{name}: {table!r} has columns that are computed")


def _in_order(
    database: sqlite3.Connection, table: str, columns: tuple[str, ...] | list[str]
) -> Iterator[tuple[Any, ...]]:
    """The rows of a table by number. In a sound one the numbers rise, so it has an end."""
    last = None
    rows = database.execute(f"SELECT rowid, {', '.join(columns)} FROM {table} ORDER BY rowid")  # noqa: S608 - no word of it is from outside
    for number, *row in rows:
        if last is not None and number <= last:
            raise ValueError(f"the rows of {table!r} are not in order")
        last = number
        yield tuple(row)


class IssoJson(Export):
    """Threads with their comments, as Isso imports them. They bear no label."""

    kind = "an Isso JSON file"

    def _batches(self) -> Iterator[list[Record]]:
        return in_batches(self._records())

    def _records(self) -> Iterator[Record | None]:
        for item in items(self._source):
            comments = item.value.get("comments") if isinstance(item.value, dict) else None
            if item.error is not None and not item.raw:
                self.note(item.line, item.error)
            elif isinstance(item.value, dict) and "text" in item.value:
                yield self._record(item.value, {}, item.line)  # of a thread that is broken
            elif not isinstance(comments, list):
                error = item.error or "not a thread with comments"
                yield Record(None, item.line, item.raw, error)
            else:
                for said in comments:
                    yield self._record(said, item.value, item.line)

    def _record(self, said: object, thread: dict[str, Any], line: int) -> Record | None:
        if not isinstance(said, dict) or not isinstance(said.get("text"), str):
            return Record(None, line, "", "a comment without text")
        created = words(said, "created")
        comment = Comment(
            text=words(said, "text") or "",
            author=words(said, "author"),
            author_url=words(said, "website"),
            post_title=words(thread, "title"),
            id=said.get("id"),
            date=None if created is None else iso_time(created),
            post_link=words(thread, "id"),
            author_email=words(said, "email"),
        )
        return self.record(comment, line, None)
