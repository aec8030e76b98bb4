"""REQ, COUNT and CLOSE: pages, limits, live events and refusals of the embedded relay, over a real socket."""

from __future__ import annotations

import sqlite3

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.embedded import EmbeddedRelay, RelayLimits
from nostr_usage.embedded.event_reader import EventReader
from nostr_usage.nostr.event import VerifiedEvent, event_to_object
from nostr_usage.nostr.signer import Signer
from tests.raw_client import RawClient, connected
from tests.signed_events import NOW, signed, signer_of


async def publish_all(client: RawClient, events: list[VerifiedEvent]) -> None:
    """Publish without waiting in between."""
    for event in events:
        await client.send("EVENT", event_to_object(event))
    for _ in events:
        assert (await client.receive())[2]


def numbered(signer: Signer, count: int, *, kind: int = 1) -> list[VerifiedEvent]:
    """Events a second apart, newest first."""
    return [signed(signer, kind=kind, created_at=NOW - number) for number in range(count)]


async def test_limits_are_lowered_silently(clock: ManualClock, signer: Signer) -> None:
    """A larger limit, or none, is the relay's own."""
    events = numbered(signer, 7)
    limits = RelayLimits(events_per_filter_max=5)
    async with EmbeddedRelay(None, clock=clock, limits=limits) as relay, connected(relay.url) as client:
        await publish_all(client, events)
        newest = [event.id for event in events[:5]]
        assert newest == await client.query({"kinds": [1], "limit": 1_000_000})
        assert newest == await client.query({"kinds": [1]})
        assert newest[:3] == await client.query({"kinds": [1], "limit": 3})


