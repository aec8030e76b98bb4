"""A small strict relay for this machine or its network: websockets in front, SQLite behind.

    relay           the server: connections, the information document (NIP-11), start and stop
    client          one connection: each message in turn, each answered
    policy          limits and access: what is accepted, and from whom
    authentication  NIP-42
    publisher       checked events ─▶ one commit for all that wait ─▶ OK, then the live subscriptions
    subscription    stored events first, then new ones, none twice and none left out
    outgoing        frames to one client
    event_store     writing: what is kept, replaced, deleted
    event_reader    reading: pages and counts
    query           filters as SQL
    database        the file, its schema, and the hashes under which events are found
    information     what NIP-11 shows

An OK true means that the event has reached the disk. The rest of the library uses `EmbeddedRelay` only.
"""

from __future__ import annotations

from nostr_usage.embedded.policy import RelayAccess, RelayLimits
from nostr_usage.embedded.relay import EmbeddedRelay

__all__ = ["EmbeddedRelay", "RelayAccess", "RelayLimits"]
