"""One connection to one relay: what is asked, what comes back, and what a bad relay cannot do."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.errors import RelayError, RelayRefusedError, RelayTimeoutError, RelayUrlError
from nostr_usage.nostr.event import Event
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.message import (
    AuthMessage,
    CloseMessage,
    EventMessage,
    RelayEvent,
    RelayNotice,
    RelayOk,
    ReqMessage,
    encode_message,
)
from nostr_usage.nostr.reason import Prefix, Verdict
from nostr_usage.nostr.signer import Signer
from nostr_usage.relays import connection as connection_module
from nostr_usage.relays.connection import RelayConnection
from nostr_usage.relays.policy import MESSAGE_BYTES_MAX, ConnectionPolicy
from tests.http_server import http_server
from tests.relay_behaviours import (
    challenge,
    close_with,
    drop,
    honestly_but,
    in_turn,
    once,
    refuse,
    reply,
    require_auth,
    say_nothing,
)
from tests.scripted_relay import Answers, Frame, ScriptedRelay, Turn, honestly
from tests.signed_events import NOW, signed, signer_of, with_forged_signature

LOCAL = ConnectionPolicy(allow_local=True)
IMPATIENT = ConnectionPolicy(allow_local=True, silence_timeout_s=0.05)
ALL = Filter(kinds=(1,), limit=100)
SIGNER = signer_of(1)
EVENTS = tuple(signed(SIGNER, created_at=NOW + number, content=str(number)) for number in range(5))


def connection(
    relay: ScriptedRelay | str, *, policy: ConnectionPolicy = LOCAL, signer: Signer | None = None
) -> RelayConnection:
    """A connection to a relay of a test."""
    url = relay if isinstance(relay, str) else relay.url
    return RelayConnection(url, policy=policy, clock=ManualClock(NOW), signer=signer)


def ids(events: tuple[Event, ...]) -> set[str]:
    """The ids of some events."""
    return {event.id for event in events}


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


async def test_nobody_listening_is_an_error() -> None:
    """A closed port raises at once, naming the relay."""
    with pytest.raises(RelayError, match=r"^ws://127\.0\.0\.1:1/: cannot connect"):
        async with connection("ws://127.0.0.1:1"):
            pass


async def test_something_else_than_a_relay_is_an_error() -> None:
    """A port that answers with a redirect is not followed."""

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1:2/\r\nContent-Length: 0\r\n\r\n")

    async with http_server(redirect) as url:
        with pytest.raises(RelayError, match="301"):
            async with connection(url):
                pass


async def test_a_relay_that_does_not_shake_hands_has_a_deadline() -> None:
    """A port that accepts and says nothing is given up, and its socket closed."""

    async def wait(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    policy = ConnectionPolicy(allow_local=True, connect_timeout_s=0.05)
    async with http_server(wait) as url:
        with pytest.raises(RelayTimeoutError):
            async with connection(url, policy=policy):
                pass


@pytest.mark.parametrize("url", ["ws://127.0.0.1:9", "ws://localhost:9", "ws://[::1]:9", "ws://10.0.0.1:9"])
async def test_local_addresses_need_permission(url: str) -> None:
    """A URL that somebody else wrote does not lead into this network, by address or by name."""
    with pytest.raises(RelayError, match="this machine or network"):
        async with connection(url, policy=ConnectionPolicy()):
            pass


async def test_a_proxy_does_not_lift_that_rule() -> None:
    """An address is checked even where a proxy would connect."""
    policy = ConnectionPolicy(proxy="http://127.0.0.1:1")
    with pytest.raises(RelayError, match="this machine or network"):
        async with connection("ws://127.0.0.1:9", policy=policy):
            pass
    with pytest.raises(RelayError, match="no websocket"):
        async with connection("ws://relay.invalid", policy=policy):
            pass


async def test_a_name_that_does_not_resolve_is_an_error() -> None:
    """The message names the host."""
    with pytest.raises(RelayError, match=r"relay\.invalid"):
        async with connection("ws://relay.invalid"):
            pass


def test_what_is_no_url_is_refused_at_once() -> None:
    """Before anything is connected."""
    with pytest.raises(RelayUrlError):
        connection("https://relay.example")


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
