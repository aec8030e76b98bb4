"""One connection to one relay: what is asked, and what comes back."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from nostr_usage.errors import RelayError, RelayRefusedError
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.message import (
    AuthMessage,
    CloseMessage,
    EventMessage,
    ReqMessage,
)
from nostr_usage.nostr.reason import Prefix, Verdict
from nostr_usage.relays.policy import ConnectionPolicy
from tests.connections import ALL, EVENTS, SIGNER, connection, ids
from tests.relay_behaviours import (
    challenge,
    drop,
    once,
    refuse,
    require_auth,
    say_nothing,
)
from tests.scripted_relay import ScriptedRelay, Turn, honestly
from tests.signed_events import NOW, signed


async def test_what_is_published_can_be_fetched(scripted_relay: ScriptedRelay) -> None:
    """An event goes out, is accepted, and comes back the same."""
    async with connection(scripted_relay) as relay:
        assert Verdict.STORED is (await relay.publish(EVENTS[0])).verdict
        assert [EVENTS[0].sig] == [event.sig for event in await relay.fetch(ALL)]
        assert relay.score.is_clean


async def test_an_independent_relay_answers_the_same(sdk_relay: str) -> None:
    """Control by other people's code: publish, read, read nothing."""
    async with connection(sdk_relay) as relay:
        published = await relay.publish_all(EVENTS)
        assert {Verdict.STORED} == {answer.verdict for answer in published.answers.values()}
        assert ids(EVENTS) == ids(await relay.fetch(ALL))
        assert () == await relay.fetch(Filter(kinds=(2,), limit=10))


async def test_many_requests_share_the_connection(scripted_relay: ScriptedRelay) -> None:
    """Forty requests at a time: one connection, never more subscriptions open than allowed."""
    scripted_relay.hold(*EVENTS)
    most = 0

    async def watch(turn: Turn) -> None:
        nonlocal most
        await honestly(turn)
        most = max(most, len(turn.visit.subscriptions))

    scripted_relay.on(ReqMessage, watch)
    policy = ConnectionPolicy(allow_local=True, requests_max=4)
    async with connection(scripted_relay, policy=policy) as relay:
        pages = await asyncio.gather(
            *(relay.fetch(Filter(ids=(EVENTS[i % 5].id,), limit=1)) for i in range(40))
        )
    assert [EVENTS[i % 5].id for i in range(40)] == [page[0].id for page in pages]
    assert 1 == len(scripted_relay.visits)
    assert 4 >= most


async def test_every_request_is_closed_after_its_answer(scripted_relay: ScriptedRelay) -> None:
    """No subscription stays open on the relay once its stored events have come."""
    async with connection(scripted_relay) as relay:
        await relay.fetch(ALL)
        await scripted_relay.until_received(CloseMessage)
    assert {} == scripted_relay.visits[0].subscriptions


async def test_events_are_sent_in_order_with_a_bounded_window(scripted_relay: ScriptedRelay) -> None:
    """The relay sees the order of the caller, and never more unanswered events than the window."""
    released = asyncio.Event()
    scripted_relay.on(EventMessage, once(released), times=1)
    policy = ConnectionPolicy(allow_local=True, unacknowledged_max=2)
    async with connection(scripted_relay, policy=policy) as relay:
        publishing = asyncio.create_task(relay.publish_all(EVENTS))
        await scripted_relay.until_received(EventMessage)
        released.set()
        published = await publishing
    assert [event.id for event in EVENTS] == list(published.answers)
    received = scripted_relay.received_of(EventMessage)
    assert [event.id for event in EVENTS] == [
        message.event.id for message in received if isinstance(message, EventMessage)
    ]


@pytest.mark.parametrize(
    ("text", "prefix", "verdict"),
    [
        ("rate-limited: slow down", Prefix.RATE_LIMITED, Verdict.LATER),
        ("blocked: not you", Prefix.BLOCKED, Verdict.FINAL),
        ("invalid: no", Prefix.INVALID, Verdict.ALARM),
        ("error: disk", Prefix.ERROR, Verdict.LATER),
    ],
)
async def test_a_refusal_is_an_answer(
    scripted_relay: ScriptedRelay, text: str, prefix: Prefix, verdict: Verdict
) -> None:
    """OK false comes back with its prefix and what to do about it."""
    scripted_relay.on(EventMessage, refuse(text))
    async with connection(scripted_relay) as relay:
        answer = await relay.publish(EVENTS[0])
    assert (False, prefix, verdict) == (answer.is_accepted, answer.reason.prefix, answer.verdict)


async def test_nothing_more_is_sent_to_a_relay_that_asks_for_a_pause(scripted_relay: ScriptedRelay) -> None:
    """After rate-limited, events that were not sent yet stay here."""
    scripted_relay.on(EventMessage, refuse("rate-limited: slow down"), times=1)
    policy = ConnectionPolicy(allow_local=True, unacknowledged_max=1)
    async with connection(scripted_relay, policy=policy) as relay:
        published = await relay.publish_all(EVENTS)
    assert [EVENTS[0].id] == list(published.answers)
    assert published.error is None


