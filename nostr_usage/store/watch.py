"""Noticing that somebody wrote to a store, in this process or another, for next to nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from nostr_usage.store.database import connect, home_error


class ChangeWatch:
    """Tells whether a store changed since it was last asked. Use it as a context manager, or `close` it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # SQLite counts the commits of others for each connection: this one is used for nothing else.
        self._connection = connect(path)
        self._seen: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def has_changed(self) -> bool:
        """Whether there was a commit since the last call; the first call says yes.

        Raises:
            HomeError: if the file cannot be read.
        """
        try:
            version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise home_error(self._path, error) from error
        has_changed = version != self._seen
        self._seen = version
        return has_changed

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
