"""Operators who publish, and what became of their events."""

from __future__ import annotations

from random import Random

from nostr_usage.nostr.message import EventMessage
from nostr_usage.publish import PublishReport, RelayOutcome, publish_due
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.store import ObjectionRow, OutboxState
from tests.operators import OperatorOfTests
from tests.scripted_relay import ScriptedRelay

LOCAL = ConnectionPolicy(
    allow_local=True, silence_timeout_s=0.4, request_timeout_s=0.8, connect_timeout_s=2.0, relay_timeout_s=2.0
)


async def publish(operator: OperatorOfTests, *relays: str, auth: bool = False) -> PublishReport:
    """One run over everything that is due, at short deadlines."""
    return await publish_due(
        operator.store,
        relays=relays,
        policy=LOCAL,
        clock=operator.clock,
        random=Random(1),
        signer=operator.operator.signer if auth else None,
    )


def event_ids(operator: OperatorOfTests) -> list[str]:
    """The ids of all that was signed, in the order of commit."""
    with operator.store.read() as reader:
        return [event.event_id for event in reader.events()]


def states(operator: OperatorOfTests, url: str) -> dict[OutboxState, int]:
    """How many events are in which state with one relay."""
    with operator.store.read() as reader:
        numbers = {relay.url: relay.relay_no for relay in reader.relays()}
        return {row.state: row.count for row in reader.outbox_counts() if row.relay_no == numbers[url]}


def confirmed(operator: OperatorOfTests, url: str) -> set[str]:
    """The ids of the events that count as stored by one relay."""
    with operator.store.read() as reader:
        number = next(relay.relay_no for relay in reader.relays() if relay.url == url)
        return {
            event.event_id
            for event_no, event in enumerate(reader.events(), start=1)
            for row in reader.outbox_of(event_no)
            if row.relay_no == number and row.state is OutboxState.CONFIRMED
        }


def objections(operator: OperatorOfTests) -> tuple[ObjectionRow, ...]:
    """What the first relay has against events."""
    with operator.store.read() as reader:
        return reader.objections(0, limit=10)


def outcome(report: PublishReport, url: str) -> RelayOutcome:
    """What the report says of one relay."""
    return next(found for found in report.relays if found.url == url)


def sent(relay: ScriptedRelay) -> list[str]:
    """The ids of the events that a relay was sent, in order."""
    return [message.event.id for message in relay.received if isinstance(message, EventMessage)]
