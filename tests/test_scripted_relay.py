"""The scripted relay itself: honest by default, and each part of a script does what it says."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.exceptions import ConnectionClosed

from nostr_usage.nostr.event import event_to_object
from nostr_usage.nostr.message import (
    CloseMessage,
    CountMessage,
    EventMessage,
    RelayEose,
    RelayEvent,
    RelayOk,
    ReqMessage,
)
from nostr_usage.nostr.signer import Signer
from tests.raw_client import connected
from tests.relay_behaviours import (
    acknowledge_and_forget,
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
from tests.scripted_relay import CHALLENGE, ScriptedRelay, Turn, honestly
from tests.signed_events import NOW, signed, signer_of, with_forged_signature


async def test_it_is_honest_by_default(scripted_relay: ScriptedRelay, signer: Signer) -> None:
    """Publish, read with a limit, count, live events, close: as NIP-01 says."""
    old, new = (signed(signer, created_at=NOW - age) for age in (1, 0))
    async with connected(scripted_relay.url) as writer, connected(scripted_relay.url) as reader:
        assert (True, "") == await writer.publish(old)
        assert (True, "duplicate: already have this event") == await writer.publish(old)
        assert (False, "invalid: bad signature") == await writer.publish(with_forged_signature(new))
        assert [old.id] == [event["id"] for event in await reader.subscribe("s", {"kinds": [1]})]
        await writer.publish(new)
        assert new.id == (await reader.receive())[2]["id"]
        await reader.send("CLOSE", "s")
        assert [new.id] == await reader.query({"kinds": [1], "limit": 1})
        assert ["COUNT", "c", {"count": 2}] == await reader.ask("COUNT", "c", {"kinds": [1], "limit": 1})
        await reader.send_text("nonsense")
        assert ["NOTICE", "invalid: message is not valid JSON"] == await reader.receive()


async def test_a_rule_can_lie_for_a_while(scripted_relay: ScriptedRelay, signer: Signer) -> None:
    """`times` bounds a rule; rules that are forgotten leave an honest relay."""
    event = signed(signer)
    scripted_relay.on(EventMessage, acknowledge_and_forget, times=1)
    scripted_relay.on(EventMessage, refuse("rate-limited: slow down"))
    async with connected(scripted_relay.url) as client:
        assert (True, "") == await client.publish(event)
        assert [] == await client.query({"kinds": [1]})
        assert (False, "rate-limited: slow down") == await client.publish(event)
        scripted_relay.forget_rules()
        assert (True, "") == await client.publish(event)
        assert [event.id] == await client.query({"kinds": [1]})


async def test_honest_answers_can_be_changed(scripted_relay: ScriptedRelay, signer: Signer) -> None:
    """Withheld, doubled, reordered, or followed by what is no message at all."""
    events = [signed(signer, created_at=NOW - age) for age in range(3)]
    scripted_relay.hold(*events)
    scripted_relay.on(ReqMessage, honestly_but(lambda answers: answers[1:]), times=1)
    scripted_relay.on(
        ReqMessage, honestly_but(lambda answers: [*reversed(answers[:-1]), answers[-1]]), times=1
    )
    scripted_relay.on(ReqMessage, honestly_but(lambda answers: ["nonsense", b"\x00", *answers]), times=1)
    ids = [event.id for event in events]
    async with connected(scripted_relay.url) as client:
        assert ids[1:] == await client.query({"kinds": [1]})
        assert ids[::-1] == await client.query({"kinds": [1]})
        await client.send("REQ", "s", {"kinds": [1]})
        assert "nonsense" == await client.websocket.recv()
        assert b"\x00" == await client.websocket.recv()
        assert ids[0] == (await client.receive())[2]["id"]


async def test_anything_can_be_replied(scripted_relay: ScriptedRelay, signer: Signer) -> None:
    """Events that were not asked for, under any subscription, forged or not."""
    forged = with_forged_signature(signed(signer))
    event = RelayEvent(subscription_id="other", event=forged)
    scripted_relay.on(ReqMessage, reply(event, RelayEose(subscription_id="s")))
    async with connected(scripted_relay.url) as client:
        answer = await client.ask("REQ", "s", {"kinds": [7]})
        assert ["EVENT", "other", forged.sig] == [*answer[:2], answer[2]["sig"]]
        assert ["EOSE", "s"] == await client.receive()


async def test_an_answer_can_wait_for_the_test(scripted_relay: ScriptedRelay, signer: Signer) -> None:
    """`once` holds an answer until the test lets it go; the test knows when the request has arrived."""
    released = asyncio.Event()
    scripted_relay.on(ReqMessage, once(released), times=1)
    async with connected(scripted_relay.url) as client, connected(scripted_relay.url) as other:
        await client.send("REQ", "s", {"kinds": [1]})
        await scripted_relay.until_received(ReqMessage)
        assert await other.is_quiet()
        waiting = asyncio.create_task(client.receive())
        await asyncio.sleep(0)
        assert not waiting.done()
        released.set()
        assert ["EOSE", "s"] == await waiting


async def test_connections_can_end_in_any_way(scripted_relay: ScriptedRelay) -> None:
    """Cut, closed with a code, or both sides silent until the test cuts all."""
    scripted_relay.on(ReqMessage, drop, visit=0)
    scripted_relay.on(ReqMessage, close_with(4_000, "go away"), visit=1)
    scripted_relay.on(ReqMessage, say_nothing, visit=2)
    codes: list[int | None] = []
    for number in range(3):
        async with connected(scripted_relay.url) as client:
            await client.send("REQ", "s", {"kinds": [1]})
            await scripted_relay.until_received(ReqMessage, number + 1)
            if number == 2:
                scripted_relay.drop_all()
            with pytest.raises(ConnectionClosed):
                await client.receive()
            codes.append(client.websocket.close_code)
    assert [1006, 4_000, 1006] == codes


async def test_authentication_can_be_required(scripted_relay: ScriptedRelay, signer: Signer) -> None:
    """Refused with a challenge until a key is proved."""
    scripted_relay.on_connect(challenge)
    scripted_relay.on(ReqMessage, require_auth)
    async with connected(scripted_relay.url) as client:
        assert ["AUTH", CHALLENGE] == await client.receive()
        assert ["AUTH", CHALLENGE] == await client.ask("REQ", "s", {"kinds": [1]})
        assert ["CLOSED", "s", "auth-required: prove a key first"] == await client.receive()
        for answer, accepted in (("wrong", False), (CHALLENGE, True)):
            event = signed(signer, kind=22_242, tags=(("challenge", answer),))
            assert accepted is (await client.ask("AUTH", event_to_object(event)))[2]
        assert [] == await client.query({"kinds": [1]})


async def test_several_things_can_happen_at_once(scripted_relay: ScriptedRelay, signer: Signer) -> None:
    """Two OKs that contradict each other, then the end of the connection; a behaviour of the test's own."""
    event = signed(signer)

    async def contradict(turn: Turn) -> None:
        assert isinstance(turn.message, EventMessage)
        await turn.send(RelayOk(event_id=turn.message.event.id, accepted=False, text="error: oops"))

    scripted_relay.on(EventMessage, in_turn(honestly, contradict, drop))
    async with connected(scripted_relay.url) as client:
        assert (True, "") == await client.publish(event)
        assert ["OK", event.id, False, "error: oops"] == await client.receive()
        with pytest.raises(ConnectionClosed):
            await client.receive()


