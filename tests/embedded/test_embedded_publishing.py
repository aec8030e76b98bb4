"""EVENT and OK: what the embedded relay takes, refuses, replaces and deletes, over a real socket."""

from __future__ import annotations

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.embedded import EmbeddedRelay, RelayAccess, RelayLimits
from nostr_usage.nostr.event import event_to_object
from nostr_usage.nostr.signer import Signer
from nostr_usage.nostr.tags import Tag
from tests.raw_client import connected
from tests.signed_events import NOW, signed, signer_of, with_forged_signature

YEAR_S = 365 * 86_400


@pytest.mark.parametrize("lowest_comes_first", [True, False])
async def test_of_two_versions_of_one_second_the_lowest_id_stays(
    embedded_relay: EmbeddedRelay, signer: Signer, *, lowest_comes_first: bool
) -> None:
    """NIP-01's rule for ties, in either order of arrival."""
    versions = sorted(
        (signed(signer, kind=30078, tags=(("d", "slot"),), content=text) for text in "ab"),
        key=lambda event: event.id,
        reverse=not lowest_comes_first,
    )
    lowest = min(event.id for event in versions)
    async with connected(embedded_relay.url) as client:
        answers = [await client.publish(event) for event in versions]
        assert [lowest] == await client.query({"kinds": [30078]})
    later = (False, "replaced: have newer event") if lowest_comes_first else (True, "")
    assert [(True, ""), later] == answers


async def test_an_older_version_is_answered_with_replaced(
    embedded_relay: EmbeddedRelay, signer: Signer
) -> None:
    """OK false, in strfry's word, so that nobody takes it for stored."""
    address = (("d", "slot"),)
    new, old = (signed(signer, kind=30078, created_at=NOW - age, tags=address) for age in (0, 1))
    async with connected(embedded_relay.url) as client:
        assert (True, "") == await client.publish(new)
        assert (False, "replaced: have newer event") == await client.publish(old)
        assert (True, "duplicate: already have this event") == await client.publish(new)


async def test_a_missing_d_is_an_empty_one(embedded_relay: EmbeddedRelay, signer: Signer) -> None:
    """NIP-01: no `d`, an empty `d` and a `d` without value are one address; only the first `d` counts."""
    tags: list[tuple[Tag, ...]] = [(), (("d", ""),), (("d",),), (("d", ""), ("d", "x"))]
    events = [
        signed(signer, kind=30078, created_at=NOW + number, tags=tag) for number, tag in enumerate(tags)
    ]
    async with connected(embedded_relay.url) as client:
        for event in events:
            assert (True, "") == await client.publish(event)
        assert [events[-1].id] == await client.query({"kinds": [30078]})


async def test_regular_kinds_are_all_kept(embedded_relay: EmbeddedRelay, signer: Signer) -> None:
    """Control: a `d` makes only addressable kinds replace each other."""
    events = [
        signed(signer, kind=kind, created_at=NOW - age, tags=(("d", "slot"),))
        for kind in (1, 41, 78, 9_999, 40_000)
        for age in (0, 1)
    ]
    async with connected(embedded_relay.url) as client:
        for event in events:
            assert (True, "") == await client.publish(event)
        assert {event.id for event in events} == set(await client.query({"authors": [signer.pubkey]}))


@pytest.mark.parametrize(
    ("created_at", "accepted"),
    [
        (NOW + 900, True),
        (NOW + 901, False),
        (NOW - 3 * YEAR_S, True),
        (NOW - 3 * YEAR_S - 1, False),
    ],
)
async def test_created_at_lies_within_the_window(
    embedded_relay: EmbeddedRelay, signer: Signer, created_at: int, *, accepted: bool
) -> None:
    """Three years back, fifteen minutes ahead, both ends included."""
    async with connected(embedded_relay.url) as client:
        answer = await client.publish(signed(signer, created_at=created_at))
    assert accepted == answer[0]
    assert accepted or answer[1].startswith("invalid: created_at")


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ((("t", "x" * 255),), ""),
        ((("t", "x" * 256),), "invalid: tag t has a value longer than 255 bytes"),
        ((("t", "ü" * 128),), "invalid: tag t has a value longer than 255 bytes"),
        ((("title", "x" * 256),), ""),
        ((("t", "x", "y" * 256),), ""),
        ((("p", "alice"),), "invalid: tag p is not 64 lowercase hex digits"),
        ((("e", "A" * 64),), "invalid: tag e is not 64 lowercase hex digits"),
        ((("e",),), ""),
    ],
)
async def test_indexed_tags_are_checked(
    embedded_relay: EmbeddedRelay, signer: Signer, tags: tuple[Tag, ...], reason: str
) -> None:
    """Values of one-letter tags fit the index; ids and keys are ids and keys. Other tags are data."""
    async with connected(embedded_relay.url) as client:
        assert (not reason, reason) == await client.publish(signed(signer, tags=tags))


