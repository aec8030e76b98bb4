"""What clients send (NIP-01, 42, 45, 77): strict, because this reader is a relay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from nostr_usage.errors import EventError, FilterError, MessageError
from nostr_usage.nostr.event import Event, event_from_object, event_to_object
from nostr_usage.nostr.filter import Filter, filter_from_object, filter_to_object
from nostr_usage.nostr.message_items import check_length, event_id, hex_bytes_at, parse_items, subscription_id

# What a relay with default settings reads (strfry).
CLIENT_MESSAGE_BYTES_MAX = 131_072
# strfry refuses more in one REQ.
FILTERS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class EventMessage:
    """`["EVENT", event]`: publish it."""

    event: Event

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("EVENT", event_to_object(self.event))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReqMessage:
    """`["REQ", subscription id, filter, …]`: send what matches any of the filters, now and from now on."""

    subscription_id: str
    filters: tuple[Filter, ...]

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("REQ", self.subscription_id, *map(filter_to_object, self.filters))


@dataclass(frozen=True, slots=True, kw_only=True)
class CountMessage:
    """`["COUNT", subscription id, filter, …]` (NIP-45): how many match any of the filters."""

    subscription_id: str
    filters: tuple[Filter, ...]

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("COUNT", self.subscription_id, *map(filter_to_object, self.filters))


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseMessage:
    """`["CLOSE", subscription id]`: end the subscription."""

    subscription_id: str

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("CLOSE", self.subscription_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthMessage:
    """`["AUTH", event]` (NIP-42): the answer to a challenge."""

    event: Event

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("AUTH", event_to_object(self.event))


@dataclass(frozen=True, slots=True, kw_only=True)
class NegOpen:
    """`["NEG-OPEN", subscription id, filter, hex]` (NIP-77): start to reconcile what the filter matches."""

    subscription_id: str
    filter: Filter
    message: bytes

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("NEG-OPEN", self.subscription_id, filter_to_object(self.filter), self.message.hex())


@dataclass(frozen=True, slots=True, kw_only=True)
class NegMessage:
    """`["NEG-MSG", subscription id, hex]` (NIP-77): the client's turn."""

    subscription_id: str
    message: bytes

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("NEG-MSG", self.subscription_id, self.message.hex())


@dataclass(frozen=True, slots=True, kw_only=True)
class NegClose:
    """`["NEG-CLOSE", subscription id]` (NIP-77): end the reconciliation."""

    subscription_id: str

    def to_array(self) -> tuple[object, ...]:
        """The message as on the wire."""
        return ("NEG-CLOSE", self.subscription_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class MalformedClientMessage:
    """A message that can be answered by name, though not obeyed; never sent, so it has no form on the wire.

    Attributes:
        verb: EVENT and AUTH are answered with OK, REQ and COUNT with CLOSED, the NEG- ones with NEG-ERR.
        about: the event id or subscription id to name in the answer.
        reason: what is wrong, without a prefix; `invalid` is the right one.
    """

    verb: str
    about: str
    reason: str


SendableClientMessage = (
    EventMessage | ReqMessage | CountMessage | CloseMessage | AuthMessage | NegOpen | NegMessage | NegClose
)
ClientMessage = SendableClientMessage | MalformedClientMessage


def parse_client_message(data: bytes | str, *, bytes_max: int = CLIENT_MESSAGE_BYTES_MAX) -> ClientMessage:
    """The message in one frame from a client.

    Raises:
        MessageError: if it is too long, not JSON, of an unknown verb, or so wrong that only a NOTICE can
            answer it; otherwise a wrong message is a `MalformedClientMessage`.
    """
    verb, items = parse_items(data, bytes_max=bytes_max)
    parse = _PARSERS.get(verb)
    if parse is None:
        raise MessageError(f"unknown message {verb[:40]!r}")
    return parse(items)


def _event(items: list[object]) -> EventMessage | AuthMessage | MalformedClientMessage:
    check_length(items, 2, 2)
    try:
        event = event_from_object(items[1])
    except EventError as error:
        fields = cast("dict[str, object]", items[1]) if isinstance(items[1], dict) else {}
        named = event_id(fields.get("id"))
        if named is None:
            raise MessageError(error.message) from None
        return MalformedClientMessage(verb=str(items[0]), about=named, reason=error.message)
    return EventMessage(event=event) if items[0] == "EVENT" else AuthMessage(event=event)


def _request(items: list[object]) -> ReqMessage | CountMessage | MalformedClientMessage:
    check_length(items, 3, 2 + FILTERS_MAX)
    subscription = subscription_id(items)
    try:
        filters = tuple(map(filter_from_object, items[2:]))
    except FilterError as error:
        return MalformedClientMessage(verb=str(items[0]), about=subscription, reason=error.message)
    if items[0] == "REQ":
        return ReqMessage(subscription_id=subscription, filters=filters)
    return CountMessage(subscription_id=subscription, filters=filters)


def _close(items: list[object]) -> CloseMessage:
    check_length(items, 2, 2)
    return CloseMessage(subscription_id=subscription_id(items))


def _neg_open(items: list[object]) -> NegOpen | MalformedClientMessage:
    check_length(items, 4, 4)
    subscription = subscription_id(items)
    try:
        wanted, message = filter_from_object(items[2]), hex_bytes_at(items, 3, "NEG-OPEN")
    except (FilterError, MessageError) as error:
        return MalformedClientMessage(verb="NEG-OPEN", about=subscription, reason=error.message)
    return NegOpen(subscription_id=subscription, filter=wanted, message=message)


def _neg_message(items: list[object]) -> NegMessage | MalformedClientMessage:
    check_length(items, 3, 3)
    subscription = subscription_id(items)
    try:
        message = hex_bytes_at(items, 2, "NEG-MSG")
    except MessageError as error:
        return MalformedClientMessage(verb="NEG-MSG", about=subscription, reason=error.message)
    return NegMessage(subscription_id=subscription, message=message)


def _neg_close(items: list[object]) -> NegClose:
    check_length(items, 2, 2)
    return NegClose(subscription_id=subscription_id(items))


_PARSERS: dict[str, Callable[[list[object]], ClientMessage]] = {
    "EVENT": _event,
    "AUTH": _event,
    "REQ": _request,
    "COUNT": _request,
    "CLOSE": _close,
    "NEG-OPEN": _neg_open,
    "NEG-MSG": _neg_message,
    "NEG-CLOSE": _neg_close,
}
