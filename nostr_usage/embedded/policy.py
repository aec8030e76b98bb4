"""What the embedded relay accepts and from whom: bounds like strfry's, so that what passes here passes there.

A refusal is the text of an OK or CLOSED, prefix included (NIP-01, "From relay to client"); None is consent.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from nostr_usage.nostr.event import EVENT_BYTES_MAX, Event
from nostr_usage.nostr.filter import Filter

_DAY_S = 86_400
_HEX_32_BYTES = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayLimits:
    """Every bound of the relay. The defaults are those that strfry ships with, where it has one.

    Attributes:
        event_bytes_max: an event as compact JSON.
        message_bytes_max: a whole message from a client; a longer one ends the connection.
        age_s_max, future_s_max: how far `created_at` may lie before and after now.
        tag_value_bytes_max: the first value of a tag with a one-letter name, which is what gets indexed.
        filters_max: in one REQ or COUNT.
        tag_conditions_max: in one filter.
        events_per_filter_max: larger limits are lowered to it, silently, as everywhere.
        page_bytes_max: the stored events of one answer together; at least one event is always sent.
        subscriptions_max: open at a time on one connection.
        connections_max: open at a time; a further one is turned away with HTTP 503.
        unanswered_events_max: EVENTs of one connection that wait for their OK; then it is not read.
        unsent_bytes_max: waiting for a client that does not read. Answers wait for it to read on, and so do
            its requests; live events for it end the connection.
        query_steps_max: work that one REQ or COUNT may cause, in instructions of SQLite's machine.
    """

    event_bytes_max: int = EVENT_BYTES_MAX
    message_bytes_max: int = 131_072
    age_s_max: int = 3 * 365 * _DAY_S
    future_s_max: int = 15 * 60
    tag_value_bytes_max: int = 255
    filters_max: int = 200
    tag_conditions_max: int = 3
    events_per_filter_max: int = 500
    page_bytes_max: int = 8 * 1024 * 1024
    subscriptions_max: int = 200
    connections_max: int = 200
    unanswered_events_max: int = 1_000
    unsent_bytes_max: int = 4 * 1024 * 1024
    query_steps_max: int = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayAccess:
    """Who may read and write. By default everybody, without authentication: on loopback that is yourself.

    Attributes:
        auth_to_write, auth_to_read: whether a key must be proved first (NIP-42).
        members: the keys that may authenticate, 64 hex digits each; None is any key.
        authors: whose events are taken, 64 hex digits each, whoever brings them; None is anybody's.
    """

    auth_to_write: bool = False
    auth_to_read: bool = False
    members: frozenset[str] | None = None
    authors: frozenset[str] | None = None

    @property
    def asks_for_auth(self) -> bool:
        """Whether clients are sent a challenge."""
        return self.auth_to_read or self.auth_to_write


def event_refusal(event: Event, *, size_bytes: int, limits: RelayLimits, now: int) -> str | None:
    """Why an event may not be stored, whoever sends it; its signature is not looked at."""
    if size_bytes > limits.event_bytes_max:
        return f"invalid: event larger than {limits.event_bytes_max} bytes"
    if event.created_at > now + limits.future_s_max:
        return f"invalid: created_at is more than {limits.future_s_max} s in the future"
    if event.created_at < now - limits.age_s_max:
        return f"invalid: created_at is more than {limits.age_s_max // _DAY_S} days ago"
    return _tags_refusal(event, limits)


def write_refusal(event: Event, *, access: RelayAccess, proved: Collection[str]) -> str | None:
    """Why this event may not be written by a client that has proved the keys `proved`."""
    if access.authors is not None and event.pubkey not in access.authors:
        return "blocked: this relay does not take events of this author"
    if access.auth_to_write and (refusal := _auth_refusal(access, proved, "publish")):
        return refusal
    # NIP-70: somebody else may not pass on an event that its author protected.
    if ("-",) in event.tags and event.pubkey not in proved:
        return (
            "auth-required: only its author may publish a protected event"
            if access.asks_for_auth
            else "blocked: this relay takes no protected events"
        )
    return None


def read_refusal(*, access: RelayAccess, proved: Collection[str]) -> str | None:
    """Why a client that has proved the keys `proved` may not read."""
    return _auth_refusal(access, proved, "read") if access.auth_to_read else None


def filters_refusal(filters: Collection[Filter], limits: RelayLimits) -> str | None:
    """Why these filters are not answered."""
    if len(filters) > limits.filters_max:
        return f"invalid: more than {limits.filters_max} filters"
    if any(len(wanted.tags) > limits.tag_conditions_max for wanted in filters):
        return f"invalid: more than {limits.tag_conditions_max} tag conditions in one filter"
    return None


def _tags_refusal(event: Event, limits: RelayLimits) -> str | None:
    for tag in event.tags:
        if len(tag[0]) != 1 or len(tag) < 2:
            continue
        name, value = tag[0], tag[1]
        # Relays index these two as 32 bytes; strfry refuses an event where they are anything else.
        if name in {"e", "p"} and not _HEX_32_BYTES.fullmatch(value):
            return f"invalid: tag {name} is not 64 lowercase hex digits"
        if 4 * len(value) > limits.tag_value_bytes_max < len(value.encode()):
            return f"invalid: tag {name} has a value longer than {limits.tag_value_bytes_max} bytes"
    return None


def _auth_refusal(access: RelayAccess, proved: Collection[str], verb: str) -> str | None:
    if not proved:
        return f"auth-required: prove a key to {verb} here"
    if access.members is not None and access.members.isdisjoint(proved):
        return f"restricted: this key may not {verb} here"
    return None
