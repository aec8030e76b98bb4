"""NIP-42: the answer to a challenge, and what a relay accepts as one."""

from __future__ import annotations

import pytest

from nostr_usage.errors import EventError
from nostr_usage.nostr.auth import AUTH_AGE_MAX_S, AUTH_KIND, auth_event, check_auth_event
from nostr_usage.nostr.event import event_from_object, event_to_object
from tests.nostr.samples import NOW, RELAY, SIGNER, signed

CHALLENGE = "3f1c"
ANSWER = auth_event(challenge=CHALLENGE, relay=RELAY, created_at=NOW, signer=SIGNER)


def test_the_answer_is_what_the_nip_asks_for() -> None:
    """Kind 22242 with the relay and the challenge, signed by us, now."""
    assert (SIGNER.pubkey, NOW, 22242, "") == (ANSWER.pubkey, ANSWER.created_at, ANSWER.kind, ANSWER.content)
    assert (("relay", RELAY), ("challenge", CHALLENGE)) == ANSWER.tags
    assert ANSWER == check_auth_event(ANSWER, challenge=CHALLENGE, relay=RELAY, now=NOW)


@pytest.mark.parametrize("relay", [f"{RELAY}/", "wss://RELAY.example:443/path", "ws://relay.example"])
def test_the_host_is_enough(relay: str) -> None:
    """NIP-42 asks only for the domain to be the relay's."""
    assert ANSWER == check_auth_event(ANSWER, challenge=CHALLENGE, relay=relay, now=NOW)


@pytest.mark.parametrize("now", [NOW - AUTH_AGE_MAX_S, NOW + AUTH_AGE_MAX_S])
def test_ten_minutes_either_way_are_allowed(now: int) -> None:
    """Clocks differ."""
    assert ANSWER == check_auth_event(ANSWER, challenge=CHALLENGE, relay=RELAY, now=now)


@pytest.mark.parametrize(
    ("challenge", "relay", "now", "message"),
    [
        ("other", RELAY, NOW, "another challenge"),
        (CHALLENGE, "wss://other.example", NOW, "another relay"),
        (CHALLENGE, RELAY, NOW + AUTH_AGE_MAX_S + 1, "more than 600 seconds"),
        (CHALLENGE, RELAY, NOW - AUTH_AGE_MAX_S - 1, "more than 600 seconds"),
    ],
)
def test_an_answer_to_something_else_is_refused(challenge: str, relay: str, now: int, message: str) -> None:
    """An overheard answer opens no other connection, no other relay, and nothing later."""
    with pytest.raises(EventError, match=message):
        check_auth_event(ANSWER, challenge=challenge, relay=relay, now=now)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ((("challenge", CHALLENGE),), "another relay"),
        ((("challenge", CHALLENGE), ("relay", "wss://[")), "another relay"),
        ((("relay", RELAY),), "another challenge"),
    ],
)
def test_an_answer_without_its_tags_is_refused(tags: tuple[tuple[str, ...], ...], message: str) -> None:
    """Both tags are needed, and the relay must be a URL."""
    event = signed(kind=AUTH_KIND, tags=tags)
    with pytest.raises(EventError, match=message):
        check_auth_event(event, challenge=CHALLENGE, relay=RELAY, now=NOW)


def test_another_kind_is_refused() -> None:
    """A published event is no proof that its author is connected."""
    event = signed(kind=1, tags=ANSWER.tags)
    with pytest.raises(EventError, match="kind is not 22242"):
        check_auth_event(event, challenge=CHALLENGE, relay=RELAY, now=NOW)


def test_a_false_signature_is_refused() -> None:
    """Whoever else wrote it, the key did not."""
    forged = event_from_object(event_to_object(ANSWER) | {"sig": "0" * 128})
    with pytest.raises(EventError, match="bad signature"):
        check_auth_event(forged, challenge=CHALLENGE, relay=RELAY, now=NOW)
