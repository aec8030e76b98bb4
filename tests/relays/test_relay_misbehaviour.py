"""What a bad relay cannot do: hold up a caller, flood it, or hide a sound copy."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from nostr_usage.errors import RelayError, RelayTimeoutError
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.message import (
    EventMessage,
    RelayEvent,
    RelayNotice,
    RelayOk,
    ReqMessage,
    encode_message,
)
from nostr_usage.relays import connection as connection_module
from nostr_usage.relays.policy import MESSAGE_BYTES_MAX, ConnectionPolicy
from tests.connections import ALL, EVENTS, IMPATIENT, SIGNER, connection, ids
from tests.relay_behaviours import (
    close_with,
    drop,
    honestly_but,
    in_turn,
    once,
    reply,
    say_nothing,
)
from tests.scripted_relay import Answers, Frame, ScriptedRelay, Turn
from tests.signed_events import NOW, signed, with_forged_signature


@pytest.mark.parametrize("message_type", [ReqMessage, EventMessage])
async def test_silence_has_a_deadline(
    scripted_relay: ScriptedRelay, message_type: type[ReqMessage] | type[EventMessage]
) -> None:
    """A relay that never answers is given up, and its last notice is shown."""
    speak = reply(RelayNotice(text="maintenance"))
    scripted_relay.on(message_type, in_turn(speak, say_nothing))
    async with connection(scripted_relay, policy=IMPATIENT) as relay:
        with pytest.raises(RelayTimeoutError, match="maintenance"):
            await (relay.fetch(ALL) if message_type is ReqMessage else relay.publish(EVENTS[0]))
        assert relay.is_lost


async def test_a_relay_that_does_not_read_is_given_up(
    scripted_relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once its buffers are full, sending has a deadline as well, and so has the farewell."""
    monkeypatch.setattr(connection_module, "CLOSE_TIMEOUT_S", 0.05)
    released = asyncio.Event()
    scripted_relay.on(EventMessage, once(released, then=drop))
    policy = ConnectionPolicy(allow_local=True, silence_timeout_s=0.1, unacknowledged_max=1_000)
    events = [signed(SIGNER, created_at=NOW + number, content="x" * 60_000) for number in range(300)]
    async with connection(scripted_relay, policy=policy) as relay:
        published = await relay.publish_all(events)
    released.set()
    assert {} == published.answers
    assert isinstance(published.error, RelayTimeoutError)


async def test_a_trickle_of_events_has_a_deadline_too(scripted_relay: ScriptedRelay) -> None:
    """A relay that sends something useful for ever cannot hold up a request for ever."""

    async def trickle(turn: Turn) -> None:
        assert isinstance(turn.message, ReqMessage)
        for number in range(30):
            event = signed(SIGNER, created_at=NOW, content=str(number))
            await turn.send(RelayEvent(subscription_id=turn.message.subscription_id, event=event))
            await asyncio.sleep(0.01)

    scripted_relay.on(ReqMessage, trickle)
    policy = ConnectionPolicy(allow_local=True, request_timeout_s=0.1)
    async with connection(scripted_relay, policy=policy) as relay:
        with pytest.raises(RelayTimeoutError):
            await relay.fetch(Filter(kinds=(1,), limit=5_000))


async def test_whoever_waits_learns_that_the_connection_is_lost(scripted_relay: ScriptedRelay) -> None:
    """Requests, live subscriptions and publications all end when the relay hangs up."""
    scripted_relay.on(ReqMessage, say_nothing)
    scripted_relay.on(EventMessage, close_with(1012, "restarting"))
    async with connection(scripted_relay) as relay:
        fetching = asyncio.create_task(relay.fetch(ALL))
        following = asyncio.create_task(anext(relay.subscribe(ALL)))
        await scripted_relay.until_received(ReqMessage, 2)
        with pytest.raises(RelayError, match="restarting"):
            await relay.publish(EVENTS[0])
        for task in (fetching, following):
            with pytest.raises(RelayError, match="restarting"):
                await task
        await relay.wait_lost()