async def test_a_connection_lost_while_publishing_keeps_the_answers(scripted_relay: ScriptedRelay) -> None:
    """What was answered before the relay hung up counts; the rest is missing, with the reason."""
    scripted_relay.on(EventMessage, honestly, times=2)
    scripted_relay.on(EventMessage, drop)
    async with connection(scripted_relay) as relay:
        published = await relay.publish_all(EVENTS)
        assert relay.is_lost
        with pytest.raises(RelayError):
            await relay.publish(EVENTS[0])
    assert ids(EVENTS[:2]) == set(published.answers)
    assert isinstance(published.error, RelayError)


async def test_a_closed_subscription_is_a_refusal_not_an_empty_answer(scripted_relay: ScriptedRelay) -> None:
    """CLOSED raises with the relay's words; the connection goes on."""
    scripted_relay.on(ReqMessage, refuse("ERROR: restricted: members only"), times=1)
    async with connection(scripted_relay) as relay:
        with pytest.raises(RelayRefusedError, match="restricted: members only"):
            await relay.fetch(ALL)
        assert () == await relay.fetch(ALL)


async def test_a_subscription_closed_after_its_stored_events_is_an_answer(sdk_relay: str) -> None:
    """Some relays close a request for ids once every id is found; that is no refusal."""
    async with connection(sdk_relay) as relay:
        await relay.publish_all(EVENTS)
        wanted = Filter(ids=tuple(event.id for event in EVENTS), limit=10)
        assert ids(EVENTS) == ids(await relay.fetch(wanted))


async def test_authentication_happens_once_and_only_when_demanded(scripted_relay: ScriptedRelay) -> None:
    """With a key: one AUTH, then requests and events are sent again. A challenge alone is not answered."""
    scripted_relay.on_connect(challenge)
    scripted_relay.hold(*EVENTS)
    async with connection(scripted_relay, signer=SIGNER) as relay:
        await relay.fetch(ALL)
        assert [] == scripted_relay.received_of(AuthMessage)
        scripted_relay.on(ReqMessage, require_auth)
        scripted_relay.on(EventMessage, require_auth)
        pages = await asyncio.gather(*(relay.fetch(ALL) for _ in range(3)))
        new = signed(SIGNER, created_at=NOW + 99)
        assert Verdict.STORED is (await relay.publish(new)).verdict
        assert relay.is_authenticated
    assert [5, 5, 5] == [len(page) for page in pages]
    assert 1 == len(scripted_relay.received_of(AuthMessage))


async def test_without_a_key_a_demand_for_one_is_a_refusal(scripted_relay: ScriptedRelay) -> None:
    """An anonymous connection says so, for reading and for writing."""
    scripted_relay.on(ReqMessage, require_auth)
    scripted_relay.on(EventMessage, require_auth)
    async with connection(scripted_relay) as relay:
        with pytest.raises(RelayRefusedError, match="auth-required"):
            await relay.fetch(ALL)
        assert Verdict.AUTHENTICATE is (await relay.publish(EVENTS[0])).verdict


async def test_a_refused_key_is_not_tried_for_ever(scripted_relay: ScriptedRelay) -> None:
    """Where the relay does not accept the key, its demand comes back as the answer."""
    scripted_relay.on(ReqMessage, require_auth)
    scripted_relay.on(AuthMessage, refuse("restricted: not a member"))
    async with connection(scripted_relay, signer=SIGNER) as relay:
        with pytest.raises(RelayRefusedError, match="auth-required"):
            await relay.fetch(ALL)
        assert not relay.is_authenticated
    assert 1 == len(scripted_relay.received_of(AuthMessage))


async def test_a_live_subscription_goes_on_after_the_stored_events(scripted_relay: ScriptedRelay) -> None:
    """Stored events, then new ones as they come; ending it closes the subscription."""
    scripted_relay.hold(EVENTS[0])
    async with connection(scripted_relay) as relay:
        async with aclosing(relay.subscribe(ALL)) as events:
            assert EVENTS[0].id == (await anext(events)).id
            await scripted_relay.announce(EVENTS[1])
            assert EVENTS[1].id == (await anext(events)).id
        await scripted_relay.until_received(CloseMessage)


async def test_a_live_subscription_says_when_the_relay_ends_it(scripted_relay: ScriptedRelay) -> None:
    """CLOSED ends it with the reason."""
    scripted_relay.on(ReqMessage, refuse("error: shutting down"))
    async with connection(scripted_relay) as relay:
        with pytest.raises(RelayRefusedError, match="shutting down"):
            await anext(relay.subscribe(ALL))


async def test_cancelling_a_caller_leaves_the_connection_usable(scripted_relay: ScriptedRelay) -> None:
    """A cancelled request is closed on the relay, and others go on."""
    scripted_relay.on(ReqMessage, say_nothing, times=1)
    async with connection(scripted_relay) as relay:
        fetching = asyncio.create_task(relay.fetch(ALL))
        await scripted_relay.until_received(ReqMessage)
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        await scripted_relay.until_received(CloseMessage)
        assert () == await relay.fetch(ALL)
