"""What a writer remembers from one transaction to the next: rows that rarely change.

Every entry needs its account, a few settings, its account's budgets and the head of its stream, which are
nearly always what they were for the entry before. They are read once, and again after somebody else has
committed (SQLite counts that), after anything was undone, and after such a row was changed here: whoever
writes to one of these tables says so, or keeps what it wrote.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

ROWS_MAX = 8_192
"""Rows remembered of each sort; with more, reading begins anew."""

T = TypeVar("T")


class Remembered:
    """The sorts of rows. No enum: one would be hashed anew at every look."""

    ACCOUNT: Final = "account"
    SETTING: Final = "setting"
    BUDGETS: Final = "budgets"
    ORGANISATION: Final = "organisation"
    HOLDS: Final = "holds"
    STREAM: Final = "stream"
    NEXT_EVENT: Final = "next event"


class Memory:
    """The rows that one connection, which alone writes in this process, has read or written."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows: defaultdict[str, dict[Hashable, Any]] = defaultdict(dict)
        self._seen: int | None = None

    def recall(self, sort: str, key: Hashable, read: Callable[[], T]) -> T:
        """What `read` gave when it was last asked for this key."""
        rows = self._rows[sort]
        try:
            return rows[key]
        except KeyError:
            row = read()
            self.keep(sort, key, row)
            return row

    def keep(self, sort: str, key: Hashable, row: object) -> None:
        """Remember what is now stored."""
        rows = self._rows[sort]
        if len(rows) >= ROWS_MAX:
            rows.clear()
        rows[key] = row

    def forget(self, sort: str) -> None:
        """Rows of this sort were changed."""
        self._rows[sort].clear()

    def forget_all(self) -> None:
        """What was read may have been undone since."""
        self._rows.clear()

    def begin(self) -> None:
        """Forget all if somebody else has committed. To be called at the beginning of each transaction."""
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._seen:
            self.forget_all()
            self._seen = version
