"""The seal: why no event of the ledger can take the place of another on a relay.

Kind 30078 is addressable, so a relay keeps one event per (kind, pubkey, `d`). Every event of the ledger ends
its `d` with a hash of everything else in it: a retry is byte for byte the same, a rewrite is a second event,
and relays keep both as evidence. PROTOCOL.md, "Why the seal is in d".
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import orjson

from nostr_usage.nostr.event import Event, Tag, UnsignedEvent

VERSION = "ul1"


def sealed_event(
    *, kind: int, pubkey: str, created_at: int, prefix: str, tags: Sequence[Tag], content: str
) -> UnsignedEvent:
    """The event whose first tag is `d` = prefix + seal, followed by `tags`."""
    seal = _seal(kind, pubkey, created_at, prefix, tags, content)
    return UnsignedEvent(
        pubkey=pubkey,
        created_at=created_at,
        kind=kind,
        tags=(("d", prefix + seal), *tags),
        content=content,
    )


def is_sealed(event: Event, *, prefix: str) -> bool:
    """Whether the event's first tag is its `d`, with this prefix and the right seal."""
    expected = prefix + _seal(
        event.kind, event.pubkey, event.created_at, prefix, event.tags[1:], event.content
    )
    return event.tags[:1] == (("d", expected),)


def sealed_text(
    kind: int, pubkey: str, created_at: int, prefix: str, tags: Sequence[Tag], content: str
) -> bytes:
    """What the seal is a hash of: a JSON array, serialised as NIP-01 serialises an event."""
    return orjson.dumps([VERSION, kind, pubkey, created_at, prefix, tags, content])


def seal_of(text: bytes) -> str:
    """Hex SHA-256 of a sealed text."""
    return hashlib.sha256(text).hexdigest()


def _seal(kind: int, pubkey: str, created_at: int, prefix: str, tags: Sequence[Tag], content: str) -> str:
    return seal_of(sealed_text(kind, pubkey, created_at, prefix, tags, content))
