"""One account: its newest entries by pages, then by slots, until nothing is missing that anybody shows.

Paging by time proves nothing: relays cut pages silently, and entries of one second hide each other. A slot
names one entry, so what is missing can be asked for by name, and a head is what stands below an empty slot.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from itertools import islice

from nostr_usage.ledger.entry import DEFAULT_METER, AccountId
from nostr_usage.nostr.event import Event
from nostr_usage.store import StreamRow, StreamStatus
from nostr_usage.sync.copies import Copies
from nostr_usage.sync.keeping import Keeper
from nostr_usage.sync.outcome import AccountReading, StreamReading
from nostr_usage.sync.readers import NAMES_PER_FILTER_MAX, PAGE_MAX, LedgerFilter, Readers
from nostr_usage.wire.entry_event import slot

PAGES_MAX = 5
"""Pages of one account before slots take over: they need no more memory however long the history is."""
SLOTS_AT_ONCE_MAX = 500
SLOTS_AHEAD = 8
"""Slots above the head that are asked for, in case ties in time or short pages hid what stands there."""
MORE_PAGES_AT_ONCE_MAX = PAGES_MAX - 1
"""Pages that all accounts together may hold beyond their first ones: what a pass needs memory for."""


class LedgerReader:
    """Reads accounts of a ledger, several at a time, from all relays, and keeps what is proved."""

    def __init__(self, readers: Readers, ledger: LedgerFilter, keeper: Keeper) -> None:
        self.readers = readers
        self.ledger = ledger
        self.keeper = keeper
        self.more_pages = _Places(MORE_PAGES_AT_ONCE_MAX)

    async def read(self, account: AccountId) -> AccountReading:
        """Every stream of the account, brought up to date; none if no relay could be asked to the end."""
        return await _AccountReader(self, Copies(account)).read()


class _Places:
    """Room for so many of something; who needs several waits until all of them are free, in turn."""

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def take(self, count: int) -> AsyncGenerator[None]:
        """Occupy `count` places."""
        async with AsyncExitStack() as taken:
            async with self._turn:
                for _ in range(count):
                    await taken.enter_async_context(self._free)
            yield


class _AccountReader:
    """Reads one account, once."""

    def __init__(self, ledger_reader: LedgerReader, copies: Copies) -> None:
        self._readers = ledger_reader.readers
        self._ledger = ledger_reader.ledger
        self._keeper = ledger_reader.keeper
        self._more_pages = ledger_reader.more_pages
        self._copies = copies
        self._asked: set[tuple[str, int]] = set()

    async def read(self) -> AccountReading:
        heads = self._keeper.heads(self._copies.account)
        pagers = [_Pager(self._readers, self._ledger, self._copies, url, heads) for url in self._readers.urls]
        await asyncio.gather(*(pager.read_next() for pager in pagers))
        longer = [pager for pager in pagers if not pager.is_done]
        if not longer:
            return await self._keep(heads)
        async with self._more_pages.take(max(pager.pages_left() for pager in longer)):
            await asyncio.gather(*(pager.read_down() for pager in longer))
            return await self._keep(heads)

    async def _keep(self, heads: Iterable[str]) -> AccountReading:
        """Keep what is proved, and ask for what is missing, until that brings nothing more."""
        added: dict[str, int] = {}
        while True:
            streams = [await self._keeper.keep(self._copies, meter) for meter in self._meters(heads)]
            for stream in streams:
                added[stream.meter] = added.get(stream.meter, 0) + stream.added
            wanted = [wanted for stream in streams for wanted in self._slots_to_ask(stream)]
            if not await self._ask(wanted):
                break
        for relay in self._copies.forgers():
            self._readers.score(relay).forged += 1
        whole: frozenset[str] = frozenset()
        if self._readers.urls:
            whole = await self._keeper.finish(self._copies.account)
        told = tuple(
            replace(
                stream,
                added=added[stream.meter],
                status=StreamStatus.PROVISIONAL if stream.meter in whole else stream.status,
            )
            for stream in streams
            if added[stream.meter] or (self._readers.urls and (stream.seq or stream.missing or stream.forks))
        )
        return AccountReading(
            account=self._copies.account, streams=told, problems=tuple(self._copies.problems)
        )

    def _meters(self, heads: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys((DEFAULT_METER, *heads, *self._copies.meters)))

    def _slots_to_ask(self, stream: StreamReading) -> list[str]:
        """The lowest slots that are missing, and the next above the head, each once in a pass."""
        ahead = range(stream.seq + 1, stream.seq + 1 + SLOTS_AHEAD)
        wanted = (
            seq for seq in dict.fromkeys((*stream.missing, *ahead)) if (stream.meter, seq) not in self._asked
        )
        seqs = tuple(islice(wanted, SLOTS_AT_ONCE_MAX))
        self._asked.update((stream.meter, seq) for seq in seqs)
        return [slot(stream.account, stream.meter, seq) for seq in seqs]

    async def _ask(self, slots: Sequence[str]) -> int:
        """Ask every relay for these slots; how many copies were new."""
        batches = [
            slots[start : start + NAMES_PER_FILTER_MAX]
            for start in range(0, len(slots), NAMES_PER_FILTER_MAX)
        ]
        fresh = await asyncio.gather(
            *(self._ask_one(url, batch) for url in self._readers.urls for batch in batches)
        )
        return sum(fresh)

    async def _ask_one(self, url: str, slots: Sequence[str]) -> int:
        return self._add(await self._readers.fetch_named(url, self._ledger, "s", slots), url)

    def _add(self, events: Iterable[Event], url: str) -> int:
        return self._copies.add(events, relay=url, score=self._readers.score(url))


class _Pager:
    """Pages of one account from one relay, from its newest entry down to what is held."""

    def __init__(
        self,
        readers: Readers,
        ledger: LedgerFilter,
        copies: Copies,
        url: str,
        heads: Mapping[str, StreamRow],
    ) -> None:
        self.is_done = False
        self._readers = readers
        self._ledger = ledger
        self._copies = copies
        self._url = url
        self._held = {meter: stream.seq for meter, stream in heads.items()}
        self._since = min((stream.created_at for stream in heads.values()), default=None)
        self._until: int | None = None
        self._shown: frozenset[str] = frozenset()
        self._pages = 0

    def pages_left(self) -> int:
        """How many more there will be at most, going by the lowest entries that were shown."""
        lowest = self._copies.lowest_seqs(self._url)
        missing = sum(max(0, seq - 1 - self._held.get(meter, 0)) for meter, seq in lowest.items())
        return max(1, min(PAGES_MAX - 1, -(-missing // PAGE_MAX)))

    async def read_down(self) -> None:
        """Read the pages that are left."""
        while not self.is_done:
            await self.read_next()

    async def read_next(self) -> None:
        """Read one page, and find out whether it was the last."""
        wanted = self._ledger.having(
            "p", (self._copies.account,), since=self._since, until=self._until, limit=PAGE_MAX
        )
        page = await self._readers.fetch(self._url, wanted)
        self._pages += 1
        if not page:
            self.is_done = True
            return
        self._copies.add(page, relay=self._url, score=self._readers.score(self._url))
        self.is_done = self._pages >= PAGES_MAX or self._is_last(page)

    def _is_last(self, page: Sequence[Event]) -> bool:
        """Whether nothing is to be found below it by time; if not, the next page ends where it began."""
        ids = frozenset(event.id for event in page)
        oldest = min(event.created_at for event in page)
        if self._copies.is_complete(self._url, self._held):
            return True
        if self._until is not None and oldest >= self._until:
            self._until -= 1  # the page lies within one second; what the relay hides there has its slots
        elif ids <= self._shown:
            return True
        else:
            self._until = oldest  # inclusive: entries of that second may have been cut off
        self._shown |= ids
        return False
