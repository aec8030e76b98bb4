"""Where the time comes from: passed in, so that tests and replays choose it."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Unix time in whole seconds."""

    def now(self) -> int:
        """Unix time, seconds."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Unix time, seconds."""
        return int(time.time())


class ManualClock:
    """A clock that stands still until it is set: for tests, and for replaying a trace of the past."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        """Unix time, seconds."""
        return self._now

    def set(self, now: int) -> None:
        """Move to `now` (unix seconds), forwards or backwards."""
        self._now = now

    def advance(self, seconds: int) -> None:
        """Move forwards by `seconds`."""
        self._now += seconds
