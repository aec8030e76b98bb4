"""How much of an answer is kept: as much as was asked for, and never more memory than allowed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from nostr_usage.clock import ManualClock
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.message import ReqMessage
from nostr_usage.nostr.signer import Signer
from nostr_usage.relays.connection import RelayConnection
from nostr_usage.relays.policy import ConnectionPolicy
from tests.relay_behaviours import honestly_but
from tests.scripted_relay import Answers, ScriptedRelay
from tests.signed_events import NOW, signed

LOCAL = ConnectionPolicy(allow_local=True, silence_timeout_s=0.5)
ALL = Filter(kinds=(1,), limit=100)


def hold_large(relay: ScriptedRelay, signer: Signer, *, count: int) -> None:
    """Events of 10 KB each."""
    relay.hold(*(signed(signer, created_at=NOW + number, content="x" * 10_000) for number in range(count)))


async def test_an_answer_is_cut_where_it_takes_too_much_memory(
    signer: Signer, clock: ManualClock, scripted_relay: ScriptedRelay
) -> None:
    """The newest are kept; the control, with more room, has all; nobody is accused of anything."""
    hold_large(scripted_relay, signer, count=10)
    tight = replace(LOCAL, request_bytes_max=55_000)
    async with RelayConnection(scripted_relay.url, policy=tight, clock=clock) as relay:
        found = await relay.fetch(ALL)
        assert [NOW + 9 - number for number in range(5)] == [event.created_at for event in found]
        assert relay.score.is_clean
    async with RelayConnection(scripted_relay.url, policy=LOCAL, clock=clock) as relay:
        assert 10 == len(await relay.fetch(ALL))


async def test_all_answers_together_have_a_limit(
    signer: Signer, clock: ManualClock, scripted_relay: ScriptedRelay
) -> None:
    """Answers that wait for their end are cut once they are too much together."""
    hold_large(scripted_relay, signer, count=10)
    scripted_relay.on(ReqMessage, honestly_but(without_end), times=3)
    tight = replace(LOCAL, collected_bytes_max=250_000, requests_max=16)
    async with RelayConnection(scripted_relay.url, policy=tight, clock=clock) as relay:
        asked = [asyncio.create_task(relay.fetch(ALL)) for _ in range(3)]
        done, waiting = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        assert all(0 < len(task.result()) < 10 for task in done)
        for task in waiting:
            task.cancel()
        await asyncio.wait(asked)


def without_end(answers: Answers) -> Answers:
    """All events, and no EOSE."""
    return answers[:-1]