async def test_pages_by_until_cover_everything(clock: ManualClock, signer: Signer) -> None:
    """Walking back by the oldest time seen gives each event, boundary seconds included."""
    events = [signed(signer, created_at=NOW - number // 3, content=str(number)) for number in range(40)]
    limits = RelayLimits(events_per_filter_max=7)
    async with EmbeddedRelay(None, clock=clock, limits=limits) as relay, connected(relay.url) as client:
        await publish_all(client, events)
        seen: set[str] = set()
        until = NOW
        while page := await client.query_events({"kinds": [1], "until": until}):
            seen |= {event["id"] for event in page}
            oldest = page[-1]["created_at"]
            until = oldest if oldest < until else until - 1
    assert {event.id for event in events} == seen


async def test_each_filter_has_its_own_limit(embedded_relay: EmbeddedRelay, signer: Signer) -> None:
    """The union comes newest first, without doubles."""
    ones, twos = numbered(signer, 4), numbered(signer, 4, kind=2)
    async with connected(embedded_relay.url) as client:
        await publish_all(client, ones + twos)
        found = await client.query(
            {"kinds": [1], "limit": 2}, {"kinds": [2], "limit": 1}, {"ids": [ones[0].id]}
        )
    expected = sorted((ones[0], ones[1], twos[0]), key=lambda event: (-event.created_at, event.id))
    assert [event.id for event in expected] == found


async def test_an_empty_list_matches_nothing(embedded_relay: EmbeddedRelay, signer: Signer) -> None:
    """No kinds at all is not all kinds."""
    async with connected(embedded_relay.url) as client:
        await client.publish(signed(signer))
        assert [] == await client.query({"kinds": []})
        assert [] == await client.query({"#t": []})
        assert ["COUNT", "c", {"count": 0}] == await client.ask("COUNT", "c", {"ids": []})
        assert 1 == len(await client.query({"kinds": []}, {"kinds": [1]}))


async def test_a_tag_is_found_by_its_first_value(embedded_relay: EmbeddedRelay, signer: Signer) -> None:
    """Any letter, both cases, and the empty value; later items and longer names are no conditions."""
    event = signed(signer, tags=(("Q", "first", "second"), ("q", ""), ("type", "x")))
    async with connected(embedded_relay.url) as client:
        await client.publish(event)
        for wanted, found in (
            ({"#Q": ["first"]}, 1),
            ({"#q": ["first"]}, 0),
            ({"#Q": ["second"]}, 0),
            ({"#q": [""]}, 1),
        ):
            assert found == len(await client.query(dict(wanted)))


async def test_refused_requests_are_closed_with_a_reason(
    embedded_relay: EmbeddedRelay, signer: Signer
) -> None:
    """CLOSED names the subscription and what is wrong with the filter."""
    async with connected(embedded_relay.url) as client:
        for wanted, reason in (
            ({"search": "x"}, "invalid: unsupported filter key 'search'"),
            ({"#type": ["x"]}, "invalid: unsupported filter key '#type'"),
            ({"ids": ["abc"]}, "invalid: ids holds something other than 64 hex digits"),
            ({"#p": ["abc"]}, "invalid: #p holds something other than 64 hex digits"),
            ({"kinds": [1.0]}, "invalid: kinds holds something other than integers from 0 to 65535"),
            ({"limit": -1}, "invalid: limit is not an integer from 0 to 9007199254740991"),
            (
                {"#a": ["1"], "#b": ["1"], "#c": ["1"], "#d": ["1"]},
                "invalid: more than 3 tag conditions in one filter",
            ),
        ):
            assert ["CLOSED", "s", reason] == await client.ask("REQ", "s", wanted)
            assert ["CLOSED", "s", reason] == await client.ask("COUNT", "s", wanted)
        too_many = [{"kinds": [1]}] * 201
        assert ["NOTICE", "invalid: REQ with 203 items"] == await client.ask("REQ", "s", *too_many)


async def test_filters_are_bounded(clock: ManualClock) -> None:
    """A relay may set a lower bound than the protocol's."""
    limits = RelayLimits(filters_max=1)
    async with EmbeddedRelay(None, clock=clock, limits=limits) as relay, connected(relay.url) as client:
        closed = ["CLOSED", "s", "invalid: more than 1 filters"]
        assert closed == await client.ask("REQ", "s", {"kinds": [1]}, {"kinds": [2]})


async def test_a_refused_request_ends_the_subscription_of_that_id(
    embedded_relay: EmbeddedRelay, signer: Signer
) -> None:
    """CLOSED means closed: no event follows."""
    async with connected(embedded_relay.url) as client:
        await client.subscribe("s", {"kinds": [1]})
        assert "CLOSED" == (await client.ask("REQ", "s", {"kinds": "x"}))[0]
        assert (True, "") == await client.publish(signed(signer))
        assert await client.is_quiet()


async def test_subscriptions_are_bounded(clock: ManualClock, signer: Signer) -> None:
    """One more than allowed is refused until one is closed; the same id again is no further one."""
    limits = RelayLimits(subscriptions_max=2)
    async with EmbeddedRelay(None, clock=clock, limits=limits) as relay, connected(relay.url) as client:
        for name in ("a", "b", "b"):
            await client.subscribe(name, {"kinds": [1]})
        refused = ["CLOSED", "c", "rate-limited: 2 subscriptions are open; close one"]
        assert refused == await client.ask("REQ", "c", {"kinds": [1]})
        await client.send("CLOSE", "a")
        assert [] == await client.subscribe("c", {"kinds": [1]})


async def test_too_much_work_is_refused(clock: ManualClock, signer: Signer) -> None:
    """A query that would read on and on is given up, with advice; a narrow one is answered."""
    limits = RelayLimits(query_steps_max=100_000)
    events = [signed(signer, created_at=NOW - number, tags=(("t", "a"),)) for number in range(300)]
    async with EmbeddedRelay(None, clock=clock, limits=limits) as relay, connected(relay.url) as client:
        await publish_all(client, events)
        # Each filter reads every event and finds none.
        greedy = [{"#t": ["a"], "kinds": [2], "since": number} for number in range(200)]
        answer = await client.ask("REQ", "s", *greedy)
        assert ["CLOSED", "s"] == answer[:2]
        assert answer[2].startswith("error: that is too much work; add authors, kinds")
        assert answer == await client.ask("COUNT", "s", *greedy)
        assert [events[0].id] == await client.query({"#t": ["a"], "limit": 1})


async def test_pages_are_bounded_in_bytes(clock: ManualClock, signer: Signer) -> None:
    """The newest that fit are sent, and one event at least."""
    events = [signed(signer, created_at=NOW - number, content="x" * 1_000) for number in range(9)]
    limits = RelayLimits(page_bytes_max=3_000)
    async with EmbeddedRelay(None, clock=clock, limits=limits) as relay, connected(relay.url) as client:
        await publish_all(client, events)
        assert [event.id for event in events[:3]] == await client.query({"kinds": [1]})
    async with (
        EmbeddedRelay(None, clock=clock, limits=RelayLimits(page_bytes_max=1)) as relay,
        connected(relay.url) as client,
    ):
        await publish_all(client, events)
        assert [events[0].id] == await client.query({"kinds": [1]})


async def test_frames_of_every_length_arrive_whole(clock: ManualClock, signer: Signer) -> None:
    """Around the sizes at which a websocket frame's header changes, on a page and live."""
    overhead = len('["EVENT","s",]') + len(str(event_to_object(signed(signer, content="")))) - 14
    limits = RelayLimits(event_bytes_max=200_000, message_bytes_max=300_000)
    sizes = [size - overhead for size in range(65_520, 65_552, 3)] + [150_000]
    events = [
        signed(signer, created_at=NOW - number, content="x" * size) for number, size in enumerate(sizes)
    ]
    async with (
        EmbeddedRelay(None, clock=clock, limits=limits) as relay,
        connected(relay.url) as reader,
        connected(relay.url) as writer,
    ):
        await reader.subscribe("s", {"kinds": [1]})
        await publish_all(writer, events)
        live = [(await reader.receive())[2]["content"] for _ in events]
        page = [event["content"] for event in await reader.query_events({"kinds": [1]})]
    assert sizes == [len(content) for content in live]
    assert sizes == [len(content) for content in page]


async def test_count_adds_up_filters_without_doubles(embedded_relay: EmbeddedRelay, signer: Signer) -> None:
    """An event that several filters or several of its tags match counts once; limits don't count."""
    event = signed(signer, tags=(("t", "a"), ("t", "b")))
    other = signed(signer, kind=2)
    async with connected(embedded_relay.url) as client:
        await publish_all(client, [event, other])
        cases: list[tuple[list[dict[str, object]], int]] = [
            ([{"#t": ["a", "b"]}], 1),
            ([{"#t": ["a", "b"]}, {"kinds": [1, 2]}], 2),
            ([{"kinds": [1, 2], "limit": 1}], 2),
            ([{}], 2),
        ]
        for filters, count in cases:
            assert ["COUNT", "c", {"count": count}] == await client.ask("COUNT", "c", *filters)


async def test_live_events_reach_each_subscription_that_asks(
    embedded_relay: EmbeddedRelay, signer: Signer
) -> None:
    """One message for each subscription, under its own id, and by any of its filters once."""
    event = signed(signer, tags=(("t", "a"),))
    async with connected(embedded_relay.url) as reader, connected(embedded_relay.url) as writer:
        await reader.subscribe("both", {"kinds": [1]}, {"#t": ["a"]})
        await reader.subscribe("tag", {"#t": ["a"], "authors": [signer.pubkey]})
        await reader.subscribe("none", {"authors": [signer_of(2).pubkey]})
        await writer.publish(event)
        assert {"both", "tag"} == {(await reader.receive())[1] for _ in range(2)}
        assert await reader.is_quiet()


async def test_an_event_that_changes_nothing_is_not_announced(
    embedded_relay: EmbeddedRelay, signer: Signer
) -> None:
    """Duplicates and older versions are no news."""
    new, old = (signed(signer, kind=30078, created_at=NOW - age) for age in (0, 1))
    async with connected(embedded_relay.url) as reader, connected(embedded_relay.url) as writer:
        await writer.publish(new)
        await reader.subscribe("s", {"kinds": [30078], "limit": 0})
        for event in (new, old):
            await writer.publish(event)
        assert await reader.is_quiet()


async def test_reconciliation_is_declined(embedded_relay: EmbeddedRelay) -> None:
    """NIP-77 is not spoken here, and that is said in its own form."""
    async with connected(embedded_relay.url) as client:
        answer = await client.ask("NEG-OPEN", "n", {"kinds": [1]}, "61")
        assert ["NEG-ERR", "n", "unsupported: no reconciliation"] == answer
        await client.send("NEG-CLOSE", "n")
        assert "NEG-ERR" == (await client.ask("NEG-OPEN", "n", {"kinds": [1]}, "xyz"))[0]
        assert await client.is_quiet()


async def test_a_database_that_fails_is_an_error(
    embedded_relay: EmbeddedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CLOSED with the prefix `error`, so that it is tried again; the connection goes on."""

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(EventReader, "_row", fail)
    async with connected(embedded_relay.url) as client:
        closed = ["CLOSED", "s", "error: the relay could not read its database; try again later"]
        assert closed == await client.ask("REQ", "s", {"kinds": [1]})
        assert closed == await client.ask("COUNT", "s", {"kinds": [1]})
        assert [] == await client.query({"kinds": []})
