"""Scripted conversations between a session and a relay: what it hears, what it says."""

from __future__ import annotations

import json
from typing import Any, cast

from nostr_usage.nostr.event import Event, event_from_object, event_to_object
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.reason import Prefix, Reason, Verdict
from nostr_usage.nostr.session import (
    RelaySession,
    SessionEvent,
    SubscriptionClosed,
    Violation,
)
from tests.nostr.samples import RELAY, signed

WANTED = Filter(kinds=(1,), limit=10)
EVENT: Event = event_from_object(event_to_object(signed(content="one")))
OTHER_KIND: Event = event_from_object(event_to_object(signed(kind=7)))
FORGED = event_to_object(EVENT) | {"content": "forged"}
NO_REASON = Reason(prefix=Prefix.NONE, text="")


def session(**options: Any) -> RelaySession:
    """A fresh connection, anonymous unless told otherwise."""
    return RelaySession(RELAY, **options)


def hears(connection: RelaySession, *items: object) -> SessionEvent:
    """What it makes of a frame with these items."""
    return connection.receive(json.dumps(items))


def says(frame: str | None) -> list[Any]:
    """The items of a frame to send."""
    assert frame is not None
    return cast("list[Any]", json.loads(frame))


def violation(reason: str, subscription_id: str | None = None) -> Violation:
    """A violation by the relay of these tests."""
    return Violation(relay=RELAY, reason=reason, subscription_id=subscription_id)


def closed(subscription_id: str, reason: Reason, verdict: Verdict) -> SubscriptionClosed:
    """The end of a request."""
    return SubscriptionClosed(subscription_id=subscription_id, reason=reason, verdict=verdict)


def answered(
    connection: RelaySession, event_id: str, *, accepted: bool = True, text: str = ""
) -> SessionEvent:
    """What it makes of the OK to that event."""
    return hears(connection, "OK", event_id, accepted, text)


def begin(connection: RelaySession, sort: str) -> None:
    """Open a request of that sort under the id `x`."""
    if sort == "subscription":
        connection.request("x", (WANTED,))
    elif sort == "count":
        connection.count("x", (WANTED,))
    else:
        connection.reconcile("x", WANTED, b"a")
