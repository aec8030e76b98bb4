"""A connection to a relay of a test, and some events to publish and to ask for."""

from __future__ import annotations

from collections.abc import Iterable

from nostr_usage.clock import ManualClock
from nostr_usage.nostr.event import Event
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.signer import Signer
from nostr_usage.relays.connection import RelayConnection
from nostr_usage.relays.policy import ConnectionPolicy
from tests.scripted_relay import ScriptedRelay
from tests.signed_events import NOW, signed, signer_of

LOCAL = ConnectionPolicy(allow_local=True)
IMPATIENT = ConnectionPolicy(allow_local=True, silence_timeout_s=0.05)
ALL = Filter(kinds=(1,), limit=100)
SIGNER = signer_of(1)
EVENTS = tuple(signed(SIGNER, created_at=NOW + number, content=str(number)) for number in range(5))


def connection(
    relay: ScriptedRelay | str, *, policy: ConnectionPolicy = LOCAL, signer: Signer | None = None
) -> RelayConnection:
    """A connection to a relay of a test."""
    url = relay if isinstance(relay, str) else relay.url
    return RelayConnection(url, policy=policy, clock=ManualClock(NOW), signer=signer)


def ids(events: Iterable[Event]) -> set[str]:
    """The ids of some events."""
    return {event.id for event in events}