async def test_no_more_is_kept_than_was_asked_for(scripted_relay: ScriptedRelay) -> None:
    """A relay that ignores the limit gets it counted, and its flood is not collected."""
    scripted_relay.hold(*EVENTS)

    async def flood(turn: Turn) -> None:
        assert isinstance(turn.message, ReqMessage)
        subscription_id = turn.message.subscription_id
        await turn.send(*(RelayEvent(subscription_id=subscription_id, event=event) for event in EVENTS))

    scripted_relay.on(ReqMessage, flood)
    async with connection(scripted_relay) as relay:
        assert ids(EVENTS[:2]) == ids(await relay.fetch(Filter(kinds=(1,), limit=2)))
        assert 1 == relay.score.unasked


async def test_what_a_bad_relay_sends_is_counted(scripted_relay: ScriptedRelay) -> None:
    """Foreign events, malformed ones, frames about nothing, duplicates: counted and dropped."""
    scripted_relay.hold(*EVENTS)

    def spoil(answers: Answers) -> list[Frame]:
        first = answers[0]
        assert isinstance(first, RelayEvent)
        about = first.subscription_id
        altered = encode_message(first).replace('"content":"', '"content":"x')
        return [
            RelayEvent(subscription_id=about, event=signed(SIGNER, kind=7)),
            altered,
            "not json",
            RelayEvent(subscription_id="nobody", event=EVENTS[0]),
            RelayOk(event_id=EVENTS[0].id, accepted=True),
            first,
            *answers,
        ]

    scripted_relay.on(ReqMessage, honestly_but(spoil))
    async with connection(scripted_relay) as relay:
        assert ids(EVENTS) == ids(await relay.fetch(ALL))
        score = relay.score
    assert (1, 2, 2, 1) == (score.foreign, score.malformed, score.unasked, score.duplicate)
    assert not score.is_clean


async def test_copies_with_other_signatures_are_all_kept(scripted_relay: ScriptedRelay) -> None:
    """A corrupt copy that comes first does not hide the sound one."""
    scripted_relay.hold(EVENTS[0])

    def corrupt_first(answers: Answers) -> list[Frame]:
        first = answers[0]
        assert isinstance(first, RelayEvent)
        forged = with_forged_signature(first.event)
        return [RelayEvent(subscription_id=first.subscription_id, event=forged), *answers]

    scripted_relay.on(ReqMessage, honestly_but(corrupt_first))
    async with connection(scripted_relay) as relay:
        page = await relay.fetch(ALL)
    assert {EVENTS[0].sig, with_forged_signature(EVENTS[0]).sig} == {event.sig for event in page}


async def test_a_slow_follower_is_told_instead_of_filling_the_memory(scripted_relay: ScriptedRelay) -> None:
    """Events that are not taken are bounded; then the subscription ends."""
    scripted_relay.hold(*EVENTS)
    policy = ConnectionPolicy(allow_local=True, events_max=3)
    async with (
        connection(scripted_relay, policy=policy) as relay,
        aclosing(relay.subscribe(Filter(kinds=(1,)))) as events,
    ):
        assert 3 == len([await anext(events) for _ in range(3)])
        with pytest.raises(RelayError, match="faster"):
            await anext(events)


async def test_a_frame_that_is_too_large_ends_the_connection(scripted_relay: ScriptedRelay) -> None:
    """Nothing larger than the bound is read into memory."""
    scripted_relay.on(ReqMessage, reply("x" * (MESSAGE_BYTES_MAX + 1)))
    async with connection(scripted_relay) as relay:
        with pytest.raises(RelayError, match="connection lost"):
            await relay.fetch(ALL)


async def test_a_message_that_never_ends_has_a_deadline(scripted_relay: ScriptedRelay) -> None:
    """Fragments without end are silence."""

    async def fragments(turn: Turn) -> None:
        await turn.visit.send_raw(b"\x01\x01[")
        for _ in range(10):
            await turn.visit.send_raw(b"\x00\x01[")

    scripted_relay.on(ReqMessage, fragments)
    async with connection(scripted_relay, policy=IMPATIENT) as relay:
        with pytest.raises(RelayTimeoutError):
            await relay.fetch(ALL)