async def test_an_event_that_is_too_large_is_invalid(clock: ManualClock, signer: Signer) -> None:
    """The bound counts the compact JSON of the event."""
    async with EmbeddedRelay(None, clock=clock, limits=RelayLimits(event_bytes_max=1_000)) as relay:
        empty = len(str(event_to_object(signed(signer))).replace(" ", "").replace("()", "[]"))
        async with connected(relay.url) as client:
            assert (True, "") == await client.publish(signed(signer, content="x" * (1_000 - empty)))
            answer = await client.publish(signed(signer, content="x" * (1_001 - empty)))
            assert (False, "invalid: event larger than 1000 bytes") == answer


async def test_a_wrong_id_is_named_in_the_answer(embedded_relay: EmbeddedRelay, signer: Signer) -> None:
    """OK names the id that was sent, although it is not the event's."""
    fields = event_to_object(signed(signer)) | {"content": "changed"}
    async with connected(embedded_relay.url) as client:
        assert ["OK", fields["id"], False, "invalid: bad event id"] == await client.ask("EVENT", fields)


async def test_a_copy_with_a_corrupt_signature_is_invalid_even_if_the_event_is_held(
    embedded_relay: EmbeddedRelay, signer: Signer
) -> None:
    """Knowing an event is no reason to confirm a false copy of it."""
    event = signed(signer)
    async with connected(embedded_relay.url) as client:
        await client.publish(event)
        assert (False, "invalid: bad signature") == await client.publish(with_forged_signature(event))


async def test_pipelined_events_are_all_answered(embedded_relay: EmbeddedRelay, signer: Signer) -> None:
    """Two hundred events without waiting: an OK for each, and each can be read."""
    events = {event.id: event for event in (signed(signer, created_at=NOW - number) for number in range(200))}
    async with connected(embedded_relay.url) as client:
        for event in events.values():
            await client.send("EVENT", event_to_object(event))
        answers = [await client.receive() for _ in events]
        assert [["OK", event_id, True, ""] for event_id in events] == answers
        assert list(events) == await client.query({"kinds": [1], "limit": 500})


async def test_whoever_sends_and_asks_at_once_finds_it(embedded_relay: EmbeddedRelay, signer: Signer) -> None:
    """A request behind an event on the same connection waits for the event."""
    event = signed(signer)
    async with connected(embedded_relay.url) as client:
        await client.send("EVENT", event_to_object(event))
        await client.send("COUNT", "c", {"ids": [event.id]})
        assert ["OK", event.id, True, ""] == await client.receive()
        assert ["COUNT", "c", {"count": 1}] == await client.receive()


async def test_a_deleted_event_cannot_come_back(embedded_relay: EmbeddedRelay, signer: Signer) -> None:
    """OK false, in strfry's word; also where the deletion came before the event."""
    event = signed(signer)
    async with connected(embedded_relay.url) as client:
        await client.publish(signed(signer, kind=5, tags=(("e", event.id),)))
        answer = (False, "deleted: its author asked to delete this event")
        assert answer == await client.publish(event)


async def test_deleting_a_deletion_has_no_effect(embedded_relay: EmbeddedRelay, signer: Signer) -> None:
    """NIP-09: a request stays, and keeps its effect."""
    event = signed(signer)
    request = signed(signer, kind=5, tags=(("e", event.id),))
    async with connected(embedded_relay.url) as client:
        for published in (event, request, signed(signer, kind=5, tags=(("e", request.id),), content="x")):
            assert (True, "") == await client.publish(published)
        assert 2 == len(await client.query({"kinds": [5]}))
        assert not (await client.publish(event))[0]


async def test_strangers_addresses_in_a_deletion_are_ignored(
    embedded_relay: EmbeddedRelay, signer: Signer
) -> None:
    """Neither another author's address nor nonsense deletes anything."""
    event = signed(signer, kind=30078, tags=(("d", "slot"),))
    tags = (("a", f"30078:{signer.pubkey}:slot"), ("a", "nonsense"), ("a", ""), ("a",))
    async with connected(embedded_relay.url) as client:
        await client.publish(event)
        assert (True, "") == await client.publish(signed(signer_of(2), kind=5, tags=tags))
        assert [event.id] == await client.query({"kinds": [30078]})


async def test_only_listed_authors_are_taken(clock: ManualClock, signer: Signer) -> None:
    """`authors` in the relay's access: whoever brings the event."""
    access = RelayAccess(authors=frozenset({signer.pubkey}))
    async with EmbeddedRelay(None, clock=clock, access=access) as relay, connected(relay.url) as client:
        assert (True, "") == await client.publish(signed(signer))
        refused = (False, "blocked: this relay does not take events of this author")
        assert refused == await client.publish(signed(signer_of(2)))


async def test_protected_events_are_refused(embedded_relay: EmbeddedRelay, signer: Signer) -> None:
    """NIP-70: without authentication nobody can be told to be the author."""
    async with connected(embedded_relay.url) as client:
        answer = await client.publish(signed(signer, tags=(("-",),)))
        assert (False, "blocked: this relay takes no protected events") == answer
