"""Opening a SQLite file of ours: created privately, recognised, brought up to date by numbered migrations."""

import contextlib
import os
import sqlite3
import weakref
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeGuard, TypeVar

from nostr_usage.durable import sync_directory
from nostr_usage.errors import HomeError, NewerDatabaseError
from nostr_usage.store.memory import Memory

BUSY_TIMEOUT_S = 10.0
_STATEMENTS_CACHED = 256

T = TypeVar("T")


class Schema(NamedTuple):
    """What a file must be; `version` is the number of the last script in `migrations/<folder>/NNNN_….sql`."""

    title: str
    folder: str
    application_id: int
    version: int
    journal_mode: str
    page_size: int


class Connected:
    """Something that reads or writes through one connection, within one transaction."""

    __slots__ = ("_connection", "_cursors", "_memory")

    def __init__(self, connection: sqlite3.Connection, memory: Memory | None = None) -> None:
        self._connection = connection
        self._memory = memory
        self._cursors: weakref.WeakSet[sqlite3.Cursor] | None = None

    def end_iterators(self) -> None:
        """End the iterators that were handed out: one that is left half read would hold the snapshot open."""
        if self._cursors is not None:
            for cursor in tuple(self._cursors):
                cursor.close()
            self._cursors = None

    def _recall(self, sort: str, key: Hashable, read: Callable[[], T]) -> T:
        """What `read` gives; a writer asks once, and then remembers it."""
        return read() if self._memory is None else self._memory.recall(sort, key, read)

    def _keep(self, sort: str, key: Hashable, row: object) -> None:
        """Remember a row as it was just written."""
        if self._memory is not None:
            self._memory.keep(sort, key, row)

    def _forget(self, sort: str) -> None:
        """Rows of this sort were just changed."""
        if self._memory is not None:
            self._memory.forget(sort)

    def _iterate(self, statement: str, parameters: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Rows one by one, for an iterator that may outlive the call."""
        if self._cursors is None:
            self._cursors = weakref.WeakSet()
        cursor = self._connection.execute(statement, parameters)
        self._cursors.add(cursor)
        return cursor


def open_database(path: Path, schema: Schema, *, create: bool) -> sqlite3.Connection:
    """A connection to the database of `schema` at `path`, up to date; with `create`, made if it is missing.

    Raises:
        HomeError: if the file is missing, cannot be opened, or is something else.
        NewerDatabaseError: if a newer version of this program wrote it.
    """
    if not path.is_file():
        if not create:
            raise HomeError(
                f"there is no {schema.title} at {path}", advice="Run `nostr-usage init` to make one."
            )
        _create(path, schema)
    connection = connect(path)
    try:
        _recognise(connection, path, schema)
        _migrate(connection, schema)
    except sqlite3.Error as error:
        connection.close()
        raise home_error(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from any thread, but from one at a time.

    `synchronous=FULL`: what is committed survives a power cut. The temporary store in memory keeps the
    rollback of one savepoint from writing a file.

    Raises:
        HomeError: if the file cannot be opened.
    """
    connection: sqlite3.Connection | None = None
    try:
        connection = sqlite3.connect(
            path,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS_CACHED,
        )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise home_error(path, error) from error
    return connection


def is_about_file(error: Exception) -> TypeGuard[sqlite3.Error]:
    """Whether it is the file that SQLite complains of: the disk, a lock, bytes that are no database.

    Broken constraints and wrong use are bugs of ours.
    """
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


def home_error(path: Path, error: sqlite3.Error) -> HomeError:
    """What SQLite said about the file at `path`, with what to do about it."""
    text = str(error)
    if "is not a database" in text:
        return HomeError(f"{path} is not a database of nostr-usage", advice="Choose another home.")
    if "full" in text:
        return HomeError(f"{path}: {text}; nothing was kept", advice="Free some space and try again.")
    if "I/O error" in text:
        return HomeError(f"{path}: {text}", advice="Check the disk (space, quota, health), then try again.")
    if "locked" in text:
        return HomeError(f"{path} is in use by another program: {text}", advice="Try again when it is done.")
    if "readonly" in text or "unable to open" in text:
        return HomeError(f"{path}: {text}", advice="Check who owns the file and its directory.")
    return HomeError(f"{path}: {text}", advice="Keep a copy of the file, then rebuild it from the relays.")


def _create(path: Path, schema: Schema) -> None:
    """Make the database aside and put it in its place whole; if another process was faster, leave theirs."""
    import tempfile  # noqa: PLC0415 (not needed to ask for a balance)

    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # readable by its owner only
        os.close(handle)
        try:
            with contextlib.closing(connect(Path(name))) as connection:
                connection.execute(f"PRAGMA page_size = {schema.page_size:d}")
                connection.execute(f"PRAGMA journal_mode = {schema.journal_mode}")
                _migrate(connection, schema)
            with contextlib.suppress(FileExistsError):
                os.link(name, path)
            sync_directory(path.parent)
        finally:
            Path(name).unlink()
    except sqlite3.Error as error:
        raise home_error(path, error) from error
    except OSError as error:
        raise HomeError(
            f"cannot create {path}: {error.strerror}", advice="Check its directory, and who owns it."
        ) from error


def _recognise(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    if _pragma(connection, "application_id") != schema.application_id:
        raise HomeError(f"{path} is not a {schema.title} of nostr-usage", advice="Choose another home.")
    version = _pragma(connection, "user_version")
    if version > schema.version:
        raise NewerDatabaseError(
            f"{path} was written by a newer nostr-usage (schema {version}, this one knows {schema.version})",
            advice="Upgrade nostr-usage.",
        )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def _migrate(connection: sqlite3.Connection, schema: Schema) -> None:
    """Run each missing migration in a transaction of its own; another process may be doing the same."""
    if _pragma(connection, "user_version") == schema.version:
        return
    for version, script in _migrations(schema):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _pragma(connection, "user_version") < version:
                for statement in _statements(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {schema.application_id:d}")
                connection.execute(f"PRAGMA user_version = {version:d}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _migrations(schema: Schema) -> list[tuple[int, str]]:
    from importlib import resources  # noqa: PLC0415 (loads tempfile and shutil; needed once in a file's life)

    folder = resources.files("nostr_usage.store") / "migrations" / schema.folder
    scripts = sorted((file.name, file) for file in folder.iterdir() if file.name.endswith(".sql"))
    numbered = [(int(name[:4]), file) for name, file in scripts]
    return [
        (number, file.read_text(encoding="utf-8")) for number, file in numbered if number <= schema.version
    ]


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, triggers whole."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    assert not statement.strip() or statement.lstrip().startswith("--"), "a migration ends with ;"
