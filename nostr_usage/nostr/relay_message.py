"""What relays send (NIP-01, 42, 45, 67, 77). Items beyond those known are ignored: messages do grow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from nostr_usage.errors import EventError, MessageError
from nostr_usage.nostr.event import Event, event_from_object, event_to_object
from nostr_usage.nostr.json_text import INTEGER_MAX
from nostr_usage.nostr.message_items import (
    check_length,
    event_id,
    hex_bytes_at,
    parse_items,
    string_at,
    subscription_id,
)

# Twice what strfry accepts from clients: an event may come back with more of its characters escaped.
RELAY_MESSAGE_BYTES_MAX = 262_144
# Longer challenges are no challenges: they are signed and sent back.
CHALLENGE_CHARS_MAX = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayEvent:
    """`["EVENT", subscription id, event]`: an event with the right shape and id, its signature unchecked."""

    subscription_id: str
    event: Event

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("EVENT", self.subscription_id, event_to_object(self.event))


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayMalformedEvent:
    """An EVENT whose event is none, as `reason` says; never sent, so it has no form on the wire."""

    subscription_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayOk:
    """`["OK", event id, accepted, text]`: the answer to an EVENT or AUTH; `parse_reason` reads the text."""

    event_id: str
    accepted: bool
    text: str = ""

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("OK", self.event_id, self.accepted, self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayEose:
    """`["EOSE", subscription id]`: the stored events were sent; `hints` may say whether all (NIP-67)."""

    subscription_id: str
    hints: tuple[str, ...] = ()

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("EOSE", self.subscription_id, *((self.hints,) if self.hints else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayClosed:
    """`["CLOSED", subscription id, text]`: the relay ends the subscription; `parse_reason` reads the text."""

    subscription_id: str
    text: str

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("CLOSED", self.subscription_id, self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayNotice:
    """`["NOTICE", text]`: for people; there are no rules for it, so nothing may depend on it."""

    text: str

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("NOTICE", self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayAuth:
    """`["AUTH", challenge]` (NIP-42): valid until the next one or the end of the connection."""

    challenge: str

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("AUTH", self.challenge)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayCount:
    """`["COUNT", subscription id, {"count": n}]` (NIP-45)."""

    subscription_id: str
    count: int
    is_approximate: bool = False

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        answer: dict[str, object] = {"count": self.count}
        if self.is_approximate:
            answer["approximate"] = True
        return ("COUNT", self.subscription_id, answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayNegMessage:
    """`["NEG-MSG", subscription id, hex]` (NIP-77): the other side's turn in a reconciliation."""

    subscription_id: str
    message: bytes

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("NEG-MSG", self.subscription_id, self.message.hex())


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayNegError:
    """`["NEG-ERR", subscription id, text]` (NIP-77): the reconciliation is over; `parse_reason` reads it."""

    subscription_id: str
    text: str

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("NEG-ERR", self.subscription_id, self.text)


SendableRelayMessage = (
    RelayEvent
    | RelayOk
    | RelayEose
    | RelayClosed
    | RelayNotice
    | RelayAuth
    | RelayCount
    | RelayNegMessage
    | RelayNegError
)
RelayMessage = SendableRelayMessage | RelayMalformedEvent


def parse_relay_message(data: bytes | str, *, bytes_max: int = RELAY_MESSAGE_BYTES_MAX) -> RelayMessage:
    """The message in one frame from a relay; an EVENT whose event is malformed is a `RelayMalformedEvent`.

    Raises:
        MessageError: if it is too long, not JSON, of an unknown verb, or has an item of the wrong type.
    """
    verb, items = parse_items(data, bytes_max=bytes_max)
    parse = _PARSERS.get(verb)
    if parse is None:
        raise MessageError(f"unknown message {verb[:40]!r}")
    return parse(items)


def _event(items: list[object]) -> RelayEvent | RelayMalformedEvent:
    check_length(items, 3)
    subscription = subscription_id(items)
    try:
        return RelayEvent(subscription_id=subscription, event=event_from_object(items[2]))
    except EventError as error:
        return RelayMalformedEvent(subscription_id=subscription, reason=error.message)


def _ok(items: list[object]) -> RelayOk:
    check_length(items, 4)
    answered, accepted = event_id(items[1]), items[2]
    if answered is None or not isinstance(accepted, bool):
        raise MessageError("OK without an event id and a boolean")
    return RelayOk(event_id=answered, accepted=accepted, text=string_at(items, 3, "reason"))


def _eose(items: list[object]) -> RelayEose:
    check_length(items, 2)
    hints = items[2] if len(items) > 2 else ()
    if not isinstance(hints, list):
        return RelayEose(subscription_id=subscription_id(items))
    strings = tuple(hint for hint in cast("list[object]", hints) if isinstance(hint, str))
    return RelayEose(subscription_id=subscription_id(items), hints=strings)


def _closed(items: list[object]) -> RelayClosed:
    check_length(items, 3)
    return RelayClosed(subscription_id=subscription_id(items), text=string_at(items, 2, "reason"))


def _notice(items: list[object]) -> RelayNotice:
    check_length(items, 2)
    return RelayNotice(text=string_at(items, 1, "notice"))


def _auth(items: list[object]) -> RelayAuth:
    check_length(items, 2)
    challenge = string_at(items, 1, "challenge")
    if not 0 < len(challenge) <= CHALLENGE_CHARS_MAX or not challenge.isprintable():
        raise MessageError(f"challenge is not 1 to {CHALLENGE_CHARS_MAX} printable characters")
    return RelayAuth(challenge=challenge)


def _count(items: list[object]) -> RelayCount:
    check_length(items, 3)
    answer = items[2]
    if not isinstance(answer, dict):
        raise MessageError("COUNT without an object")
    fields = cast("dict[str, object]", answer)
    count = fields.get("count")
    if type(count) is not int or not 0 <= count <= INTEGER_MAX:
        raise MessageError(f"count is not an integer from 0 to {INTEGER_MAX}")
    approximate = fields.get("approximate") is True
    return RelayCount(subscription_id=subscription_id(items), count=count, is_approximate=approximate)


def _neg_message(items: list[object]) -> RelayNegMessage:
    check_length(items, 3)
    return RelayNegMessage(subscription_id=subscription_id(items), message=hex_bytes_at(items, 2, "NEG-MSG"))


def _neg_error(items: list[object]) -> RelayNegError:
    check_length(items, 3)
    return RelayNegError(subscription_id=subscription_id(items), text=string_at(items, 2, "reason"))


_PARSERS: dict[str, Callable[[list[object]], RelayMessage]] = {
    "EVENT": _event,
    "OK": _ok,
    "EOSE": _eose,
    "CLOSED": _closed,
    "NOTICE": _notice,
    "AUTH": _auth,
    "COUNT": _count,
    "NEG-MSG": _neg_message,
    "NEG-ERR": _neg_error,
}
