"""A table of names and work on it: what tests of group commit queue and count."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

from nostr_usage.store.database import connect
from nostr_usage.store.group_commit import GroupCommit


class Ledger:
    """A table of names on one connection, with a record of the transactions that it went through."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.statements: list[str] = []
        self.connection = connect(path)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("CREATE TABLE parents (name TEXT PRIMARY KEY)")
        self.connection.execute("CREATE TABLE names (name TEXT PRIMARY KEY, parent TEXT REFERENCES parents)")
        self.connection.set_trace_callback(self.statements.append)
        self.group = GroupCommit(self.connection, self.connection, path=path)

    def close(self) -> None:
        """Finish what is queued and let go of the file."""
        self.group.close()
        self.connection.close()

    def names(self) -> list[str]:
        """What somebody else sees."""
        with closing(connect(self.path)) as connection:
            return [name for (name,) in connection.execute("SELECT name FROM names ORDER BY rowid")]

    def commits(self) -> int:
        """How many transactions were committed."""
        return self.statements.count("COMMIT")


class Add:
    """Work that adds a name, and says which thread ran it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, connection: sqlite3.Connection) -> int:
        """Do the work."""
        connection.execute("INSERT INTO names (name) VALUES (?)", (self.name,))
        return threading.get_ident()


class Hold:
    """Work that keeps its transaction open until it is let go, so that others must queue."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.may_end = threading.Event()

    def __call__(self, _connection: sqlite3.Connection) -> None:
        """Do the work."""
        self.has_begun.set()
        assert self.may_end.wait(timeout=30)


def submit_together(ledger: Ledger, works: list[Add]) -> list[Future[int]]:
    """Queue all `works` while a transaction is open, so that the next one has them all."""
    hold = Hold()
    held = ledger.group.submit(hold)
    assert hold.has_begun.wait(timeout=30)
    futures = [ledger.group.submit(work) for work in works]
    hold.may_end.set()
    held.result(timeout=30)
    return futures
