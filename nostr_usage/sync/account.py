"""One account: its newest entries by pages, then by slots, until nothing is missing that anybody shows.

Paging by time proves nothing: relays cut pages silently, and entries of one second hide each other. A slot
names one entry, so what is missing can be asked for by name, and a head is what stands below an empty slot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from nostr_usage.ledger.entry import DEFAULT_METER
from nostr_usage.nostr.event import Event
from nostr_usage.nostr.filter import Filter
from nostr_usage.store import StreamRow, StreamStatus
from nostr_usage.sync.copies import Copies
from nostr_usage.sync.keeping import Keeper
from nostr_usage.sync.outcome import StreamReading
from nostr_usage.sync.readers import NAMES_PER_FILTER_MAX, PAGE_MAX, LedgerFilter, Readers
from nostr_usage.wire.entry_event import slot

PAGES_MAX = 10
"""Pages of one account before slots take over: they need no more memory however long the history is."""
SLOTS_AT_ONCE_MAX = 800
SLOTS_AHEAD = 8
"""Slots above the head that are asked for, in case ties in time or short pages hid what stands there."""


class AccountReader:
    """Reads one account from all relays at a time, and keeps what is proved."""

    def __init__(self, readers: Readers, ledger: LedgerFilter, keeper: Keeper, copies: Copies) -> None:
        self._readers = readers
        self._ledger = ledger
        self._keeper = keeper
        self._copies = copies
        self._asked: set[tuple[str, int]] = set()

    async def read(self) -> tuple[StreamReading, ...]:
        """Every stream of the account, brought up to date; none if no relay could be asked to the end."""
        heads = self._keeper.heads(self._copies.account)
        await asyncio.gather(*(self._page_down(url, heads) for url in self._readers.urls))
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
        return tuple(
            replace(
                stream,
                added=added[stream.meter],
                status=StreamStatus.PROVISIONAL if stream.meter in whole else stream.status,
            )
            for stream in streams
            if added[stream.meter] or (self._readers.urls and (stream.seq or stream.missing or stream.forks))
        )

    async def _page_down(self, url: str, heads: Mapping[str, StreamRow]) -> None:
        """From the newest entry of one relay down to what is held."""
        held = {meter: stream.seq for meter, stream in heads.items()}
        since = min((stream.created_at for stream in heads.values()), default=None)
        until: int | None = None
        shown: set[str] = set()
        for _ in range(PAGES_MAX):
            page = await self._readers.fetch(url, self._page(since=since, until=until))
            if not page:
                return
            self._add(page, url)
            ids = {event.id for event in page}
            oldest = min(event.created_at for event in page)
            if self._copies.is_complete(url, held):
                return
            if until is not None and oldest >= until:
                until -= 1  # the page lies within one second; what the relay hides there has its slots
            elif ids <= shown:
                return
            else:
                until = oldest  # inclusive: entries of that second may have been cut off
            shown |= ids

    def _page(self, *, since: int | None, until: int | None) -> Filter:
        account = self._copies.account
        return self._ledger.having("p", (account,), since=since, until=until, limit=PAGE_MAX)

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
