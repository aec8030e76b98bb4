"""The limits of one connection, so that no relay can hold up, flood or misdirect a reader."""

from __future__ import annotations

from dataclasses import dataclass

MESSAGE_BYTES_MAX = 256 * 1024
"""Four times the largest event that relays store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPolicy:
    """What a connection may do and how long it waits.

    Attributes:
        allow_local: whether a URL may lead to a loopback or private address. Relay URLs also come from
            manifests and profiles that somebody else wrote; those must not reach into this network.
        proxy: URL of an HTTP or SOCKS proxy; None connects directly, whatever the environment says.
        connect_timeout_s: to resolve the name, connect, and shake hands.
        silence_timeout_s: while an answer is due: the longest time without any useful message.
        request_timeout_s: for one request or one publication as a whole.
        requests_max: subscriptions open at a time on one connection.
        unacknowledged_max: events sent and not yet answered.
        events_max: events that one request collects before its EOSE.
    """

    allow_local: bool = False
    proxy: str | None = None
    connect_timeout_s: float = 10.0
    silence_timeout_s: float = 20.0
    request_timeout_s: float = 120.0
    requests_max: int = 16
    unacknowledged_max: int = 200
    events_max: int = 5_000