async def test_raw_bytes_can_break_the_websocket_itself(scripted_relay: ScriptedRelay) -> None:
    """A frame with reserved bits ends the connection on the client's side."""

    async def break_protocol(turn: Turn) -> None:
        await turn.visit.send_raw(b"\xf1\x00")

    scripted_relay.on(ReqMessage, break_protocol)
    async with connected(scripted_relay.url) as client:
        with pytest.raises(ConnectionClosed):
            await client.ask("REQ", "s", {"kinds": [1]})


async def test_it_keeps_what_it_received(scripted_relay: ScriptedRelay, signer: Signer) -> None:
    """Every message, in order, by type; and what a test announces goes to whoever asked."""
    async with connected(scripted_relay.url) as client:
        await client.subscribe("s", {"authors": [signer.pubkey]})
        await scripted_relay.announce(signed(signer_of(2)))
        await scripted_relay.announce(signed(signer))
        assert signer.pubkey == (await client.receive())[2]["pubkey"]
        await client.send("CLOSE", "s")
        assert await client.is_quiet()
    assert [ReqMessage, CloseMessage, CountMessage] == [type(message) for message in scripted_relay.received]
    assert ["s"] == [
        message.subscription_id
        for message in scripted_relay.received_of(CloseMessage)
        if isinstance(message, CloseMessage)
    ]


async def test_its_information_is_the_tests_choice(scripted_relay: ScriptedRelay) -> None:
    """NIP-11 with any body; None leaves the request to the websocket server."""
    from tests.embedded.test_embedded_information import http_get

    scripted_relay.information = b'{"name":"liar"}'
    status, headers, body = await http_get(scripted_relay.url, "Accept: application/nostr+json")
    assert ("HTTP/1.1 200 OK", "application/nostr+json") == (status, headers["Content-Type"])
    assert {"name": "liar"} == json.loads(body)
    scripted_relay.information = None
    status, _, _ = await http_get(scripted_relay.url, "Accept: application/nostr+json")
    assert "HTTP/1.1 426 Upgrade Required" == status
