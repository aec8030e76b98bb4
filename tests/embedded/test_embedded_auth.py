"""NIP-42 and NIP-70 at the embedded relay: who may read and write, and what proves a key."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.embedded import EmbeddedRelay, RelayAccess
from nostr_usage.nostr.event import event_to_object
from nostr_usage.nostr.signer import Signer
from tests.raw_client import RawClient, connected
from tests.signed_events import NOW, signed, signer_of, with_forged_signature

PRIVATE = RelayAccess(auth_to_read=True, auth_to_write=True)


@pytest.fixture
async def private_relay(clock: ManualClock) -> AsyncGenerator[EmbeddedRelay]:
    """A relay that asks for a key before anything."""
    async with EmbeddedRelay(None, clock=clock, access=PRIVATE, public_urls=["wss://relay.example"]) as relay:
        yield relay


async def challenge_of(client: RawClient) -> str:
    """The challenge that the relay sends first."""
    message = await client.receive()
    assert "AUTH" == message[0]
    return message[1]


async def authenticate(
    client: RawClient,
    signer: Signer,
    *,
    challenge: str,
    relay: str,
    kind: int = 22_242,
    created_at: int = NOW,
) -> list[object]:
    """The relay's OK to an AUTH."""
    event = signed(
        signer, kind=kind, created_at=created_at, tags=(("relay", relay), ("challenge", challenge))
    )
    answer = await client.ask("AUTH", event_to_object(event))
    assert ["OK", event.id] == answer[:2]
    return answer[2:]


async def test_nothing_goes_without_a_key(private_relay: EmbeddedRelay, signer: Signer) -> None:
    """Publishing, reading and counting are refused with `auth-required`."""
    async with connected(private_relay.url) as client:
        await challenge_of(client)
        assert (False, "auth-required: prove a key to publish here") == await client.publish(signed(signer))
        closed = ["CLOSED", "s", "auth-required: prove a key to read here"]
        assert closed == await client.ask("REQ", "s", {"kinds": [1]})
        assert closed == await client.ask("COUNT", "s", {"kinds": [1]})


async def test_a_proved_key_opens_the_connection(private_relay: EmbeddedRelay, signer: Signer) -> None:
    """After AUTH the same requests are answered; another connection has to prove its own."""
    async with connected(private_relay.url) as client, connected(private_relay.url) as other:
        challenge = await challenge_of(client)
        assert challenge != await challenge_of(other)
        assert [True, ""] == await authenticate(client, signer, challenge=challenge, relay=private_relay.url)
        event = signed(signer_of(2))
        assert (True, "") == await client.publish(event)
        assert [event.id] == await client.query({"kinds": [1]})
        assert not (await other.publish(event))[0]


@pytest.mark.parametrize("relay", ["wss://relay.example/", "WSS://Relay.Example:443", "loopback"])
async def test_the_relay_is_known_by_any_of_its_names(
    private_relay: EmbeddedRelay, signer: Signer, relay: str
) -> None:
    """Host and port must match one of its URLs; names for loopback are one."""
    if relay == "loopback":
        relay = private_relay.url.replace("127.0.0.1", "localhost")
    async with connected(private_relay.url) as client:
        challenge = await challenge_of(client)
        assert [True, ""] == await authenticate(client, signer, challenge=challenge, relay=relay)


async def test_an_answer_that_proves_nothing_is_invalid(private_relay: EmbeddedRelay, signer: Signer) -> None:
    """Wrong challenge, relay, kind or time; and the connection stays closed to it."""
    async with connected(private_relay.url) as client:
        challenge, url = await challenge_of(client), private_relay.url
        other_relay = "invalid: the event is for another relay"
        wrong_challenge = "invalid: that is not the challenge of this connection"
        wrong_time = "invalid: created_at is too far from now"
        for answer, reason in (
            (await authenticate(client, signer, challenge="x", relay=url), wrong_challenge),
            (
                await authenticate(client, signer, challenge=challenge, relay="wss://evil.example"),
                other_relay,
            ),
            (await authenticate(client, signer, challenge=challenge, relay="ws://127.0.0.1:1/"), other_relay),
            (await authenticate(client, signer, challenge=challenge, relay="ws://[::1"), other_relay),
            (await authenticate(client, signer, challenge=challenge, relay=""), other_relay),
            (
                await authenticate(client, signer, challenge=challenge, relay=url, kind=1),
                "invalid: kind 1 does not authenticate",
            ),
            (
                await authenticate(client, signer, challenge=challenge, relay=url, created_at=NOW - 601),
                wrong_time,
            ),
        ):
            assert [False, reason] == answer
        assert not (await client.publish(signed(signer)))[0]


async def test_a_forged_answer_is_invalid(private_relay: EmbeddedRelay, signer: Signer) -> None:
    """The signature of an AUTH is checked like any other."""
    async with connected(private_relay.url) as client:
        challenge = await challenge_of(client)
        tags = (("relay", private_relay.url), ("challenge", challenge))
        event = with_forged_signature(signed(signer, kind=22_242, tags=tags))
        answer = await client.ask("AUTH", event_to_object(event))
        assert ["OK", event.id, False, "invalid: bad signature"] == answer


async def test_keys_that_are_no_members_are_restricted(clock: ManualClock, signer: Signer) -> None:
    """A key that is proved but not listed is told so."""
    access = RelayAccess(auth_to_read=True, members=frozenset({signer_of(2).pubkey}))
    async with EmbeddedRelay(None, clock=clock, access=access) as relay, connected(relay.url) as client:
        challenge = await challenge_of(client)
        await authenticate(client, signer, challenge=challenge, relay=relay.url)
        refused = ["CLOSED", "s", "restricted: this key may not read here"]
        assert refused == await client.ask("REQ", "s", {"kinds": [1]})
        await authenticate(client, signer_of(2), challenge=challenge, relay=relay.url)
        assert [] == await client.query({"kinds": [1]})


async def test_reading_can_be_free_while_writing_is_not(clock: ManualClock, signer: Signer) -> None:
    """The two settings are independent."""
    access = RelayAccess(auth_to_write=True)
    async with EmbeddedRelay(None, clock=clock, access=access) as relay, connected(relay.url) as client:
        await challenge_of(client)
        assert [] == await client.query({"kinds": [1]})
        assert not (await client.publish(signed(signer)))[0]


async def test_protected_events_need_their_author(private_relay: EmbeddedRelay, signer: Signer) -> None:
    """NIP-70: only the key that signed it may publish it."""
    event = signed(signer, tags=(("-",),))
    async with connected(private_relay.url) as client:
        challenge = await challenge_of(client)
        await authenticate(client, signer_of(2), challenge=challenge, relay=private_relay.url)
        refused = (False, "auth-required: only its author may publish a protected event")
        assert refused == await client.publish(event)
        await authenticate(client, signer, challenge=challenge, relay=private_relay.url)
        assert (True, "") == await client.publish(event)


async def test_an_open_relay_has_no_challenge(embedded_relay: EmbeddedRelay, signer: Signer) -> None:
    """An AUTH that nobody asked for proves nothing."""
    async with connected(embedded_relay.url) as client:
        answer = await authenticate(client, signer, challenge="", relay=embedded_relay.url)
        assert [False, "invalid: there was no challenge"] == answer
