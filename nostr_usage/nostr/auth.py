"""NIP-42: the event that proves to a relay who is connected; it is never published."""

from __future__ import annotations

from urllib.parse import urlsplit

from nostr_usage.errors import EventError
from nostr_usage.nostr.event import Event, UnsignedEvent, VerifiedEvent, sign_event, verify_event
from nostr_usage.nostr.signer import Signer
from nostr_usage.nostr.tags import first_tag_value

AUTH_KIND = 22242
# NIP-42 suggests about ten minutes; strfry allows one.
AUTH_AGE_MAX_S = 600


def auth_event(*, challenge: str, relay: str, created_at: int, signer: Signer) -> VerifiedEvent:
    """The signed answer to `challenge` by the relay at the URL `relay`; `created_at` is now, in unix seconds.

    Raises:
        EventError: if the challenge or URL holds a character that cannot be signed.
    """
    tags = (("relay", relay), ("challenge", challenge))
    unsigned = UnsignedEvent(pubkey=signer.pubkey, created_at=created_at, kind=AUTH_KIND, tags=tags)
    return sign_event(unsigned, signer)


def check_auth_event(event: Event, *, challenge: str, relay: str, now: int) -> VerifiedEvent:
    """The event, once it is found to answer `challenge` for the relay at the URL `relay`, signed lately.

    Raises:
        EventError: if it does not; the message is short enough to be a relay's reason.
    """
    if event.kind != AUTH_KIND:
        raise EventError(f"kind is not {AUTH_KIND}")
    if first_tag_value(event.tags, "challenge") != challenge:
        raise EventError("another challenge")
    if _host(first_tag_value(event.tags, "relay") or "") != _host(relay):
        raise EventError("another relay")
    if abs(event.created_at - now) > AUTH_AGE_MAX_S:
        raise EventError(f"created_at is more than {AUTH_AGE_MAX_S} seconds from now")
    return verify_event(event)


def _host(url: str) -> str | None:
    """The host of the URL, which is all that NIP-42 asks to compare; None if it has none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
