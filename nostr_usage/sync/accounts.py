"""Which accounts there are: the `open` entries are numbered without a gap, so none can be left out unseen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import islice

from nostr_usage.errors import EntryFormatError, EventError
from nostr_usage.ledger.entry import AccountId, Operation
from nostr_usage.ledger.problems import Problem, ProblemCode
from nostr_usage.nostr.event import Event, verify_event
from nostr_usage.store import Store
from nostr_usage.sync.readers import LedgerFilter, Readers
from nostr_usage.wire.entry_event import entry_from_event

NUMBERS_AHEAD = 100
"""Numbers above the last that are asked for: so many accounts would have to be hidden to hide the rest."""

GAPS_MAX = 1_000
"""Missing numbers that are asked for and named: whoever signs may claim any number, and a pass must end."""


class AccountBook:
    """The accounts of a ledger by open number, from the store and from every relay."""

    def __init__(self, readers: Readers, ledger: LedgerFilter) -> None:
        self._readers = readers
        self._ledger = ledger
        self._opened: dict[int, list[AccountId]] = {}
        self._accounts: dict[AccountId, None] = {}
        self._meters: dict[AccountId, set[str]] = {}

    @property
    def accounts(self) -> tuple[AccountId, ...]:
        """All that are known, those that were held before first."""
        return tuple(self._accounts)

    def opened_meters(self, account: AccountId) -> set[str]:
        """The meters of an account whose opening a relay showed in this pass, signed."""
        return self._meters.get(account, set())

    async def discover(self, store: Store) -> None:
        """Read on where the store ends, until no relay knows a further number; then ask for the gaps."""
        with store.read() as reader:
            for row in reader.accounts():
                self._add(row.account, row.open_number)
        while await self._ask(range(self._last + 1, self._last + 1 + NUMBERS_AHEAD)):
            pass
        await self._ask(self._gaps())

    def problems(self) -> tuple[Problem, ...]:
        """Numbers that nobody showed, and numbers that two accounts claim."""
        gaps = [
            Problem(
                code=ProblemCode.OPEN_NUMBER_GAP,
                message=f"account number {number} was never shown, but number {self._last} exists",
            )
            for number in self._gaps()
        ]
        contested = [
            Problem(
                code=ProblemCode.FORK,
                message=f"account number {number} is claimed by {', '.join(accounts)}",
            )
            for number, accounts in sorted(self._opened.items())
            if len(accounts) > 1
        ]
        return (*gaps, *contested)

    @property
    def _last(self) -> int:
        return max(self._opened, default=0)

    def _gaps(self) -> tuple[int, ...]:
        missing = (number for number in range(1, self._last) if number not in self._opened)
        return tuple(islice(missing, GAPS_MAX))

    async def _ask(self, numbers: Sequence[int]) -> bool:
        """Ask every relay for the accounts with these numbers; whether any was new."""
        known = len(self._accounts)
        names = tuple(map(str, numbers))
        urls = self._readers.urls
        answers = await asyncio.gather(
            *(self._readers.fetch_named(url, self._ledger, "o", names) for url in urls)
        )
        for url, events in zip(urls, answers, strict=True):
            for event in events:
                self._read(event, url)
        return len(self._accounts) > known

    def _read(self, event: Event, url: str) -> None:
        """Take in an `open` entry; its signature decides whether the account exists."""
        try:
            entry = entry_from_event(event)
        except EntryFormatError:
            return  # if it is signed, reading its account will find it
        if entry.operation is not Operation.OPEN or entry.account in self._opened.get(
            entry.open_number or 0, ()
        ):
            return
        try:
            verify_event(event)
        except EventError:
            self._readers.score(url).forged += 1
        else:
            self._add(entry.account, entry.open_number)
            self._meters.setdefault(entry.account, set()).add(entry.meter)

    def _add(self, account: AccountId, number: int | None) -> None:
        self._accounts.setdefault(account)
        if number is not None and account not in (accounts := self._opened.setdefault(number, [])):
            accounts.append(account)
