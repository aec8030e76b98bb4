"""NIP-42 as the relay sees it: a challenge, and the keys that answered it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from nostr_usage.errors import EventError
from nostr_usage.nostr.event import Event, verify_event
from nostr_usage.nostr.tags import first_tag_value

AUTH_KIND = 22_242
# NIP-42, "Signed Event Verification": about ten minutes.
AUTH_AGE_S_MAX = 600
_CHALLENGE_BYTES = 16
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS = {"ws": 80, "wss": 443}


class Authentication:
    """What one connection has proved.

    Attributes:
        challenge: hex digits, fresh for each connection.
        proved: public keys, 64 hex digits each.
    """

    __slots__ = ("_urls", "challenge", "proved")

    def __init__(self, *, urls: Collection[str], entropy: Callable[[int], bytes]) -> None:
        self.challenge = entropy(_CHALLENGE_BYTES).hex()
        self.proved: set[str] = set()
        # The Host header is no evidence: whoever stands between can write it, and pass our challenge on.
        self._urls = frozenset(map(_place, urls))

    def prove(self, event: Event, *, now: int) -> str | None:
        """Take the answer to the challenge; the reason for a refusal, or None once the key is proved."""
        if event.kind != AUTH_KIND:
            return f"invalid: kind {event.kind} does not authenticate"
        if abs(now - event.created_at) > AUTH_AGE_S_MAX:
            return "invalid: created_at is too far from now"
        if first_tag_value(event.tags, "challenge") != self.challenge:
            return "invalid: that is not the challenge of this connection"
        if _place(first_tag_value(event.tags, "relay") or "") not in self._urls:
            return "invalid: the event is for another relay"
        try:
            verify_event(event)
        except EventError as error:
            return f"invalid: {error.message}"
        self.proved.add(event.pubkey)
        return None


def _place(url: str) -> tuple[str, int | None]:
    """Host and port: NIP-42 asks for no more to match."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return ("", None)
    host = parts.hostname or ""
    return ("localhost" if host in _LOOPBACK else host, port)
