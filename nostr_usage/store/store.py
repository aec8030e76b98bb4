"""The store: one SQLite file with the ledger, for any number of threads and processes."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Generator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from nostr_usage.errors import HomeError
from nostr_usage.store.database import Schema, connect, home_error, open_database
from nostr_usage.store.group_commit import GroupCommit
from nostr_usage.store.memory import Memory
from nostr_usage.store.transaction import Reader, Transaction

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

    from nostr_usage.store.loop_writes import LoopWrites

SCHEMA = Schema(
    title="store",
    folder="store",
    application_id=0x756C3101,  # "ul1", 1
    version=4,
    journal_mode="WAL",
    page_size=8192,
)

_IDLE_READERS_MAX = 8
# Pages beyond these are in the system's cache, and a million entries take no more memory than a thousand.
_WRITE_CACHE_KIB = 16 * 1024
_READ_CACHE_KIB = 4 * 1024
_CHECKPOINT_PAGES = 2048

T = TypeVar("T")


class Store:
    """The ledger on disk. Use it as a context manager, or `close` it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mutex = threading.Lock()
        self._idle: deque[sqlite3.Connection] = deque()
        self._writes: GroupCommit[Transaction] | None = None
        self._write_connection: sqlite3.Connection | None = None
        self._loop_writes: dict[asyncio.AbstractEventLoop, LoopWrites[Transaction]] = {}
        self._is_closed = False

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> Self:
        """The store in the file at `path`; with `create`, made if it is missing.

        Raises:
            HomeError: if the file is missing, cannot be opened, or is something else.
            NewerDatabaseError: if a newer version of this program wrote it.
        """
        connection = open_database(path, SCHEMA, create=create)
        store = cls(path)
        store._idle.append(_reading(connection))
        return store

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish the writes that are queued, then let go of the file."""
        with self._mutex:
            self._is_closed = True
        if self._writes is not None:
            self._writes.close()
        if self._write_connection is not None:
            self._write_connection.close()
        while self._idle:
            self._idle.pop().close()

    def write(self, work: Callable[[Transaction], T]) -> T:
        """What `work` returns, after what it wrote is on the disk; what it raises, after that was undone.

        Works of several callers share a transaction and a commit; they run one at a time, each seeing what
        those before it wrote. `work` must be short, must not wait for anything, and must not call `write`.
        If another work of the same commit fails, it may be undone and run again.

        Raises:
            HomeError: if the file cannot be written; nothing was kept.
        """
        return self._group().run(_ending_iterators(work))

    def submit(self, work: Callable[[Transaction], T]) -> Future[T]:
        """A future of what `write` would give: for an event loop, through `asyncio.wrap_future`."""
        return self._group().submit(_ending_iterators(work))

    def write_soon(self, work: Callable[[Transaction], T]) -> asyncio.Future[T]:
        """What `write` would give, for the event loop that runs, which goes on meanwhile.

        Cancelling it does not call the work off.
        """
        import asyncio  # noqa: PLC0415 (callers without a loop do without)

        from nostr_usage.store.loop_writes import LoopWrites  # noqa: PLC0415  # callers without a loop do without

        loop = asyncio.get_running_loop()
        writes = self._loop_writes.get(loop)
        if writes is None:
            writes = LoopWrites(self._group(), loop)
            with self._mutex:
                known = {loop: writes for loop, writes in self._loop_writes.items() if not loop.is_closed()}
                self._loop_writes = {**known, loop: writes}
        return writes.ask(_ending_iterators(work))

    @contextlib.contextmanager
    def read(self) -> Generator[Reader]:
        """A snapshot that stays the same while others write; a long one keeps the log from being reused.

        Raises:
            HomeError: if the file cannot be read.
        """
        connection = self._take_reader()
        reader = Reader(connection)
        try:
            connection.execute("BEGIN")
            yield reader
        except sqlite3.Error as error:
            raise home_error(self._path, error) from error
        finally:
            reader.end_iterators()
            self._put_back(connection)

    def copy_to(self, path: Path) -> None:
        """Copy the store as it is now into a new file, while others write; the copy must recover first.

        Raises:
            HomeError: if there is such a file already, or it cannot be written.
        """
        from nostr_usage.store.copying import copy_store  # noqa: PLC0415 (not needed for a balance)

        copy_store(self._path, path)

    def _take_reader(self) -> sqlite3.Connection:
        if self._is_closed:
            raise HomeError(f"{self._path} is closed", advice="Open the store again.")
        with contextlib.suppress(IndexError):
            return self._idle.pop()
        return _reading(connect(self._path))

    def _put_back(self, connection: sqlite3.Connection) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        with self._mutex:
            if not self._is_closed and len(self._idle) < _IDLE_READERS_MAX:
                self._idle.append(connection)
                return
        connection.close()

    def _group(self) -> GroupCommit[Transaction]:
        if self._writes is not None:
            return self._writes
        with self._mutex:
            if self._is_closed:
                raise HomeError(f"{self._path} is closed", advice="Open the store again.")
            if self._writes is None:
                connection = connect(self._path)
                connection.execute(f"PRAGMA cache_size = -{_WRITE_CACHE_KIB:d}")
                connection.execute("PRAGMA secure_delete = ON")
                connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES:d}")
                self._write_connection = connection
                memory = Memory(connection)
                context = Transaction(connection, memory)
                self._writes = GroupCommit(connection, context, path=self._path, memory=memory)
            return self._writes


def _reading(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute(f"PRAGMA cache_size = -{_READ_CACHE_KIB:d}")
    connection.execute("PRAGMA query_only = ON")
    return connection


def _ending_iterators(work: Callable[[Transaction], T]) -> Callable[[Transaction], T]:
    def run(transaction: Transaction) -> T:
        try:
            return work(transaction)
        finally:
            transaction.end_iterators()

    return run
