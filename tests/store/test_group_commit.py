"""Group commit: one transaction for many callers, each with their own outcome, all of it durable or none."""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nostr_usage.errors import HomeError
from nostr_usage.store.database import connect
from tests.store.committing import Add, Ledger, submit_together


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty table."""
    ledger = Ledger(tmp_path / "names.sqlite")
    yield ledger
    ledger.close()


class Fail(Add):
    """Work that adds a name and then raises."""

    def __call__(self, connection: sqlite3.Connection) -> int:
        """Do the work."""
        super().__call__(connection)
        raise LookupError(self.name)


def test_lone_caller_commits_in_their_own_thread(ledger: Ledger) -> None:
    """Nobody else is involved, and what is returned is on the disk."""
    assert threading.get_ident() == ledger.group.run(Add("a"))
    assert ["a"] == ledger.names()
    begin = ["BEGIN IMMEDIATE", "PRAGMA data_version"]
    assert [*begin, "INSERT INTO names (name) VALUES ('a')", "COMMIT"] == ledger.statements


def test_lone_failure_is_undone(ledger: Ledger) -> None:
    """What the work raised comes back as it is, and nothing of it stays."""
    with pytest.raises(LookupError, match="a"):
        ledger.group.run(Fail("a"))
    assert [] == ledger.names()
    ledger.group.run(Add("b"))
    assert ["b"] == ledger.names()


def test_callers_who_wait_share_one_commit(ledger: Ledger) -> None:
    """Twenty works that arrive during a commit are the next one."""
    futures = submit_together(ledger, [Add(f"{number:02}") for number in range(20)])
    assert 1 == len({future.result(timeout=30) for future in futures})
    assert [f"{number:02}" for number in range(20)] == ledger.names()
    assert 2 == ledger.commits()


def test_failure_in_a_batch_is_undone_alone(ledger: Ledger) -> None:
    """Its neighbours are kept; each caller gets their own outcome."""
    futures = submit_together(ledger, [Add("a"), Fail("b"), Add("c"), Fail("d"), Add("e")])
    outcomes = [type(future.exception(timeout=30)) for future in futures]
    nothing = type(None)
    assert [nothing, LookupError, nothing, LookupError, nothing] == outcomes
    assert ["a", "c", "e"] == ledger.names()
    assert 2 == ledger.commits()


def test_later_work_sees_earlier_work(ledger: Ledger) -> None:
    """Works of a batch run one after another, so the second of two equal names is refused."""
    first, second = submit_together(ledger, [Add("a"), Add("a")])
    assert first.exception(timeout=30) is None
    assert isinstance(second.exception(timeout=30), sqlite3.IntegrityError)
    assert ["a"] == ledger.names()


class AddOrphan(Add):
    """Work that breaks a constraint which is only looked at in the commit."""

    def __call__(self, connection: sqlite3.Connection) -> int:
        """Do the work."""
        connection.execute("PRAGMA defer_foreign_keys = ON")
        connection.execute("INSERT INTO names (name, parent) VALUES (?, 'nobody')", (self.name,))
        return 0


def test_commit_that_fails_keeps_nothing_and_tells_everybody(ledger: Ledger) -> None:
    """No caller of the batch is told that their work was kept."""
    futures = submit_together(ledger, [Add("a"), AddOrphan("b"), Add("c")])
    errors = [future.exception(timeout=30) for future in futures]
    assert [HomeError] * 3 == [type(error) for error in errors]
    assert 3 == len({id(error) for error in errors})
    assert [] == ledger.names()
    ledger.group.run(Add("d"))
    assert ["d"] == ledger.names()


def test_lone_commit_that_fails_is_told(ledger: Ledger) -> None:
    """The same for a caller alone."""
    with pytest.raises(HomeError, match="FOREIGN KEY"):
        ledger.group.run(AddOrphan("a"))
    ledger.group.run(Add("b"))
    assert ["b"] == ledger.names()


def test_full_disk_keeps_nothing_of_the_batch(ledger: Ledger) -> None:
    """SQLite gives up the whole transaction when the disk is full; so do we, and then go on."""
    pages = ledger.connection.execute("PRAGMA page_count").fetchone()[0]
    ledger.connection.execute(f"PRAGMA max_page_count = {pages + 1:d}")
    futures = submit_together(ledger, [Add("a"), Add("b" * 100_000), Add("c")])
    errors = [future.exception(timeout=30) for future in futures]
    assert isinstance(errors[1], HomeError)
    assert "disk is full" in str(errors[1])
    kept = [name for name, error in zip("ac", (errors[0], errors[2]), strict=True) if error is None]
    assert kept == ledger.names()
    ledger.connection.execute("PRAGMA max_page_count = 1000000")
    ledger.group.run(Add("d"))
    assert [*kept, "d"] == ledger.names()


class RollBack(Add):
    """Work that ends the transaction behind our back, as SQLite does on some errors of the disk."""

    def __call__(self, connection: sqlite3.Connection) -> int:
        """Do the work."""
        connection.execute("ROLLBACK")
        return 0


def test_lost_transaction_is_noticed(ledger: Ledger) -> None:
    """Whoever had been in it is told, even though their own work went well."""
    futures = submit_together(ledger, [Add("a"), RollBack("b"), Add("c")])
    assert [HomeError] * 3 == [type(future.exception(timeout=30)) for future in futures]
    assert [] == ledger.names()


def test_locked_database_is_named(ledger: Ledger) -> None:
    """Another program that holds the write lock for too long is an error that says so."""
    ledger.connection.execute("PRAGMA busy_timeout = 0")
    with closing(connect(ledger.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HomeError, match="in use by another program"):
            ledger.group.run(Add("a"))
        other.execute("ROLLBACK")
    ledger.group.run(Add("a"))
    assert ["a"] == ledger.names()


def test_sql_that_cannot_run_is_told_as_ours(ledger: Ledger) -> None:
    """What SQLite says of the file in the midst of some work is translated, and the work is undone."""

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO names (name) VALUES ('a')")
        connection.execute("SELECT * FROM missing")

    with pytest.raises(HomeError, match="no such table"):
        ledger.group.run(work)
    assert [] == ledger.names()


def test_damaged_file_is_told_as_ours(ledger: Ledger) -> None:
    """A page that cannot be read comes as another sort of error from SQLite, and as the same from us."""

    def work(_connection: sqlite3.Connection) -> None:
        raise sqlite3.DatabaseError("database disk image is malformed")

    with pytest.raises(HomeError, match="malformed"):
        ledger.group.run(work)


def test_interrupted_work_is_undone_and_others_go_on(ledger: Ledger) -> None:
    """Ctrl-C during one's own work reaches the caller; nothing is kept, nobody is left waiting."""

    def interrupt(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO names (name) VALUES ('a')")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.group.run(interrupt)
    ledger.group.run(Add("b"))
    assert ["b"] == ledger.names()


def test_interrupted_wait_is_withdrawn(ledger: Ledger) -> None:
    """Ctrl-C while others write takes one's own work out of the queue; nobody waits for it."""
    main_thread = threading.get_ident()
    queue: deque[object] = vars(ledger.group)["_queue"]
    may_end = threading.Event()
    has_begun = threading.Event()

    def interrupt_whoever_queues(_connection: sqlite3.Connection) -> None:
        has_begun.set()
        while not queue:
            pass
        # A signal that comes just before the wait begins is noticed after it only: it may take a second one.
        while queue:
            signal.pthread_kill(main_thread, signal.SIGINT)
            if may_end.wait(timeout=1):
                return
        assert may_end.wait(timeout=30)

    held = ledger.group.submit(interrupt_whoever_queues)
    assert has_begun.wait(timeout=30)
    with pytest.raises(KeyboardInterrupt):
        ledger.group.run(Add("a"))
    after = ledger.group.submit(Add("b"))
    may_end.set()
    held.result(timeout=30)
    after.result(timeout=30)
    ledger.group.run(Add("c"))
    assert ["b", "c"] == ledger.names()
