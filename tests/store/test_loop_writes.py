"""Writes of an event loop: queued together, answered together, and carried out whoever still waits."""

from __future__ import annotations

import asyncio
import threading

import pytest

from nostr_usage.errors import HomeError
from nostr_usage.store import Store, Transaction


def note(name: str) -> str:
    """A setting of that name."""
    return f"note:{name}"


def noted(store: Store, names: str) -> list[str]:
    """Which of these names were noted."""
    with store.read() as reader:
        return [name for name in names if reader.setting(note(name))]


async def write(store: Store, name: str) -> str:
    """Note a name."""

    def work(transaction: Transaction) -> str:
        transaction.set_setting(note(name), "noted")
        return name

    return await store.write_soon(work)


async def fail(store: Store, name: str) -> str:
    """Note a name, then fail."""

    def work(transaction: Transaction) -> str:
        transaction.set_setting(note(name), "noted")
        raise LookupError(name)

    return await store.write_soon(work)


async def test_tasks_of_one_round_share_a_commit(store: Store) -> None:
    """They are queued together: nobody's commit begins before the last of them has asked."""
    store.write(lambda _transaction: None)
    commits: list[str] = []
    vars(store)["_write_connection"].set_trace_callback(commits.append)
    assert list("abcdef") == await asyncio.gather(*(write(store, name) for name in "abcdef"))
    assert 1 == commits.count("COMMIT")
    assert list("abcdef") == noted(store, "abcdef")


async def test_each_task_gets_its_own_outcome(store: Store) -> None:
    """One that fails is undone alone."""
    asked = (write(store, "a"), fail(store, "b"), write(store, "c"))
    a, b, c = await asyncio.gather(*asked, return_exceptions=True)
    assert ("a", "c") == (a, c)
    assert isinstance(b, LookupError)
    assert ["a", "c"] == noted(store, "abc")


async def test_a_cancelled_task_does_not_call_its_work_off(store: Store) -> None:
    """It may stand for something that was paid for."""
    task = asyncio.create_task(write(store, "a"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "b" == await write(store, "b")
    assert ["a", "b"] == noted(store, "ab")


async def test_a_closed_store_says_so(store: Store) -> None:
    """To those who ask afterwards, and to those whose work was not queued yet."""
    await write(store, "a")
    task = asyncio.create_task(write(store, "b"))
    await asyncio.sleep(0)
    store.close()
    with pytest.raises(HomeError, match="closed"):
        await task
    with pytest.raises(HomeError, match="closed"):
        await write(store, "c")


def test_a_loop_that_ended_leaves_its_work_done(store: Store) -> None:
    """Nobody waits for the answer; the writer goes on, and the next loop is served."""
    may_go_on = threading.Event()

    async def leave() -> None:
        held = store.submit(lambda _transaction: may_go_on.wait(timeout=30))
        task = asyncio.create_task(write(store, "a"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        assert not held.done()

    asyncio.run(leave())
    may_go_on.set()
    assert "b" == asyncio.run(write(store, "b"))
    assert ["a", "b"] == noted(store, "ab")


def test_two_loops_write_at_once(store: Store) -> None:
    """Each is told what it asked for."""

    async def many(names: str) -> list[str]:
        return await asyncio.gather(*(write(store, name) for name in names))

    answers: dict[str, list[str]] = {}

    def run(names: str) -> None:
        answers[names] = asyncio.run(many(names))

    threads = [threading.Thread(target=run, args=(names,)) for names in ("abcde", "vwxyz")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {"abcde": list("abcde"), "vwxyz": list("vwxyz")} == answers
