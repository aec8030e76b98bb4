"""Several tasks as one."""

from __future__ import annotations

import asyncio

import pytest

from nostr_usage.relays.together import run_together


async def give(value: int) -> int:
    """A value, after others had their turn."""
    await asyncio.sleep(0)
    return value


async def test_results_come_in_the_order_of_the_tasks() -> None:
    """Whatever finishes first; nothing together is nothing."""
    assert (1, 2, 3) == await run_together(give(1), give(2), give(3))
    assert () == await run_together()


async def test_one_failure_ends_them_all_and_is_raised_as_it_is() -> None:
    """The others are cancelled, and have ended before the caller goes on."""
    ended: list[str] = []

    async def last() -> int:
        try:
            return await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("last")

    async def fail() -> int:
        await asyncio.sleep(0)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await run_together(last(), fail())
    assert ["last"] == ended


async def test_cancelling_ends_them_all() -> None:
    """A cancelled caller leaves nothing behind."""
    ended: list[str] = []

    async def last() -> int:
        try:
            return await asyncio.Event().wait()
        finally:
            ended.append("last")

    task = asyncio.create_task(run_together(last(), last()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ["last", "last"] == ended
