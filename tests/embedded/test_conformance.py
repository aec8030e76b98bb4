"""What NIP-01 says of every relay: the same cases against ours and against one that others wrote."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.embedded import EmbeddedRelay
from nostr_usage.nostr.event import event_to_object
from nostr_usage.nostr.signer import Signer
from tests.raw_client import connected
from tests.sdk_relay import running_sdk_relay
from tests.signed_events import NOW, signed, signer_of, with_forged_signature


@pytest.fixture(params=["embedded", "nostr-sdk"])
async def relay_url(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncGenerator[str]:
    """A relay of each sort."""
    if request.param == "embedded":
        async with EmbeddedRelay(None, clock=clock) as relay:
            yield relay.url
    else:
        async with running_sdk_relay() as url:
            yield url


async def test_an_event_is_taken_and_served_as_it_was(relay_url: str, signer: Signer) -> None:
    """OK true, and a subscription gives the same event back, every field."""
    event = signed(signer, kind=1, tags=(("t", 'ä/\\"\n'), ("x",)), content='ünïcode \U0001f511 "\\\n\t')
    async with connected(relay_url) as client:
        assert (True, "") == await client.publish(event)
        expected = event_to_object(event) | {"tags": [list(tag) for tag in event.tags]}
        assert [expected] == await client.query_events({"ids": [event.id]})


async def test_the_same_event_again_is_a_duplicate(relay_url: str, signer: Signer) -> None:
    """The second time it is accepted too, and called a duplicate."""
    event = signed(signer)
    async with connected(relay_url) as client:
        await client.publish(event)
        accepted, reason = await client.publish(event)
        assert accepted
        assert reason.startswith("duplicate:")
        assert [event.id] == await client.query({"kinds": [1]})


async def test_a_forged_signature_is_invalid(relay_url: str, signer: Signer) -> None:
    """OK false with the prefix `invalid`, and nothing is kept."""
    event = with_forged_signature(signed(signer))
    async with connected(relay_url) as client:
        accepted, reason = await client.publish(event)
        assert not accepted
        assert reason.startswith("invalid:")
        assert [] == await client.query({"ids": [event.id]})


async def test_stored_events_come_newest_first(relay_url: str, signer: Signer) -> None:
    """Whatever the order of arrival, and `limit` keeps the newest."""
    events = [signed(signer, created_at=NOW - age) for age in (30, 10, 40, 0, 20)]
    newest_first = [event.id for event in sorted(events, key=lambda event: -event.created_at)]
    async with connected(relay_url) as client:
        for event in events:
            await client.publish(event)
        assert newest_first == await client.query({"authors": [signer.pubkey], "limit": 10})
        assert newest_first[:2] == await client.query({"authors": [signer.pubkey], "limit": 2})


async def test_events_of_one_second_come_by_id(relay_url: str, signer: Signer) -> None:
    """The lowest id first, also where `limit` cuts."""
    ids = sorted(signed(signer, content=str(number)).id for number in range(8))
    async with connected(relay_url) as client:
        for number in range(8):
            await client.publish(signed(signer, content=str(number)))
        assert ids == await client.query({"kinds": [1], "limit": 100})
        assert ids[:3] == await client.query({"kinds": [1], "limit": 3})


async def test_since_and_until_are_inclusive(relay_url: str, signer: Signer) -> None:
    """Both ends belong to the range."""
    events = [signed(signer, created_at=NOW - age) for age in range(5)]
    async with connected(relay_url) as client:
        for event in events:
            await client.publish(event)
        found = await client.query({"since": NOW - 3, "until": NOW - 1, "limit": 10})
        assert [event.id for event in events[1:4]] == found


async def test_conditions_are_and_values_are_or(relay_url: str, signer: Signer) -> None:
    """Every condition must hold, one value of each list is enough, several filters add up."""
    other = signer_of(2)
    mine = signed(signer, kind=1, tags=(("t", "a"), ("m", "2026-02")))
    theirs = signed(other, kind=7, created_at=NOW - 1, tags=(("t", "b"), ("m", "2026-03")))
    async with connected(relay_url) as client:
        for event in (mine, theirs):
            await client.publish(event)
        both = [mine.id, theirs.id]
        assert both == await client.query({"#t": ["a", "b", "c"], "limit": 9})
        assert both == await client.query({"kinds": [1, 7], "authors": [signer.pubkey, other.pubkey]})
        assert both == await client.query({"#t": ["a"], "limit": 9}, {"kinds": [7], "limit": 9})
        assert [mine.id] == await client.query({"#t": ["a", "b"], "#m": ["2026-02"], "limit": 9})
        assert [] == await client.query({"#t": ["a"], "kinds": [7], "limit": 9})
        assert [mine.id] == await client.query({"#t": ["a"], "limit": 9}, {"kinds": [1], "limit": 9})


async def test_the_newest_version_of_an_address_stays(relay_url: str, signer: Signer) -> None:
    """Addressable events replace older ones of the same kind, author and `d`, in either order of arrival."""
    address = (("d", "slot"),)
    old = signed(signer, kind=30078, created_at=NOW - 10, tags=address)
    new = signed(signer, kind=30078, created_at=NOW, tags=address)
    elsewhere = signed(signer, kind=30078, created_at=NOW - 5, tags=(("d", "other"),))
    async with connected(relay_url) as client:
        for event in (old, elsewhere, new):
            assert (await client.publish(event))[0]
        assert [new.id, elsewhere.id] == await client.query({"kinds": [30078], "limit": 9})
        await client.publish(old)
        assert [new.id, elsewhere.id] == await client.query({"kinds": [30078], "limit": 9})


async def test_the_newest_of_a_replaceable_kind_stays(relay_url: str, signer: Signer) -> None:
    """One profile per author; `d` has no meaning there."""
    old = signed(signer, kind=0, created_at=NOW - 10, tags=(("d", "a"),))
    new = signed(signer, kind=0, created_at=NOW)
    async with connected(relay_url) as client:
        for event in (old, new):
            await client.publish(event)
        assert [new.id] == await client.query({"kinds": [0], "limit": 9})


async def test_ephemeral_events_are_passed_on_and_not_kept(relay_url: str, signer: Signer) -> None:
    """A subscriber gets it; a later one does not."""
    event = signed(signer, kind=20_001)
    async with connected(relay_url) as reader, connected(relay_url) as writer:
        assert [] == await reader.subscribe("q", {"kinds": [20_001]})
        await writer.publish(event)
        message = await reader.receive()
        assert ["EVENT", "q", event.id] == [*message[:2], message[2]["id"]]
        assert [] == await writer.query({"kinds": [20_001]})


async def test_new_events_reach_open_subscriptions(relay_url: str, signer: Signer) -> None:
    """After EOSE, only what matches, and none after CLOSE."""
    wanted, unwanted = signed(signer, kind=1, content="a"), signed(signer, kind=2)
    async with connected(relay_url) as reader, connected(relay_url) as writer:
        await reader.subscribe("q", {"kinds": [1], "limit": 0})
        for event in (unwanted, wanted):
            await writer.publish(event)
        message = await reader.receive()
        assert ["EVENT", "q", wanted.id] == [*message[:2], message[2]["id"]]
        await reader.send("CLOSE", "q")
        assert await reader.is_quiet()
        await writer.publish(signed(signer, kind=1, content="b"))
        assert await reader.is_quiet()


async def test_a_request_with_the_same_id_replaces_the_subscription(relay_url: str, signer: Signer) -> None:
    """The first filter is forgotten."""
    async with connected(relay_url) as reader, connected(relay_url) as writer:
        await reader.subscribe("q", {"kinds": [1], "limit": 0})
        await reader.subscribe("q", {"kinds": [2], "limit": 0})
        await writer.publish(signed(signer, kind=1))
        await writer.publish(signed(signer, kind=2))
        assert 2 == (await reader.receive())[2]["kind"]


async def test_a_deletion_removes_by_id(relay_url: str, signer: Signer) -> None:
    """NIP-09: the author's own event goes, and cannot come back; the request itself is served."""
    event, kept = signed(signer), signed(signer, content="kept", created_at=NOW - 1)
    request = signed(signer, kind=5, tags=(("e", event.id), ("k", "1")))
    async with connected(relay_url) as client:
        for published in (event, kept, request):
            await client.publish(published)
        assert [kept.id] == await client.query({"kinds": [1], "limit": 9})
        assert [request.id] == await client.query({"kinds": [5], "limit": 9})
        accepted, _ = await client.publish(event)
        assert not accepted
        assert [kept.id] == await client.query({"kinds": [1], "limit": 9})


