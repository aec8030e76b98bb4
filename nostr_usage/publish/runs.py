"""Runs over the outbox: one over what is due, or for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Never

from nostr_usage.clock import Clock
from nostr_usage.nostr.signer import Signer
from nostr_usage.publish.outcome import PublishReport, RelayOutcome
from nostr_usage.publish.publisher import Progress, Publisher
from nostr_usage.relays.condition import RelayCondition
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.relays.together import run_together
from nostr_usage.store import Store

DEFAULT_QUORUM = 2
POLL_S = 1.0


async def publish_due(
    store: Store,
    *,
    relays: Sequence[str],
    policy: ConnectionPolicy,
    clock: Clock,
    random: Random,
    signer: Signer | None = None,
    quorum: int = DEFAULT_QUORUM,
    on_progress: Progress | None = None,
) -> PublishReport:
    """Send what is due to every relay, all relays at a time, and read it back.

    Args:
        store: whose outbox is emptied.
        relays: URLs of the write relays, as the outbox knows them.
        policy: limits of each connection.
        clock: decides what is due.
        random: spreads the next attempts.
        signer: who authenticates where a relay demands it before it takes anything.
        quorum: how many relays make an event published; all of them, if there are fewer.
        on_progress: called as deliveries are settled.
    """
    async with Publisher(store, policy=policy, clock=clock, random=random, signer=signer) as publisher:
        relays = tuple(dict.fromkeys(relays))
        publisher.count_progress(relays, on_progress)
        outcomes = await run_together(*(publisher.deliver(url) for url in relays))
        quorum = min(quorum, len(relays))
        return PublishReport(
            relays=outcomes,
            quorum=quorum,
            published=publisher.count_published(quorum),
            waiting=publisher.count_unpublished(quorum),
        )


async def publish_forever(
    store: Store,
    *,
    relays: Sequence[str],
    policy: ConnectionPolicy,
    clock: Clock,
    random: Random,
    signer: Signer | None = None,
    on_outcome: Callable[[RelayOutcome], None],
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Never:
    """Send what becomes due, until cancelled; each relay goes at its own pace.

    `on_outcome` is told whenever something was sent or read back, or a relay's condition changed. `pause`
    waits between two looks at the outbox. The other arguments are those of `publish_due`.
    """
    async with Publisher(store, policy=policy, clock=clock, random=random, signer=signer) as publisher:

        async def deliver_forever(url: str) -> Never:
            condition: RelayCondition | None = None
            while True:
                outcome = await publisher.deliver(url)
                publisher.touched.clear()
                moved = outcome.accepted + outcome.confirmed + outcome.later + outcome.refused
                if moved or outcome.condition is not condition:
                    on_outcome(outcome)
                condition = outcome.condition
                await pause(POLL_S)

        # Without a relay there is nothing to deliver, for ever.
        await run_together(*(deliver_forever(url) for url in dict.fromkeys(relays)), asyncio.Event().wait())
    raise AssertionError("delivers for ever, or is cancelled")
