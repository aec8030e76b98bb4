"""Where the time comes from: passed in, so that tests and replays choose it; and how programs are told it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
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


def iso_time(unix_time: int | None) -> str | None:
    """A unix time for programs: `2026-02-14T14:45:02Z`; None stays None."""
    return (
        None if unix_time is None else datetime.fromtimestamp(unix_time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    )