async def test_a_deletion_by_somebody_else_has_no_effect(relay_url: str, signer: Signer) -> None:
    """Control for the test above."""
    event = signed(signer)
    async with connected(relay_url) as client:
        await client.publish(event)
        await client.publish(signed(signer_of(2), kind=5, tags=(("e", event.id),)))
        assert [event.id] == await client.query({"kinds": [1], "limit": 9})


async def test_a_deletion_by_address_covers_versions_up_to_its_time(relay_url: str, signer: Signer) -> None:
    """NIP-09: later versions of the address are welcome."""
    address = (("d", "slot"),)
    before = signed(signer, kind=30078, created_at=NOW - 10, tags=address)
    after = signed(signer, kind=30078, created_at=NOW + 1, tags=address)
    request = signed(signer, kind=5, tags=(("a", f"30078:{signer.pubkey}:slot"),))
    async with connected(relay_url) as client:
        await client.publish(before)
        await client.publish(request)
        assert [] == await client.query({"kinds": [30078], "limit": 9})
        assert not (await client.publish(before))[0]
        assert (await client.publish(after))[0]
        assert [after.id] == await client.query({"kinds": [30078], "limit": 9})


async def test_counts_are_exact(relay_url: str, signer: Signer) -> None:
    """NIP-45: as many as match."""
    async with connected(relay_url) as client:
        for number in range(4):
            await client.publish(signed(signer, content=str(number)))
        assert ["COUNT", "c", {"count": 4}] == await client.ask("COUNT", "c", {"kinds": [1]})
        assert ["COUNT", "c", {"count": 0}] == await client.ask("COUNT", "c", {"kinds": [2]})
