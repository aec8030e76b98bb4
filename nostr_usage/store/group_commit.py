"""Many callers, one durable commit: whoever comes first commits for all who came meanwhile.

A commit costs one wait for the disk, so callers that arrive while one is running share the next. The first
caller leads: it runs its own work and all that is queued in one transaction, commits, wakes the others with
their results, and hands the lead to the first who came too late. A caller alone commits in its own thread.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

from nostr_usage.errors import HomeError
from nostr_usage.store.database import home_error, is_about_file
from nostr_usage.store.memory import Memory

if TYPE_CHECKING:
    # Loads logging, which whoever only asks for a balance should not wait for.
    from concurrent.futures import Future

BATCH_MAX = 512
QUEUE_MAX = 65_536

T = TypeVar("T")
ContextT = TypeVar("ContextT")


class Answer(Protocol):
    """Where the outcome of work goes whose caller does not wait in a thread, such as a future."""

    def set_running_or_notify_cancel(self) -> bool:
        """Whether the work is still wanted; from now on it cannot be called off."""
        ...

    def set_result(self, result: Any) -> None:
        """It is done and on the disk."""
        ...

    def set_exception(self, exception: BaseException) -> None:
        """It failed and was undone."""
        ...


class _Ticket(Generic[ContextT, T]):
    """One caller's work, its outcome, and how to wake the caller."""

    __slots__ = ("answer", "error", "is_leader", "result", "tell_all", "wake", "work")

    def __init__(
        self,
        work: Callable[[ContextT], T],
        *,
        answer: Answer | None = None,
        tell_all: Callable[[], None] | None = None,
    ) -> None:
        self.work = work
        self.answer = answer
        self.tell_all = tell_all
        self.result: T | None = None
        self.error: BaseException | None = None
        self.is_leader = False
        self.wake = threading.Lock()
        self.wake.acquire()

    def fail(self, error: BaseException) -> None:
        """Make `error` the outcome, whatever the work gave."""
        self.result = None
        self.error = error

    def finish(self) -> None:
        """Let the caller have the outcome."""
        if self.answer is None:
            self.wake.release()
        elif self.error is not None:
            self.answer.set_exception(self.error)
        else:
            self.answer.set_result(self.result)


