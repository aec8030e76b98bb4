"""Reading with more than one processor: processes that take accounts from a pass and read them.

    queue ─▶ account ─▶ worker: relays ─▶ chain ─▶ fold ─▶ store ─▶ reading ─▶ queue

A worker that ends early ends the pass with an error; what was stored stays, and the next pass goes on there.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from nostr_usage.errors import HomeError, WorkerError
from nostr_usage.relays.together import run_together
from nostr_usage.sync.account_queue import AccountQueue
from nostr_usage.sync.outcome import AccountReading, RelayReading
from nostr_usage.sync.work import ACCOUNTS_AT_ONCE_MAX, Assignment, Failed, Finished, Ready, pack, receive

WORKERS_MAX = 2
"""More would wait for each other: a store has one writer at a time. And each is a client of every relay."""


def processors() -> int:
    """How many processors this process and its workers may use; one where workers cannot be started."""
    if not sys.executable or getattr(sys, "frozen", False):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@asynccontextmanager
async def start_workers(count: int, assignment: Assignment) -> AsyncGenerator[tuple[Worker, ...]]:
    """Processes that wait for accounts, ended with the block; none if a relay takes no more connections.

    Raises:
        HomeError: if the store cannot be used.
        WorkerError: if a process cannot be started, or ends.
    """
    async with AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(_process()) for _ in range(count)]
        workers = tuple(map(Worker, processes))
        ready = await run_together(*(worker.start(assignment) for worker in workers))
        yield workers if all(ready) else ()


class Worker:
    """One process that reads accounts, each after the other was asked for."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None, "started with pipes"
        assert process.stdout is not None
        self._process = process
        self._orders = process.stdin
        self._answers = process.stdout

    async def start(self, assignment: Assignment) -> bool:
        """Whether it waits for accounts, with a connection to every relay."""
        self._orders.write(pack(assignment))
        ready = await self._answer()
        assert isinstance(ready, Ready)
        return ready.has_all_relays

    async def read(self, queue: AccountQueue) -> tuple[RelayReading, ...]:
        """Have accounts read until none is left; how it went with each relay.

        Raises:
            HomeError: if the store cannot be used.
            WorkerError: if the process ends early.
        """
        under_way = 0
        while True:
            while under_way < ACCOUNTS_AT_ONCE_MAX and (account := queue.next()) is not None:
                self._orders.write(pack(account))
                under_way += 1
            if not under_way:
                break
            reading = await self._answer()
            assert isinstance(reading, AccountReading)
            queue.take(reading)
            under_way -= 1
        self._orders.write(pack(None))
        finished = await self._answer()
        assert isinstance(finished, Finished)
        await self._process.wait()
        return finished.relays

    async def _answer(self) -> object:
        try:
            answer = await receive(self._answers)
        except EOFError:
            code = await self._process.wait()
            how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
            raise WorkerError(
                f"a process that read accounts was ended {how} before it was done",
                advice="What was stored stays. Run the same again; it goes on where this ended.",
            ) from None
        if isinstance(answer, Failed):
            kind = HomeError if answer.is_of_store else WorkerError
            raise kind(answer.message, advice=answer.advice)
        return answer


@asynccontextmanager
async def _process() -> AsyncGenerator[asyncio.subprocess.Process]:
    """A worker's process; it is ended with the block, unless it has ended by itself."""
    package = Path(__file__).parents[2]
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "nostr_usage.sync.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(package), "PYTHONSAFEPATH": "1"},
            start_new_session=True,  # Ctrl-C is for the program, which ends its workers
        )
    except OSError as error:
        raise WorkerError(f"cannot start a process that reads accounts: {error.strerror}") from error
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()  # between two commits, or in one that the store then undoes
            await process.wait()
