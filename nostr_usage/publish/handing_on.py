"""Handing on: a follower gives a relay the signed events it lacks. Anybody may: events prove themselves."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from nostr_usage.clock import Clock
from nostr_usage.errors import EventError, RelayError
from nostr_usage.ledger.entry import EntryId
from nostr_usage.nostr.event import VerifiedEvent, event_from_json, event_to_json, verify_event
from nostr_usage.nostr.filter import Filter
from nostr_usage.relays.connection import RelayConnection
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.store import Store

AT_ONCE_MAX = 250
OBJECTIONS_MAX = 3
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOn:
    """What became of events that were handed on to a relay.

    Attributes:
        url: of the relay.
        offered: how many were sent.
        served: how many of them it served when they were read back.
        unsound: how many were kept back, because nobody signed what is held of them.
        objections: what the relay said against others, the most frequent first.
        reason: why it did not take all, where the connection ended; empty if it did not.
    """

    url: str
    offered: int
    served: int
    unsound: int
    objections: tuple[str, ...]
    reason: str


async def hand_on(
    store: Store,
    event_nos: Sequence[int],
    url: str,
    *,
    policy: ConnectionPolicy,
    clock: Clock,
    on_progress: Progress | None = None,
) -> HandedOn:
    """Send the events with these numbers to the relay at `url`, read them back, and note which it serves.

    Each signature is checked before: a link may have been enough to keep an event, but not to hand it on.
    Nothing is raised for a relay.
    """
    handing = _Handing(store, url)
    numbers = iter(event_nos)
    try:
        async with RelayConnection(url, policy=policy, clock=clock) as relay:
            while batch := list(islice(numbers, AT_ONCE_MAX)):
                await handing.give(relay, batch)
                if on_progress is not None:
                    on_progress(handing.offered + handing.unsound, len(event_nos))
    except RelayError as error:
        return handing.outcome(error.message)
    return handing.outcome("")


class _Handing:
    """One relay, batch by batch."""

    def __init__(self, store: Store, url: str) -> None:
        self.offered = self.unsound = 0
        self._served = 0
        self._store = store
        self._url = url
        self._objections: Counter[str] = Counter()

    async def give(self, relay: RelayConnection, event_nos: Sequence[int]) -> None:
        events = list(self._sound(event_nos))
        published = await relay.publish_all(events)
        self.offered += len(events)
        for answer in published.answers.values():
            if not answer.is_accepted:
                self._objections[str(answer.reason)] += 1
        if published.error is not None:
            raise published.error
        signed = {event.id: event_to_json(event) for event in events}
        if signed:
            found = await relay.fetch(Filter(ids=tuple(signed), limit=len(signed)))
            served = {event.id for event in found if event_to_json(event) == signed[event.id]}
            await self._note(served)

    async def _note(self, served: set[str]) -> None:
        self._served += len(served)
        number = self._store.submit(lambda transaction: transaction.add_relay(self._url))
        relay_no = await asyncio.wrap_future(number)
        entry_ids = [EntryId(event_id) for event_id in served]
        noted = self._store.submit(lambda transaction: transaction.add_sightings(entry_ids, relay_no))
        await asyncio.wrap_future(noted)

    def _sound(self, event_nos: Sequence[int]) -> Iterator[VerifiedEvent]:
        with self._store.read() as reader:
            for number in event_nos:
                for row in reader.events(after_event_no=number - 1, limit=1):
                    try:
                        yield verify_event(event_from_json(row.event_json))
                    except EventError:
                        self.unsound += 1

    def outcome(self, reason: str) -> HandedOn:
        return HandedOn(
            url=self._url,
            offered=self.offered,
            served=self._served,
            unsound=self.unsound,
            objections=tuple(text for text, _ in self._objections.most_common(OBJECTIONS_MAX)),
            reason=reason,
        )