class GroupCommit(Generic[ContextT]):
    """Runs pieces of work, each called with `context`, on one connection, several to a transaction.

    Work that raises is undone alone; to that end all works of its batch may be undone and run again. If the
    commit fails, nothing of the batch is kept and every caller in it is told so. `memory` is what the context
    remembers of the database.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        context: ContextT,
        *,
        path: Path,
        memory: Memory | None = None,
        batch_max: int = BATCH_MAX,
    ) -> None:
        self._connection = connection
        self._context = context
        self._path = path
        self._memory = memory or Memory(connection)
        self._batch_max = batch_max
        self._mutex = threading.Lock()
        self._queue: deque[_Ticket[ContextT, Any]] = deque()
        self._is_led = False
        self._leading_thread: int | None = None
        self._is_closed = False
        self._writer: threading.Thread | None = None
        self._writer_wake = threading.Semaphore(0)

    def run(self, work: Callable[[ContextT], T]) -> T:
        """What `work` returns, once it is committed; what it raises, once it is undone."""
        assert self._leading_thread != threading.get_ident(), "a write inside a write would wait for itself"
        ticket: _Ticket[ContextT, T] = _Ticket(work)
        self._run_in_turn(ticket)
        if ticket.error is not None:
            raise ticket.error
        return cast("T", ticket.result)

    def submit(self, work: Callable[[ContextT], T]) -> Future[T]:
        """A future of what `run` would give, for callers that must not wait, such as an event loop's."""
        from concurrent.futures import Future  # noqa: PLC0415 (loads logging; see above)

        future: Future[T] = Future()
        self.submit_all([(work, future)])
        return future

    def submit_all(
        self,
        works: Sequence[tuple[Callable[[ContextT], Any], Answer]],
        *,
        tell_all: Callable[[], None] | None = None,
    ) -> None:
        """Queue works whose callers do not wait; each outcome goes to its answer, in the writer's thread.

        `tell_all` is called there once all answers of a commit have theirs.

        Raises:
            HomeError: if there are too many, or nothing is written any more; none was queued.
        """
        with self._mutex:
            self._enqueue([_Ticket(work, answer=answer, tell_all=tell_all) for work, answer in works])
            if self._is_led:
                return
            self._is_led = self._queue[0].is_leader = True
            if self._writer is None:
                self._writer = threading.Thread(
                    target=self._lead_when_woken, name="store-writer", daemon=True
                )
                self._writer.start()
        self._writer_wake.release()

    def close(self) -> None:
        """Refuse further work, and wait for what is queued."""
        with self._mutex:
            if self._is_closed:
                return
        self._run_in_turn(_Ticket(lambda _: None), is_last=True)
        if self._writer is not None:
            self._writer_wake.release()
            self._writer.join()

    def _run_in_turn(self, ticket: _Ticket[ContextT, Any], *, is_last: bool = False) -> None:
        """Have the ticket's work run, here or by whoever leads; with `is_last`, nobody queues after it."""
        try:
            with self._mutex:
                self._enqueue([ticket])
                self._is_closed = is_last
                self._lead_if_first(ticket)
            if not ticket.is_leader:
                ticket.wake.acquire()
        except BaseException:  # Ctrl-C: a leader who never comes would block everybody else
            self._withdraw(ticket)
            raise
        if ticket.is_leader:
            self._lead()

    def _enqueue(self, tickets: list[_Ticket[ContextT, Any]]) -> None:
        if self._is_closed:
            raise HomeError(f"{self._path} is closed", advice="Open the store again.")
        if len(self._queue) + len(tickets) > QUEUE_MAX:
            raise HomeError(f"{self._path}: {QUEUE_MAX} writes are waiting", advice="Write more slowly.")
        self._queue.extend(tickets)

    def _lead_if_first(self, ticket: _Ticket[ContextT, Any]) -> None:
        ticket.is_leader = not self._is_led
        self._is_led = True

    def _withdraw(self, ticket: _Ticket[ContextT, Any]) -> None:
        with self._mutex:
            with contextlib.suppress(ValueError):
                self._queue.remove(ticket)
            successor = self._next_leader() if ticket.is_leader else None
        self._promote(successor)

    def _lead_when_woken(self) -> None:
        while True:
            self._writer_wake.acquire()
            with self._mutex:
                if not self._queue and self._is_closed:
                    return
            with contextlib.suppress(BaseException):  # the callers know; the thread must go on
                self._lead()

    def _lead(self) -> None:
        """Run one batch, then pass the lead on."""
        batch: list[_Ticket[ContextT, Any]] = []
        try:
            self._leading_thread = threading.get_ident()
            with self._mutex:
                batch += [self._queue.popleft() for _ in range(min(len(self._queue), self._batch_max))]
            self._run_batch(batch)
        finally:
            self._leading_thread = None
            with self._mutex:
                successor = self._next_leader()
            for ticket in batch:
                ticket.finish()
            for tell_all in {ticket.tell_all for ticket in batch if ticket.tell_all is not None}:
                tell_all()
            self._promote(successor)

    def _next_leader(self) -> _Ticket[ContextT, Any] | None:
        if not self._queue:
            self._is_led = False
            return None
        self._queue[0].is_leader = True
        return self._queue[0]

    def _promote(self, successor: _Ticket[ContextT, Any] | None) -> None:
        if successor is None:
            return
        if successor.answer is None:
            successor.wake.release()
        else:
            self._writer_wake.release()

    def _run_batch(self, batch: list[_Ticket[ContextT, Any]]) -> None:
        batch[:] = [t for t in batch if t.answer is None or t.answer.set_running_or_notify_cancel()]
        is_committing = False
        try:
            if not self._run_all(batch):
                self._run_each_in_a_savepoint(batch)
            is_committing = True
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            for ticket in batch:
                ticket.fail(home_error(self._path, error))
        except BaseException:
            if self._connection.in_transaction or not is_committing:
                self._roll_back()
                for ticket in batch:
                    ticket.fail(HomeError(f"{self._path}: interrupted; nothing was kept"))
            raise

    def _run_all(self, batch: list[_Ticket[ContextT, Any]]) -> bool:
        """Run all works in a new transaction; False if all was undone and must be run with savepoints.

        A savepoint costs its work a copy of every page that it changes. Work seldom raises, and more seldom
        still after it has changed something: only then is there anything to undo.
        """
        self._connection.execute("BEGIN IMMEDIATE")
        self._memory.begin()
        for ticket in batch:
            changes = self._connection.total_changes
            if not self._is_done(ticket) and self._connection.total_changes != changes:
                self._connection.execute("ROLLBACK")
                self._memory.forget_all()
                return len(batch) == 1
        return True

    def _run_each_in_a_savepoint(self, batch: list[_Ticket[ContextT, Any]]) -> None:
        """Run all works in a new transaction; what one did that raises is undone alone."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._memory.begin()
        for ticket in batch:
            ticket.error = None
            self._connection.execute("SAVEPOINT work")
            if not self._is_done(ticket):
                self._connection.execute("ROLLBACK TO work")
                self._memory.forget_all()
            self._connection.execute("RELEASE work")

    def _is_done(self, ticket: _Ticket[ContextT, Any]) -> bool:
        """Run one ticket's work within the transaction; False if it raised.

        Raises:
            sqlite3.Error: if SQLite gave up the whole transaction, as it does when the disk is full.
        """
        failure: Exception | None = None
        try:
            ticket.result = ticket.work(self._context)
        except Exception as error:  # noqa: BLE001 (it is the caller's: raised again in their thread)
            failure = error
            ticket.fail(self._translated(error))
        if not self._connection.in_transaction:
            raise sqlite3.OperationalError(str(failure)) from failure
        return failure is None

    def _translated(self, error: Exception) -> Exception:
        """SQLite's complaints about the file as ours; broken constraints are our bug and stay as they are."""
        if is_about_file(error):
            translated = home_error(self._path, error)
            translated.__cause__ = error
            return translated
        return error

    def _roll_back(self) -> None:
        self._memory.forget_all()
        if self._connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):  # the first error is the one to report
                self._connection.execute("ROLLBACK")
