"""Relays that never come to an end, end too early, or send what is no message; each function is one."""

from __future__ import annotations

import asyncio
from random import Random

from nostr_usage.nostr.event import event_to_json
from nostr_usage.nostr.message import RelayEose, RelayEvent, RelayNotice, encode_message
from tests.hostile import forgeries
from tests.hostile.ledger_under_attack import LedgerUnderAttack
from tests.hostile.scripting import (
    always,
    asked_for,
    begin_with,
    but_openings,
    change_answers,
    change_events,
    flood_pages,
    subscription_of,
)
from tests.relay_behaviours import drop, honestly_but, say_nothing
from tests.scripted_relay import Frame, ScriptedRelay, Turn, honestly

HUGE_FRAME_BYTES = 30 * 1024 * 1024
DRIP_S = 0.02
"""The pace of a relay that is slow on purpose: far below every deadline of the tests."""


def never_eose(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """All events, and then nothing."""
    change_answers(relay, ledger, lambda answers: answers[:-1])


def silence(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """No answer at all."""
    always(relay, ledger, say_nothing)


def notices_before_the_answer(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Two thousand notices, then the truth."""
    notices = [RelayNotice(text="look here " * 20)] * 2_000
    change_answers(relay, ledger, lambda answers: [*notices, *answers])


def notices_without_end(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Notices instead of an answer, as long as anybody listens."""
    notice = encode_message(RelayNotice(text="wait " * 200))

    async def flood(turn: Turn) -> None:
        while not turn.visit.is_gone:
            await turn.send(notice)

    always(relay, ledger, flood)


def slow_drip(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """One forged event after the other, each in time, without an end."""

    async def drip(turn: Turn) -> None:
        about = subscription_of(turn.honest())
        name, values = asked_for(turn)
        for copy in forgeries.without_end(forgeries.answering(ledger, name, values[0])):
            if turn.visit.is_gone:
                return
            await turn.send(RelayEvent(subscription_id=about, event=copy))
            await asyncio.sleep(DRIP_S)

    always(relay, ledger, drip)


def slow_answers(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Every answer comes just in time, and is worth nothing: forged openings of ever more accounts."""

    async def delay(turn: Turn) -> None:
        about = subscription_of(turn.honest())
        name, values = asked_for(turn)
        await asyncio.sleep(5 * DRIP_S)
        fake = forgeries.answering(ledger, name, values[0])
        await turn.send(RelayEvent(subscription_id=about, event=fake), RelayEose(subscription_id=about))

    always(relay, ledger, delay)


def flood_of_events(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """To a limit of 500: the truth, and then 20,000 forged events."""
    flood_pages(relay, ledger, lambda answers, flood: [*answers[:-1], *flood, answers[-1]])


def flood_before_the_events(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """To a limit of 500: 20,000 forged events, and then the truth."""
    flood_pages(relay, ledger, lambda answers, flood: [*flood, *answers])


def flood_of_large_events(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Hundreds of forged entries of 200 KB, and then the truth."""

    async def flood(turn: Turn) -> None:
        answers = turn.honest()
        about = subscription_of(answers)
        for forged in forgeries.large(ledger, bytes_each=200_000, count=150):
            if turn.visit.is_gone:
                return
            await turn.send(RelayEvent(subscription_id=about, event=forged))
        await turn.send(*answers)

    always(relay, ledger, but_openings(flood))


def cut_after_three_frames(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Every answer ends after three frames, and so does the connection."""

    async def cut(turn: Turn) -> None:
        await turn.send(*turn.honest()[:3])
        await turn.visit.close(1001, "going away")

    always(relay, ledger, cut)


def cut_after_a_page(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """The oldest five entries are one sound answer; whoever asks for more is cut off."""
    page = honestly_but(lambda answers: [*answers[-2::-1][:5], answers[-1]])

    async def cut(turn: Turn) -> None:
        name, values = asked_for(turn)
        asks_for_more = name == "s" and values[0].startswith(ledger.account[:32])
        await (drop if asks_for_more else page if name == "p" else honestly)(turn)

    always(relay, ledger, cut)


def cut_mid_frame(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """A frame that announces 1,000 bytes, has ten, and no end."""

    async def cut(turn: Turn) -> None:
        await turn.visit.send_raw(b"\x81\x7e\x03\xe8" + b'["EVENT","')
        turn.visit.drop()

    always(relay, ledger, cut)


def huge_frame(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """One frame of 30 MiB."""

    async def send(turn: Turn) -> None:
        await turn.send('["NOTICE","' + "x" * HUGE_FRAME_BYTES + '"]')

    always(relay, ledger, send)


def compression_bomb(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """A compressed frame of 30 KB that unfolds to 30 MiB."""
    bomb = forgeries.deflated_frame(b'["NOTICE","' + b"x" * HUGE_FRAME_BYTES + b'"]')

    async def send(turn: Turn) -> None:
        await turn.visit.send_raw(bomb)

    always(relay, ledger, send)


def deep_json(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Arrays in arrays, a hundred thousand levels, before each answer."""
    deep = "[" * 100_000
    begin_with(relay, ledger, deep, '["EVENT","1",' + deep, deep + "]" * 100_000)


def nan_and_infinity(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Numbers that are none, where integers belong."""
    text = event_to_json(ledger.events[0]).decode()
    created_at = f'"created_at":{ledger.events[0].created_at}'
    numbers = ("NaN", "Infinity", "-Infinity", "1e999", "true", "null")
    broken = [text.replace(created_at, f'"created_at":{number}') for number in numbers]
    begin_with(relay, ledger, *(f'["EVENT","SUB",{event}]' for event in broken))


def duplicate_keys(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Events in which a field comes twice, once true and once false."""

    def double(event: RelayEvent) -> list[Frame]:
        text = encode_message(event)
        first = text.replace('{"id":', '{"content":"false","id":', 1)
        last = text[:-2] + ',"content":"false"}]'
        return [last, first]

    change_events(relay, ledger, double)


def lone_surrogates(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Half characters in the text of an event, in its tags and in the subscription id."""
    text = event_to_json(ledger.events[0]).decode()
    broken = text.replace('"content":""', '"content":"\\ud800"'), text.replace("ul1", "\\udfff")
    begin_with(
        relay, ledger, *(f'["EVENT","SUB",{event}]' for event in broken), f'["EVENT","\\ud800",{text}]'
    )


def wrong_types(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Messages of all shapes but the right ones."""
    begin_with(
        relay,
        ledger,
        *("{}", "[]", "5", '"EVENT"', "null", '["EVENT"]', '["EVENT",5,{}]', '["EVENT","SUB",null]'),
        *('["EVENT","SUB",{"id":5}]', '["EOSE"]', '["EOSE",null]', '["OK","x","y"]', '["CLOSED",1,2]'),
        *('["AUTH"]', '["AUTH",7]', '["NOTICE",[]]', '["COUNT","SUB",{"count":-1}]', '["WHAT","is","this"]'),
    )


def bytes_that_are_no_text(relay: ScriptedRelay, ledger: LedgerUnderAttack) -> None:
    """Binary frames with chance in them."""
    chance = Random(1)
    begin_with(relay, ledger, *(chance.randbytes(200) for _ in range(20)), b"\xff\xfe", b"")
