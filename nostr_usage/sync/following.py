"""Following a ledger: a first pass, then another over what changes, as soon as a relay says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from random import Random
from typing import Never

from nostr_usage.clock import Clock
from nostr_usage.errors import EventError, RelayError
from nostr_usage.ledger.entry import AccountId
from nostr_usage.nostr.event import Event, verify_event
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.tags import first_tag_value
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.relays.pool import RelayPool
from nostr_usage.relays.together import run_together
from nostr_usage.store import Store
from nostr_usage.sync.ledger import Syncer, SyncReport
from nostr_usage.sync.readers import LedgerFilter

COALESCE_S = 0.25
"""Arrivals within this time make one pass."""
WHOLE_PASS_S = 300.0
"""How often everything is read again, in case a subscription has died without a word."""
RECENT_MAX = 1
"""Stored events that a live subscription asks for; the pass reads the rest. What comes later may be dated
earlier, after an outage say, so it is not limited by time."""


async def follow_forever(
    store: Store,
    *,
    relays: Sequence[str],
    ledger_pubkey: str,
    kinds: Sequence[int],
    account: AccountId | None,
    policy: ConnectionPolicy,
    clock: Clock,
    random: Random,
    on_change: Callable[[SyncReport], None],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Never:
    """Keep the store up to date until cancelled; relays that fail are tried again with growing delays.

    `on_change` is called after the first pass, and after each that added entries, or in which the condition
    of a stream or a relay changed. `pause` waits. The other arguments are those of `sync_ledger`.
    """
    ledger = LedgerFilter(pubkey=ledger_pubkey, kinds=tuple(kinds))
    async with RelayPool(policy=policy, clock=clock, random=random) as pool:
        news = _News(account)
        watcher = _Watcher(pool, ledger, news, clock=clock, pause=pause)
        syncer = Syncer(store, pool, relays, ledger)
        await run_together(
            *(watcher.watch(url) for url in dict.fromkeys(relays)),
            watcher.remind(),
            _sync_news(syncer, news, on_change=on_change, pause=pause),
        )
    raise AssertionError("follows for ever, or is cancelled")


class _News:
    """Which accounts changed since the last pass; bursts become one."""

    def __init__(self, account: AccountId | None) -> None:
        self.account = account
        self._changed: set[AccountId] = set()
        self._is_all_stale = True
        self._arrived = asyncio.Event()
        self._arrived.set()

    def add(self, account: AccountId) -> None:
        """Something about one account arrived."""
        self._changed.add(account)
        self._arrived.set()

    def is_waiting(self, account: AccountId) -> bool:
        """Whether an account is to be read already."""
        return account in self._changed

    def mistrust_all(self) -> None:
        """Something may have been missed."""
        self._is_all_stale = True
        self._arrived.set()

    async def wait(self) -> None:
        """Return once there is something to read."""
        await self._arrived.wait()

    def take(self) -> tuple[AccountId, ...] | None:
        """The accounts to read now; None for all."""
        self._arrived.clear()
        changed, self._changed = tuple(self._changed), set()
        is_all_stale, self._is_all_stale = self._is_all_stale, False
        if self.account is not None:
            return (self.account,)
        return None if is_all_stale else changed


class _Watcher:
    """Live subscriptions: what they bring only says where to read."""

    def __init__(
        self,
        pool: RelayPool,
        ledger: LedgerFilter,
        news: _News,
        *,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._pool = pool
        self._ledger = ledger
        self._news = news
        self._clock = clock
        self._pause = pause

    async def watch(self, url: str) -> Never:
        """Listen to one relay, for ever."""
        is_first = True
        while True:
            try:
                relay = await self._pool.relay(url)
                if not is_first:
                    self._news.mistrust_all()
                is_first = False
                async with aclosing(relay.subscribe(self._filter())) as events:
                    async for event in events:
                        self._take(event, url)
            except RelayError:
                # Each pass reports it: it fails there, too.
                await self._pause(max(1, self._pool.next_attempt_at(url) - self._clock.now()))

    def _take(self, event: Event, url: str) -> None:
        """Have the event's account read; whatever a relay invents must not set off reading."""
        account = first_tag_value(event.tags, "p")
        if account is not None and self._news.is_waiting(AccountId(account)):
            return  # it is read soon, whoever signed this: a signature less to check for each of a burst
        try:
            verify_event(event)
        except EventError:
            self._pool.score(url).forged += 1
        else:
            if account is not None:
                self._news.add(AccountId(account))

    async def remind(self) -> Never:
        """Have everything read again now and then."""
        while True:
            await self._pause(WHOLE_PASS_S)
            self._news.mistrust_all()

    def _filter(self) -> Filter:
        account = self._news.account
        return Filter(
            kinds=self._ledger.kinds,
            authors=(self._ledger.pubkey,),
            tags=() if account is None else (("p", (account,)),),
            limit=RECENT_MAX,
        )


async def _sync_news(
    syncer: Syncer,
    news: _News,
    *,
    on_change: Callable[[SyncReport], None],
    pause: Callable[[float], Awaitable[None]],
) -> Never:
    conditions: object = None
    while True:
        await news.wait()
        await pause(COALESCE_S)
        report = await syncer.sync(news.take())
        now = (
            {(stream.account, stream.meter): stream.status for stream in report.streams},
            [(relay.url, relay.condition) for relay in report.relays],
        )
        if report.entries_added or now != conditions:
            on_change(report)
        conditions = now
