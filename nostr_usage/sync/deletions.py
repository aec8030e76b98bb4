"""Deletion requests of the ledger key: asked for, kept, reported; what they name stays counted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import islice

from nostr_usage.errors import EventError
from nostr_usage.ledger.entry import EntryId
from nostr_usage.ledger.problems import Problem, ProblemCode
from nostr_usage.nostr.event import Event, event_from_json, event_to_json, verify_event
from nostr_usage.nostr.filter import Filter
from nostr_usage.store import Store, Transaction
from nostr_usage.sync.readers import PAGE_MAX, LedgerFilter, Readers
from nostr_usage.wire.deletion import DELETION_KINDS, deleted_ids, deletion_problem

REQUESTS_KEPT_MAX = 100
"""Whoever signs may sign any number of them, and one is as bad as a thousand."""
NAMED_MAX = 1_000
"""Entries of one request that are marked one by one."""


async def find_deletion_requests(readers: Readers, ledger: LedgerFilter, store: Store) -> tuple[Problem, ...]:
    """Ask every relay, keep what is signed, and report all that was ever found.

    A relay that serves no such kinds is none the worse for it. Another author's request means nothing, and
    one whose signature is not valid counts against the relay.
    """
    wanted = Filter(kinds=DELETION_KINDS, authors=(ledger.pubkey,), limit=PAGE_MAX)
    urls = readers.urls
    answers = await asyncio.gather(*(readers.fetch_aside(url, wanted) for url in urls))
    with store.read() as reader:
        kept = {row.event_id: event_from_json(row.event_json) for row in reader.deletion_requests()}
    fresh: dict[str, Event] = {}
    for url, events in zip(urls, answers, strict=True):
        for event in events:
            if event.id in kept or event.id in fresh or len(kept) + len(fresh) >= REQUESTS_KEPT_MAX:
                continue
            if _is_signed(event):
                fresh[event.id] = event
            else:
                readers.score(url).forged += 1
    if fresh:
        await asyncio.wrap_future(store.submit(lambda transaction: _keep(transaction, fresh.values())))
    return tuple(deletion_problem(event) for _, event in sorted((kept | fresh).items()))


def _is_signed(event: Event) -> bool:
    try:
        verify_event(event)
    except EventError:
        return False
    return True


def _keep(transaction: Transaction, requests: Iterable[Event]) -> None:
    for request in requests:
        transaction.add_deletion_request(request.id, event_to_json(request).decode())
        for entry_id in islice(deleted_ids(request), NAMED_MAX):
            _mark(transaction, entry_id, request)


def _mark(transaction: Transaction, entry_id: str, request: Event) -> None:
    """Note in its stream that an entry, if it is held, was asked to be deleted."""
    entry = transaction.entry(EntryId(entry_id))
    if entry is None:
        return
    message = f"seq {entry.seq}: the ledger key asked relays to delete it, in event {request.id}; it counts"
    problem = Problem(
        code=ProblemCode.DELETION_REQUEST, message=message, seq=entry.seq, entry_id=entry.entry_id
    )
    transaction.add_problems(entry.stream_no, [problem])
