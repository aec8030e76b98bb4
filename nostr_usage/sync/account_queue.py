"""The accounts of one pass: who reads them takes the next one from here, and brings back what was found."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nostr_usage.ledger.entry import AccountId
from nostr_usage.sync.outcome import AccountReading

ENTRIES_ALONE_MAX = 2_000
"""New entries after which a pass counts as long: workers need as much time to start as these took."""
ACCOUNTS_LEFT_MIN = 16
"""Accounts that must be left for it to be worth sharing them out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncProgress:
    """How far a pass has come."""

    accounts_done: int
    accounts_total: int
    entries_added: int


class AccountQueue:
    """Accounts that wait to be read, and the readings of those that were.

    Args:
        accounts: all of the pass, in the order in which they are reported.
        on_progress: called after each.
    """

    def __init__(
        self, accounts: Sequence[AccountId], *, on_progress: Callable[[SyncProgress], None] | None
    ) -> None:
        self._accounts = tuple(accounts)
        self._waiting = deque(self._accounts)
        self._readings: dict[AccountId, AccountReading] = {}
        self._added = 0
        self._on_progress = on_progress
        self._is_decided = asyncio.Event()
        self._is_handed_over = False

    def next_here(self) -> AccountId | None:
        """The same as `next` for the process of the pass itself; None once others read the rest."""
        return None if self._is_handed_over else self.next()

    def hand_over(self) -> None:
        """Leave all that is left to others."""
        self._is_handed_over = True

    def next(self) -> AccountId | None:
        """An account that nobody reads yet; None if there is none left."""
        if not self._waiting:
            self._is_decided.set()
            return None
        return self._waiting.popleft()

    def take(self, reading: AccountReading) -> None:
        """Note what was found of an account."""
        self._readings[reading.account] = reading
        self._added += reading.added
        if self.is_long:
            self._is_decided.set()
        if self._on_progress is not None:
            self._on_progress(
                SyncProgress(
                    accounts_done=len(self._readings),
                    accounts_total=len(self._accounts),
                    entries_added=self._added,
                )
            )

    @property
    def is_long(self) -> bool:
        """Whether so much was new, and so many accounts are left, that several processes finish earlier."""
        return self._added >= ENTRIES_ALONE_MAX and len(self._waiting) >= ACCOUNTS_LEFT_MIN

    async def wait_decided(self) -> None:
        """Return once the pass is long, or no account is left."""
        if self._waiting and not self.is_long:
            await self._is_decided.wait()

    def readings(self) -> tuple[AccountReading, ...]:
        """What was found, in the order of the accounts."""
        return tuple(self._readings[account] for account in self._accounts)
