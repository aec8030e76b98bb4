"""How the relays of a home fare: reachable, behind, refusing, readable by everybody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from nostr_usage.clock import Clock
from nostr_usage.errors import RelayError
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.information import RelayInformation
from nostr_usage.nostr.signer import Signer
from nostr_usage.relays.canary import CanaryReading, CanaryReport, Sight, send_canary
from nostr_usage.relays.condition import RelayCondition, condition_of
from nostr_usage.relays.connection import RelayConnection
from nostr_usage.relays.information import fetch_information
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.relays.together import run_together
from nostr_usage.store import ObjectionRow, OutboxState, Store

OBJECTIONS_MAX = 10
CANARY_AGE_S = 86_400
"""Answers to a canary are good for a day; then the next look sends another."""
_SETTING = "canary:"
# An id that no event has: the shortest question that a relay must answer.
_NOBODY = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayHealth:
    """One relay.

    Attributes:
        url: of the relay.
        condition: whether it answers a reader without a key; None if it was not asked.
        reason: why it does not.
        round_trip_ms: of one small question on an open connection.
        waiting: events that it has not taken, or taken and not yet served.
        waiting_since: when the oldest entry of those was signed, unix seconds.
        refused: events that it will never take.
        unqueued: events that are not sent to it, because it joined the set after they were signed.
        objections: why, in its words, the most frequent first.
        information: what it says of itself (NIP-11).
        canary: what became of the last canary; None if none was ever sent.
    """

    url: str
    condition: RelayCondition | None = None
    reason: str = ""
    round_trip_ms: int | None = None
    waiting: int = 0
    waiting_since: int | None = None
    refused: int = 0
    unqueued: int = 0
    objections: tuple[ObjectionRow, ...] = ()
    information: RelayInformation | None = None
    canary: CanaryReport | None = None

    @property
    def is_auditable(self) -> bool | None:
        """Whether a reader without a key was served the last canary; None if nobody knows."""
        return self.canary.is_auditable if self.canary else None


def known_health(store: Store, url: str) -> RelayHealth:
    """What the store knows of a relay, without asking it."""
    with store.read() as reader:
        number = next((relay.relay_no for relay in reader.relays() if relay.url == url), None)
        if number is None:
            return RelayHealth(url=url)
        counts = {row.state: row.count for row in reader.outbox_counts() if row.relay_no == number}
        return RelayHealth(
            url=url,
            waiting=counts.get(OutboxState.PENDING, 0) + counts.get(OutboxState.ACCEPTED, 0),
            waiting_since=reader.outbox_waiting_since(number),
            refused=counts.get(OutboxState.REFUSED, 0),
            objections=reader.objections(number, limit=OBJECTIONS_MAX),
            canary=_canary_from_json(reader.setting(f"{_SETTING}{number}")),
        )


async def ask_relays(
    store: Store, urls: Sequence[str], *, policy: ConnectionPolicy, clock: Clock
) -> tuple[RelayHealth, ...]:
    """What is known of each relay, and how it answers now; all are asked at a time, nothing is raised."""
    return await run_together(*(_ask(known_health(store, url), policy, clock) for url in urls))


async def send_canaries(
    store: Store,
    urls: Sequence[str],
    *,
    signer: Signer,
    stranger: Signer,
    kind: int,
    policy: ConnectionPolicy,
    clock: Clock,
) -> None:
    """Send a canary to each relay, and remember what became of it; relays that are away are passed over.

    The arguments are those of `send_canary`.
    """

    async def send(url: str) -> tuple[str, CanaryReport] | None:
        try:
            report = await send_canary(
                url, signer=signer, stranger=stranger, kind=kind, policy=policy, clock=clock
            )
        except RelayError:
            return None
        return url, report

    for found in await run_together(*(send(url) for url in urls)):
        if found is not None:
            _remember(store, *found)


def needs_canary(health: RelayHealth, *, now: int) -> bool:
    """Whether what is known of a relay that answers is too old, or nothing."""
    is_recent = health.canary is not None and now < health.canary.sent_at + CANARY_AGE_S
    return not is_recent and health.condition is not RelayCondition.UNREACHABLE


async def _ask(health: RelayHealth, policy: ConnectionPolicy, clock: Clock) -> RelayHealth:
    asked = await _measure(health, policy, clock)
    if asked.condition is RelayCondition.UNREACHABLE:
        return asked
    return replace(asked, information=await _information(health.url, policy))


async def _measure(health: RelayHealth, policy: ConnectionPolicy, clock: Clock) -> RelayHealth:
    loop = asyncio.get_running_loop()
    error: RelayError | None = None
    round_trip_ms: int | None = None
    try:
        async with RelayConnection(health.url, policy=policy, clock=clock) as relay:
            asked_at = loop.time()
            try:
                await relay.fetch(Filter(ids=(_NOBODY,), limit=1))
            finally:
                round_trip_ms = round((loop.time() - asked_at) * 1_000)
    except RelayError as failed:
        error = failed
    condition = condition_of(error)
    return replace(
        health,
        condition=condition,
        reason=error.message if error else "",
        round_trip_ms=None if condition is RelayCondition.UNREACHABLE else round_trip_ms,
    )


async def _information(url: str, policy: ConnectionPolicy) -> RelayInformation | None:
    try:
        return await fetch_information(url, policy=policy)
    except RelayError:
        return None


def _remember(store: Store, url: str, report: CanaryReport) -> None:
    text = json.dumps(asdict(report), ensure_ascii=True)
    store.write(lambda transaction: transaction.set_setting(f"{_SETTING}{transaction.add_relay(url)}", text))


def _canary_from_json(text: str | None) -> CanaryReport | None:
    if text is None:
        return None
    fields: dict[str, Any] = json.loads(text)
    return CanaryReport(
        event_id=fields["event_id"],
        sent_at=fields["sent_at"],
        is_accepted=fields["is_accepted"],
        said=fields["said"],
        anonymous=_reading_from(fields["anonymous"]),
        other=_reading_from(fields["other"]),
        author=_reading_from(fields["author"]),
    )


def _reading_from(fields: dict[str, str]) -> CanaryReading:
    return CanaryReading(sight=Sight(fields["sight"]), reason=fields["reason"])
