"""Writes that the tasks of an event loop wait for: one turn of the queue and one wake-up for many of them.

Waking a loop from another thread costs as much as a good part of an entry. So what tasks ask for in one round
of the loop is queued together, and what one commit answers is told in one round.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from nostr_usage.errors import HomeError
from nostr_usage.store.group_commit import GroupCommit

T = TypeVar("T")
ContextT = TypeVar("ContextT")


class LoopWrites(Generic[ContextT]):
    """The writes of one event loop; the thread that writes calls `keep` and `tell_all`, the loop the rest."""

    def __init__(self, group: GroupCommit[ContextT], loop: asyncio.AbstractEventLoop) -> None:
        self._group = group
        self._loop = loop
        self._asked: list[tuple[Callable[[ContextT], Any], _LoopAnswer]] = []
        self._known: deque[_LoopAnswer] = deque()

    def ask(self, work: Callable[[ContextT], T]) -> asyncio.Future[T]:
        """A future of what `work` returns, once it is committed. Cancelling it does not call the work off."""
        future: asyncio.Future[T] = self._loop.create_future()
        if not self._asked:
            self._loop.call_soon(self._send)
        self._asked.append((work, _LoopAnswer(self, future)))
        return future

    def keep(self, answer: "_LoopAnswer") -> None:
        """An outcome is known; it waits for the others of its commit."""
        self._known.append(answer)

    def tell_all(self) -> None:
        """All outcomes of a commit are known."""
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._deliver)

    def _send(self) -> None:
        asked, self._asked = self._asked, []
        try:
            self._group.submit_all(asked, tell_all=self.tell_all)
        except HomeError as error:
            for _, answer in asked:
                answer.set_exception(error)
            self._deliver()

    def _deliver(self) -> None:
        while self._known:
            self._known.popleft().deliver()


class _LoopAnswer:
    """The outcome of one work, on its way from the writer's thread to the loop's."""

    __slots__ = ("_error", "_future", "_result", "_writes")

    def __init__(self, writes: LoopWrites[Any], future: asyncio.Future[Any]) -> None:
        self._writes = writes
        self._future = future
        self._result: Any = None
        self._error: BaseException | None = None

    def set_running_or_notify_cancel(self) -> bool:
        """What was asked for is done, whether or not anybody still waits: it may have been paid for."""
        return True

    def set_result(self, result: Any) -> None:
        """It is done."""
        self._result = result
        self._writes.keep(self)

    def set_exception(self, exception: BaseException) -> None:
        """It failed."""
        self._error = exception
        self._writes.keep(self)

    def deliver(self) -> None:
        """Let whoever waits have it; in the loop's thread."""
        if self._future.done():  # cancelled
            return
        if self._error is not None:
            self._future.set_exception(self._error)
        else:
            self._future.set_result(self._result)
