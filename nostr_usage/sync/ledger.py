"""One pass over a ledger: its accounts, then every account, from all relays at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from nostr_usage.clock import Clock
from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.problems import Problem
from nostr_usage.relays.condition import RelayCondition
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.relays.pool import RelayPool
from nostr_usage.relays.together import run_together
from nostr_usage.store import RELAYS_MAX, Store, StreamStatus, Transaction
from nostr_usage.sync.account import AccountReader
from nostr_usage.sync.accounts import AccountBook
from nostr_usage.sync.copies import Copies
from nostr_usage.sync.keeping import Keeper
from nostr_usage.sync.outcome import RelayReading, StreamReading
from nostr_usage.sync.readers import LedgerFilter, Readers

ACCOUNTS_AT_ONCE_MAX = 16
"""As many as a connection has requests under way; each may hold some thousand entries in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncProgress:
    """How far a pass has come."""

    accounts_done: int
    accounts_total: int
    entries_added: int


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

    Raises:
        HomeError: if the store cannot be used.
    """
    async with RelayPool(policy=policy, clock=clock, random=random) as pool:
        ledger = LedgerFilter(pubkey=ledger_pubkey, kinds=tuple(kinds))
        syncer = Syncer(store, pool, relays, ledger, check_every_signature=check_every_signature)
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
    ) -> None:
        self._store = store
        self._pool = pool
        self._urls = tuple(dict.fromkeys(relays))
        self._ledger = ledger
        self._check_every_signature = check_every_signature

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
        keeper = await self._keeper()
        problems: tuple[Problem, ...] = ()
        book: AccountBook | None = None
        if accounts is None:
            book = AccountBook(readers, self._ledger)
            await book.discover(self._store)
            accounts, problems = book.accounts, book.problems() if readers.urls else ()
        one_pass = _Pass(readers, self._ledger, keeper, total=len(accounts), on_progress=on_progress)
        streams = await run_together(*(one_pass.read(account) for account in accounts))
        await keeper.keep_sightings()
        if book is not None and readers.urls:
            streams = tuple(
                (*found, *_never_shown(account, book.opened_meters(account), found))
                for account, found in zip(accounts, streams, strict=True)
            )
        return SyncReport(
            relays=readers.readings(),
            streams=tuple(stream for found in streams for stream in found),
            problems=(*problems, *one_pass.problems),
        )

    async def _keeper(self) -> Keeper:
        def add_relays(transaction: Transaction) -> dict[str, int]:
            known = {relay.url for relay in transaction.relays()}
            places = RELAYS_MAX - len(known)
            fresh = [url for url in self._urls if url not in known][:places]
            return {url: transaction.add_relay(url) for url in self._urls if url in known or url in fresh}

        numbers = await asyncio.wrap_future(self._store.submit(add_relays))
        return Keeper(self._store, relay_numbers=numbers, check_every_signature=self._check_every_signature)


def _never_shown(
    account: AccountId, opened: set[str], found: Sequence[StreamReading]
) -> Iterator[StreamReading]:
    """Streams whose opening is signed, so that they have a first entry, which nobody shows who is asked."""
    for meter in sorted(opened - {stream.meter for stream in found}):
        yield StreamReading(
            account=account, meter=meter, status=StreamStatus.INCOMPLETE, seq=0, added=0, missing=(1,)
        )


class _Pass:
    """The accounts of one pass, some at a time."""

    def __init__(
        self,
        readers: Readers,
        ledger: LedgerFilter,
        keeper: Keeper,
        *,
        total: int,
        on_progress: Callable[[SyncProgress], None] | None,
    ) -> None:
        self.problems: list[Problem] = []
        self._readers = readers
        self._ledger = ledger
        self._keeper = keeper
        self._places = asyncio.Semaphore(ACCOUNTS_AT_ONCE_MAX)
        self._total = total
        self._done = self._added = 0
        self._on_progress = on_progress

    async def read(self, account: AccountId) -> tuple[StreamReading, ...]:
        async with self._places:
            copies = Copies(account)
            streams = await AccountReader(self._readers, self._ledger, self._keeper, copies).read()
        self.problems += copies.problems
        self._done += 1
        self._added += sum(stream.added for stream in streams)
        if self._on_progress is not None:
            self._on_progress(
                SyncProgress(accounts_done=self._done, accounts_total=self._total, entries_added=self._added)
            )
        return streams
