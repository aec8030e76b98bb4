"""Messages both ways: parsed from the frames of a websocket, and written for them."""

from __future__ import annotations

from nostr_usage.nostr.client_message import (
    AuthMessage,
    ClientMessage,
    CloseMessage,
    CountMessage,
    EventMessage,
    MalformedClientMessage,
    NegClose,
    NegMessage,
    NegOpen,
    ReqMessage,
    SendableClientMessage,
    parse_client_message,
)
from nostr_usage.nostr.json_text import write_json
from nostr_usage.nostr.relay_message import (
    RelayAuth,
    RelayClosed,
    RelayCount,
    RelayEose,
    RelayEvent,
    RelayMalformedEvent,
    RelayMessage,
    RelayNegError,
    RelayNegMessage,
    RelayNotice,
    RelayOk,
    SendableRelayMessage,
    parse_relay_message,
)

__all__ = [
    "AuthMessage",
    "ClientMessage",
    "CloseMessage",
    "CountMessage",
    "EventMessage",
    "MalformedClientMessage",
    "NegClose",
    "NegMessage",
    "NegOpen",
    "RelayAuth",
    "RelayClosed",
    "RelayCount",
    "RelayEose",
    "RelayEvent",
    "RelayMalformedEvent",
    "RelayMessage",
    "RelayNegError",
    "RelayNegMessage",
    "RelayNotice",
    "RelayOk",
    "ReqMessage",
    "SendableClientMessage",
    "SendableRelayMessage",
    "encode_message",
    "parse_client_message",
    "parse_relay_message",
]


def encode_message(message: SendableClientMessage | SendableRelayMessage) -> str:
    """The text of the frame that carries `message`."""
    return write_json(message.to_array()).decode()
