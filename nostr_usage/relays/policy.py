"""The limits of one connection, so that no relay can hold up, flood or misdirect a reader."""

from __future__ import annotations

from dataclasses import dataclass

MESSAGE_BYTES_MAX = 256 * 1024
"""Four times the largest event that relays store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPolicy:
    """What a connection may do and how long it waits.

    Attributes:
        allow_local: whether any URL may lead to a loopback or private address. Relay URLs also come from
            manifests and profiles that somebody else wrote; those must not reach into this network.
        local_urls: the normalised URLs that may, each for itself: being next to one of them says nothing
            about where another leads.
        proxy: URL of an HTTP or SOCKS proxy; None connects directly, whatever the environment says.
        connect_timeout_s: to resolve the name, connect, and shake hands.
        silence_timeout_s: while an answer is due: the longest time without any useful message.
        request_timeout_s: for one request or one publication as a whole.
        relay_timeout_s: for all requests of one pass over a ledger to one relay, or all that one run over the
            outbox sends to it; the next goes on where it ended.
        requests_max: subscriptions open at a time on one connection.
        unacknowledged_max: events sent and not yet answered.
        events_max: events that one request collects before its EOSE.
        request_bytes_max: memory, about, that the events of one request may take; the answer is cut there,
            as relays cut answers anyway.
        collected_bytes_max: the same for all requests under way on one connection.
    """

    allow_local: bool = False
    local_urls: frozenset[str] = frozenset()
    proxy: str | None = None
    connect_timeout_s: float = 10.0
    silence_timeout_s: float = 20.0
    request_timeout_s: float = 120.0
    relay_timeout_s: float = 600.0
    requests_max: int = 16
    unacknowledged_max: int = 200
    events_max: int = 5_000
    request_bytes_max: int = 4 * 1024 * 1024
    collected_bytes_max: int = 32 * 1024 * 1024

    def may_be_local(self, url: str) -> bool:
        """Whether the relay at a normalised URL may stand in this machine or network."""
        return self.allow_local or url in self.local_urls
