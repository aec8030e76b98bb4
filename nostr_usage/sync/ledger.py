"""One pass over a ledger: its accounts, then every account, from all relays at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from nostr_usage.clock import Clock
from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.problems import Problem
from nostr_usage.relays.condition import RelayCondition
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.relays.pool import RelayPool
from nostr_usage.relays.together import run_together
from nostr_usage.store import RELAYS_MAX, Store, StreamStatus, Transaction
from nostr_usage.sync.account import LedgerReader
from nostr_usage.sync.account_queue import AccountQueue, SyncProgress
from nostr_usage.sync.accounts import AccountBook
from nostr_usage.sync.deletions import find_deletion_requests
from nostr_usage.sync.keeping import Keeper
from nostr_usage.sync.outcome import AccountReading, RelayReading, StreamReading
from nostr_usage.sync.readers import LedgerFilter, Readers
from nostr_usage.sync.work import Assignment
from nostr_usage.sync.workers import WORKERS_MAX, processors, start_workers

ACCOUNTS_AT_ONCE_MAX = 16
"""As many as a connection has requests under way; each may hold a page in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a pass found.

    Attributes:
        relays: how it went with each relay.
        streams: each stream that was read; a stream that nobody could be asked about is left out, unchanged.
        problems: of the ledger as a whole, and signed events that are no entries; those of a stream are in
            the store.
    """

    relays: tuple[RelayReading, ...]
    streams: tuple[StreamReading, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def entries_added(self) -> int:
        """Entries that were new."""
        return sum(stream.added for stream in self.streams)

    @property
    def is_offline(self) -> bool:
        """Whether no relay could be read to the end, so that nothing new is known about what is missing."""
        return all(relay.condition is not RelayCondition.ANSWERED for relay in self.relays)


async def sync_ledger(
    store: Store,
    *,
    relays: Sequence[str],
    ledger_pubkey: str,
    kinds: Sequence[int],
    account: AccountId | None,
    policy: ConnectionPolicy,
    clock: Clock,
    random: Random,
    on_progress: Callable[[SyncProgress], None] | None = None,
    check_every_signature: bool = False,
    workers_max: int = WORKERS_MAX,
) -> SyncReport:
    """Bring the store up to date with what the relays show; nothing is raised for a relay.

    Args:
        store: where verified entries, sightings and evidence are kept.
        relays: URLs of the relays to read; each is asked everything.
        ledger_pubkey: whose events are entries.
        kinds: kinds that entries may have.
        account: the only account to read; None for the whole ledger.
        policy: limits of each connection.
        clock: tells when a relay that failed may be tried again.
        random: spreads those times.
        on_progress: called after each account.
        check_every_signature: check what links already prove, too, since events are to be handed on.
        workers_max: processes that a long pass may start to read for it; below 2, it is read in this one.

    Raises:
        HomeError: if the store cannot be used.
        WorkerError: if a process that was started ends early; what was stored stays.
    """
    async with RelayPool(policy=policy, clock=clock, random=random) as pool:
        ledger = LedgerFilter(pubkey=ledger_pubkey, kinds=tuple(kinds))
        syncer = Syncer(
            store,
            pool,
            relays,
            ledger,
            check_every_signature=check_every_signature,
            workers_max=workers_max,
        )
        return await syncer.sync(None if account is None else (account,), on_progress=on_progress)


class Syncer:
    """Passes over one ledger, on connections that stay open between passes."""

    def __init__(
        self,
        store: Store,
        pool: RelayPool,
        relays: Sequence[str],
        ledger: LedgerFilter,
        *,
        check_every_signature: bool = False,
        workers_max: int = WORKERS_MAX,
    ) -> None:
        self._store = store
        self._pool = pool
        self._urls = tuple(dict.fromkeys(relays))
        self._ledger = ledger
        self._check_every_signature = check_every_signature
        self._workers_max = workers_max

    async def sync(
        self,
        accounts: Sequence[AccountId] | None,
        *,
        on_progress: Callable[[SyncProgress], None] | None = None,
    ) -> SyncReport:
        """Read these accounts, or all that there are."""
        readers = Readers(self._pool, self._urls)
        await readers.connect()
        if not readers.urls:
            return SyncReport(relays=readers.readings())
        numbers = await self._relay_numbers()
        problems: tuple[Problem, ...] = ()
        book: AccountBook | None = None
        if accounts is None:
            book = AccountBook(readers, self._ledger)
            await book.discover(self._store)
            accounts, problems = book.accounts, book.problems() if readers.urls else ()
        queue = AccountQueue(accounts, on_progress=on_progress)
        await run_together(
            self._read_here(queue, readers, numbers), self._read_in_workers(queue, readers, numbers)
        )
        found = queue.readings()
        if book is not None:
            problems += await find_deletion_requests(readers, self._ledger, self._store)
        streams = [stream for reading in found for stream in self._streams(reading, book, readers)]
        return SyncReport(
            relays=readers.readings(),
            streams=tuple(streams),
            problems=(*problems, *(problem for reading in found for problem in reading.problems)),
        )

    async def _read_here(self, queue: AccountQueue, readers: Readers, numbers: Mapping[str, int]) -> None:
        keeper = Keeper(self._store, relay_numbers=numbers, check_every_signature=self._check_every_signature)
        reader = LedgerReader(readers, self._ledger, keeper)

        async def read_in_turn() -> None:
            while (account := queue.next_here()) is not None:
                queue.take(await reader.read(account))

        await run_together(*(read_in_turn() for _ in range(ACCOUNTS_AT_ONCE_MAX)))
        await keeper.keep_sightings()

    async def _read_in_workers(
        self, queue: AccountQueue, readers: Readers, numbers: Mapping[str, int]
    ) -> None:
        """Once the pass turns out to be long, leave it to several processes."""
        count = min(self._workers_max, processors())
        await queue.wait_decided()
        if count < 2 or not queue.is_long or not readers.urls:
            return
        policy = readers.policy
        shares = Assignment(
            store_path=self._store.path,
            ledger=self._ledger,
            policy=replace(
                policy,
                requests_max=max(1, policy.requests_max // count),
                collected_bytes_max=policy.collected_bytes_max // count,
            ),
            patience_s=readers.patience_s,
            relay_numbers=numbers,
            check_every_signature=self._check_every_signature,
        )
        async with start_workers(count, shares) as workers:
            if not workers:
                return
            queue.hand_over()
            for readings in await run_together(*(worker.read(queue) for worker in workers)):
                for reading in readings:
                    readers.add(reading)

    async def _relay_numbers(self) -> dict[str, int]:
        def add_relays(transaction: Transaction) -> dict[str, int]:
            known = {relay.url for relay in transaction.relays()}
            places = RELAYS_MAX - len(known)
            fresh = [url for url in self._urls if url not in known][:places]
            return {url: transaction.add_relay(url) for url in self._urls if url in known or url in fresh}

        return await asyncio.wrap_future(self._store.submit(add_relays))

    def _streams(
        self, reading: AccountReading, book: AccountBook | None, readers: Readers
    ) -> Iterator[StreamReading]:
        """The streams of an account; also those whose opening is signed, which nobody shows who is asked."""
        yield from reading.streams
        if book is None or not readers.urls:
            return
        shown = {stream.meter for stream in reading.streams}
        for meter in sorted(book.opened_meters(reading.account) - shown):
            yield StreamReading(
                account=reading.account,
                meter=meter,
                status=StreamStatus.INCOMPLETE,
                seq=0,
                added=0,
                missing=(1,),  # it was opened, so it has a first entry
            )
