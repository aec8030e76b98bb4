"""Signed events for tests, in one line each."""

from __future__ import annotations

import random

from nostr_usage.nostr.event import Event, UnsignedEvent, VerifiedEvent, sign_event
from nostr_usage.nostr.keys import generate_secret_key
from nostr_usage.nostr.signer import Signer
from nostr_usage.nostr.tags import Tag

NOW = 1_770_000_000


def signer_of(seed: int) -> Signer:
    """A key that signs any kind; one seed, one key."""
    entropy = random.Random(seed).randbytes
    return Signer(generate_secret_key(entropy), entropy=entropy, refused_kinds=frozenset())


def signed(
    signer: Signer, *, kind: int = 1, created_at: int = NOW, tags: tuple[Tag, ...] = (), content: str = ""
) -> VerifiedEvent:
    """An event of this author."""
    unsigned = UnsignedEvent(
        pubkey=signer.pubkey, created_at=created_at, kind=kind, tags=tags, content=content
    )
    return sign_event(unsigned, signer)


def with_forged_signature(event: Event) -> Event:
    """The same event with a signature that nobody made."""
    return Event(
        id=event.id,
        pubkey=event.pubkey,
        created_at=event.created_at,
        kind=event.kind,
        tags=event.tags,
        content=event.content,
        sig=event.sig[:-2] + ("00" if event.sig[-2:] != "00" else "01"),
    )
