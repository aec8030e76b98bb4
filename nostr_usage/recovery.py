"""Recovery: an operator's store that may be behind what its ledger has published reads that first.

A backup that is put back has forgotten entries that relays hold. Signing on top of it would give two entries
one place, which every reader takes for fraud. So a restored copy refuses to sign (`store.MUST_RECOVER`) until
it has read its own events, and publishing looks first whether relays know entries that are not held here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from nostr_usage.clock import Clock
from nostr_usage.errors import EntryFormatError, EventError, RelayError
from nostr_usage.ledger.entry import Entry, EntryId, Operation
from nostr_usage.ledger.problems import ProblemCode
from nostr_usage.nostr.event import Event, event_from_json, verify_event
from nostr_usage.nostr.filter import Filter
from nostr_usage.relays.condition import RelayCondition
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.relays.pool import RelayPool
from nostr_usage.store import MUST_RECOVER, Reader, Store, StreamStatus, Transaction
from nostr_usage.sync import SyncReport, sync_ledger
from nostr_usage.sync.outcome import StreamReading
from nostr_usage.wire.entry_event import entry_from_event
from nostr_usage.writing.answering import HAS_RECOVERED, recovered_setting
from nostr_usage.writing.opening import NO_PLAN

NEWEST_LOOKED_AT = 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What a recovery found.

    Attributes:
        entries: how many entries were not held here before.
        obstacles: why the store still may not sign, in words; empty if it may.
        report: of the pass over the relays.
    """

    entries: int
    obstacles: tuple[str, ...]
    report: SyncReport

    @property
    def is_done(self) -> bool:
        """Whether the store may sign again."""
        return not self.obstacles


async def find_unknown_entry(
    store: Store,
    *,
    relays: Sequence[str],
    ledger_pubkey: str,
    kinds: Sequence[int],
    policy: ConnectionPolicy,
    clock: Clock,
    random: Random,
) -> EntryId | None:
    """An entry among the newest on any relay that this ledger key has signed and that is not held here.

    If there is one, the store is told that it must recover. A relay that cannot be asked says nothing.
    """
    newest = Filter(authors=(ledger_pubkey,), kinds=tuple(kinds), limit=NEWEST_LOOKED_AT)
    async with RelayPool(policy=policy, clock=clock, random=random) as pool:

        async def ask(url: str) -> tuple[Event, ...]:
            try:
                return await (await pool.relay(url)).fetch(newest)
            except RelayError:
                return ()

        answers = await asyncio.gather(*(ask(url) for url in relays))
    with store.read() as reader:
        found = next((event for events in answers for event in events if _is_unknown(event, reader)), None)
    if found is None:
        return None
    reason = f"relays hold entry {found.id}, which this ledger has signed and which is not held here"
    await _write(store, lambda transaction: transaction.set_setting(MUST_RECOVER, reason))
    return EntryId(found.id)


async def recover(
    store: Store,
    *,
    relays: Sequence[str],
    outbox_relays: Sequence[int],
    ledger_pubkey: str,
    kinds: Sequence[int],
    policy: ConnectionPolicy,
    clock: Clock,
    random: Random,
) -> Recovery:
    """Read all that the ledger has published, and let the store sign again if that is whole.

    Every relay must answer: what only a silent one holds could be contradicted. What was recovered is queued
    for the relays at `outbox_relays` (the store's numbers), and the keys of its requests are known again.
    Private texts of those entries stay sealed, and holds of that time are forgotten.
    """

    def begin(transaction: Transaction) -> int:
        if not transaction.setting(MUST_RECOVER):
            transaction.set_setting(MUST_RECOVER, "a recovery has begun and has not ended")
        return max((event.event_no for event in transaction.events()), default=0)

    known = await _write(store, begin)
    report = await sync_ledger(
        store,
        relays=relays,
        ledger_pubkey=ledger_pubkey,
        kinds=kinds,
        account=None,
        policy=policy,
        clock=clock,
        random=random,
        check_every_signature=True,
    )
    obstacles = tuple(_obstacles(report))

    def finish(transaction: Transaction) -> None:
        fresh = tuple(transaction.events(after_event_no=known))
        for event in fresh:
            _remember(transaction, entry_from_event(event_from_json(event.event_json)), event.event_id)
        if fresh:
            transaction.set_setting(HAS_RECOVERED, "yes")
        transaction.set_setting(MUST_RECOVER, "")
        transaction.queue_outbox([event.event_no for event in fresh], outbox_relays, now=clock.now())

    if not obstacles:
        await _write(store, finish)
    return Recovery(entries=report.entries_added, obstacles=obstacles, report=report)


def _obstacles(report: SyncReport) -> Iterator[str]:
    for relay in report.relays:
        if relay.condition is not RelayCondition.ANSWERED:
            yield f"{relay.url} was not read to the end: {relay.reason or relay.condition.value}"
    for stream in report.streams:
        if stream.forks or stream.status is StreamStatus.CONFLICT:
            yield (
                f"account {stream.account}: entries signed here contradict published ones;"
                " put the backup back, and recover before anything is recorded"
            )
        elif stream.missing or stream.status is StreamStatus.INCOMPLETE:
            yield f"account {stream.account}: entries {_some(stream)} exist and were not found"
    for problem in report.problems:
        # What was asked to be deleted is missing above, or was found all the same.
        if problem.code is not ProblemCode.DELETION_REQUEST:
            yield problem.message


def _some(stream: StreamReading) -> str:
    return ", ".join(map(str, stream.missing[:5])) + (" …" if len(stream.missing) > 5 else "")


def _remember(transaction: Transaction, entry: Entry, entry_id: str) -> None:
    """What only the lost store knew of an entry: the request that it answered, the plan that it began."""
    account = transaction.account(entry.account)
    assert account is not None, "an entry without its account"
    transaction.set_setting(recovered_setting(account.account_no, entry.request), entry_id)
    if entry.operation is Operation.PLAN:
        plan = None if entry.type == NO_PLAN else entry.type
        transaction.set_account_plan(account.account_no, plan, anchor=entry.occurred_at)


def _is_unknown(event: Event, reader: Reader) -> bool:
    """Whether it is a signed entry that is not held; canaries and the like are no entries."""
    if reader.event_no(event.id) is not None:
        return False
    try:
        entry_from_event(event)
        verify_event(event)
    except (EntryFormatError, EventError):
        return False
    return True


async def _write(store: Store, work: Callable[[Transaction], T]) -> T:
    return await asyncio.wrap_future(store.submit(work))
