"""Group commit with its writer thread, its bounds, and its end."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nostr_usage.errors import HomeError
from nostr_usage.store.group_commit import GroupCommit
from tests.store.committing import Add, Hold, Ledger, submit_together


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty table."""
    ledger = Ledger(tmp_path / "names.sqlite")
    yield ledger
    ledger.close()


class Exit(Add):
    """Work that ends its thread."""

    def __call__(self, connection: sqlite3.Connection) -> int:
        """Do the work."""
        raise SystemExit


def test_writer_thread_survives(ledger: Ledger) -> None:
    """Work that ends its thread fails its batch, and the next is written."""
    futures = submit_together(ledger, [Add("a"), Exit("b"), Add("c")])
    assert [HomeError] * 3 == [type(future.exception(timeout=30)) for future in futures]
    ledger.group.submit(Add("d")).result(timeout=30)
    assert ["d"] == ledger.names()


def test_write_inside_a_write_is_a_bug(ledger: Ledger) -> None:
    """It would wait for itself for ever, so it is an assertion."""

    def work(_connection: sqlite3.Connection) -> None:
        ledger.group.run(Add("a"))

    with pytest.raises(AssertionError, match="inside a write"):
        ledger.group.run(work)


def test_cancelled_work_is_not_done(ledger: Ledger) -> None:
    """A future that was cancelled while it was queued leaves no trace."""
    hold = Hold()
    held = ledger.group.submit(hold)
    assert hold.has_begun.wait(timeout=30)
    futures = [ledger.group.submit(Add(name)) for name in "abc"]
    assert futures[1].cancel()
    hold.may_end.set()
    held.result(timeout=30)
    for future in (futures[0], futures[2]):
        future.result(timeout=30)
    assert ["a", "c"] == ledger.names()


async def test_event_loop_does_not_wait(ledger: Ledger) -> None:
    """Sixty-four tasks write through futures while the loop goes on."""

    async def add(number: int) -> None:
        for step in range(5):
            await asyncio.wrap_future(ledger.group.submit(Add(f"{number}.{step}")))

    await asyncio.gather(*(add(number) for number in range(64)))
    assert 320 == len(ledger.names())
    assert ledger.commits() < 320


def test_threads_lose_no_update(ledger: Ledger) -> None:
    """Eight threads that read a number and write one more never overwrite each other."""
    ledger.connection.execute("CREATE TABLE counter (value INTEGER)")
    ledger.connection.execute("INSERT INTO counter VALUES (0)")
    seen: list[int] = []

    def increment(connection: sqlite3.Connection) -> int:
        value: int = connection.execute("SELECT value FROM counter").fetchone()[0] + 1
        connection.execute("UPDATE counter SET value = ?", (value,))
        return value

    def work() -> None:
        seen.extend([ledger.group.run(increment) for _ in range(50)])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(range(1, 401)) == sorted(seen)
    assert 400 == ledger.connection.execute("SELECT value FROM counter").fetchone()[0]


def test_batches_are_bounded(tmp_path: Path) -> None:
    """A queue longer than a batch takes several commits."""
    ledger = Ledger(tmp_path / "names.sqlite")
    ledger.group = GroupCommit(ledger.connection, ledger.connection, path=ledger.path, batch_max=4)
    futures = submit_together(ledger, [Add(str(number)) for number in range(10)])
    for future in futures:
        future.result(timeout=30)
    assert 4 == ledger.commits()
    ledger.close()


def test_queue_is_bounded(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the queue holds is refused at once."""
    monkeypatch.setattr("nostr_usage.store.group_commit.QUEUE_MAX", 2)
    hold = Hold()
    held = ledger.group.submit(hold)
    assert hold.has_begun.wait(timeout=30)
    futures = [ledger.group.submit(Add(name)) for name in "ab"]
    with pytest.raises(HomeError, match="2 writes are waiting"):
        ledger.group.submit(Add("c"))
    hold.may_end.set()
    held.result(timeout=30)
    for future in futures:
        future.result(timeout=30)
    assert ["a", "b"] == ledger.names()


def test_closing_waits_for_what_is_running(ledger: Ledger) -> None:
    """Closing in the midst of a transaction comes after all that was queued before it."""
    hold = Hold()
    held = ledger.group.submit(hold)
    assert hold.has_begun.wait(timeout=30)
    future = ledger.group.submit(Add("a"))
    closing_thread = threading.Thread(target=ledger.group.close)
    closing_thread.start()
    hold.may_end.set()
    closing_thread.join(timeout=30)
    assert held.done()
    assert future.done()
    assert ["a"] == ledger.names()


def test_closing_finishes_what_is_queued(ledger: Ledger) -> None:
    """Nothing that was accepted is lost, and nothing more is accepted."""
    futures = submit_together(ledger, [Add(name) for name in "abc"])
    ledger.group.close()
    assert all(future.done() for future in futures)
    assert ["a", "b", "c"] == ledger.names()
    with pytest.raises(HomeError, match="is closed"):
        ledger.group.run(Add("d"))
    with pytest.raises(HomeError, match="is closed"):
        ledger.group.submit(Add("e"))
