"""What one frame from a relay meant: exactly one of these for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from nostr_usage.nostr.event import Event
from nostr_usage.nostr.reason import Reason, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReceived:
    """An event that the subscription asked for, with the right id; its signature is not checked."""

    subscription_id: str
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class EoseReceived:
    """All stored events that the relay wants to send were sent; what follows is new.

    `is_complete` is what the relay says of itself (NIP-67): True for everything, False for more left, None
    for nothing said. A page without it proves nothing, however short.
    """

    subscription_id: str
    is_complete: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionClosed:
    """The relay refused or ended a subscription, a count or a reconciliation; its id is spent."""

    subscription_id: str
    reason: Reason
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishAnswered:
    """The relay's OK to a published event."""

    event_id: str
    is_accepted: bool
    reason: Reason
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthChallenged:
    """The relay offers authentication (NIP-42); `RelaySession.authenticate` answers, now or when it must."""

    challenge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthAnswered:
    """The relay's OK to the answer; if accepted, send again what it refused for want of it."""

    is_accepted: bool
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class CountReceived:
    """The answer to a count (NIP-45), which is a hint; its id is spent."""

    subscription_id: str
    count: int
    is_approximate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationReceived:
    """The relay's turn in a reconciliation (NIP-77)."""

    subscription_id: str
    message: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeReceived:
    """Text for people, safe to print. There are no rules for it: log it, never act on it."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFrame:
    """A frame about a subscription that has just ended: it crossed with the end, and means nothing."""

    subscription_id: str


class ViolationSort(StrEnum):
    """What a relay did wrong, to be counted."""

    MALFORMED = "malformed"
    """A message, or an event, that is not what NIP-01 says."""
    FOREIGN = "foreign"
    """An event that the filters of its subscription did not ask for."""
    UNASKED = "unasked"
    """A frame about something that nobody asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that a sound relay does not send. It is counted against the relay, and dropped.

    Attributes:
        relay: the relay's URL.
        reason: what was wrong, safe to print.
        subscription_id: the subscription that it was sent for, if one is open.
        sort: what to count it as.
    """

    relay: str
    reason: str
    subscription_id: str | None = None
    sort: ViolationSort = field(default=ViolationSort.MALFORMED, compare=False)


SessionEvent = (
    EventReceived
    | EoseReceived
    | SubscriptionClosed
    | PublishAnswered
    | AuthChallenged
    | AuthAnswered
    | CountReceived
    | ReconciliationReceived
    | NoticeReceived
    | LateFrame
    | Violation
)
