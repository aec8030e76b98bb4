"""Several tasks as one: all succeed, or none goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def run_together(*coroutines: Coroutine[Any, Any, T]) -> tuple[T, ...]:
    """What the coroutines return, in their order; they run at the same time.

    The first exception is raised as it is, after all the others were cancelled and have ended: nothing goes
    on in the background with what the caller is about to close.
    """
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        return tuple(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
