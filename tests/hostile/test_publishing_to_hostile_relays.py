"""Publishing to hostile relays: nothing is lost, nothing counts that nobody can read, nobody is held up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from nostr_usage.nostr.message import EventMessage
from nostr_usage.publish import RelayOutcome, publish_forever
from nostr_usage.publish.answers import ATTEMPTS_MAX
from nostr_usage.store import OutboxState
from tests.hostile.publishing_cases import PUBLISHING_CASES, Fate, PublishingCase, slow_oks
from tests.ledgers import spend
from tests.operators import OperatorOfTests, operator_in
from tests.publishing import (
    LOCAL,
    confirmed,
    event_ids,
    objections,
    outcome,
    publish,
    sent,
    states,
)
from tests.relay_behaviours import once, refuse
from tests.scripted_relay import ScriptedRelay, Turn, honestly

ENTRIES = 3
"""What opening an account writes: its open, its plan and the first grant."""
DEADLINE_S = 6.0
A_DAY_S = 86_400

Operators = Callable[..., OperatorOfTests]


@pytest.fixture
def operator_of(tmp_path: Path) -> Generator[Operators]:
    """Makes an operator who publishes to these relays and has opened some accounts."""
    with ExitStack() as stack:

        def make(*relays: str, accounts: int = 1) -> OperatorOfTests:
            operator = stack.enter_context(operator_in(tmp_path, relays=relays))
            for number in range(accounts):
                operator.open_account(f"account-{number}")
            return operator

        yield make


@pytest.fixture
async def hostile(case: PublishingCase, scripted_relay: ScriptedRelay) -> ScriptedRelay:
    """The relay, as the case scripts it."""
    case.script(scripted_relay)
    return scripted_relay


cases = pytest.mark.parametrize("case", PUBLISHING_CASES, ids=lambda case: case.name)


def fate_of(operator: OperatorOfTests, url: str) -> Fate:
    """What became of the events that one relay was sent: the worst of it, if they fared differently."""
    found = states(operator, url)
    assert len(event_ids(operator)) == sum(found.values())
    for state, fate in (
        (OutboxState.REFUSED, Fate.REFUSED),
        (OutboxState.PENDING, Fate.LATER),
        (OutboxState.ACCEPTED, Fate.UNREADABLE),
    ):
        if state in found:
            return fate
    return Fate.CONFIRMED


@cases
async def test_alone_it_loses_nothing_and_feigns_nothing(
    case: PublishingCase, hostile: ScriptedRelay, operator_of: Operators
) -> None:
    """Every event is confirmed, waits, or is refused with a reason; what is confirmed is really there."""
    operator = operator_of(hostile.url)
    begun_at = asyncio.get_running_loop().time()
    report = await publish(operator, hostile.url, auth=True)
    assert asyncio.get_running_loop().time() - begun_at < DEADLINE_S
    assert case.fate is fate_of(operator, hostile.url)
    assert (case.fate is Fate.CONFIRMED) is (report.published == ENTRIES)
    found = outcome(report, hostile.url)
    assert (case.fate is Fate.CONFIRMED) is (not found.reason and not found.objections)
    assert confirmed(operator, hostile.url) <= set(hostile.events)


@cases
async def test_what_waits_arrives_once_the_relay_is_honest(
    case: PublishingCase, hostile: ScriptedRelay, operator_of: Operators
) -> None:
    """The same signed events, each once, except what was refused for good."""
    operator = operator_of(hostile.url)
    await publish(operator, hostile.url, auth=True)
    hostile.forget_rules()
    operator.clock.advance(A_DAY_S)
    await publish(operator, hostile.url, auth=True)
    expected = set(event_ids(operator)) if case.heals else set[str]()
    assert expected == confirmed(operator, hostile.url) == set(hostile.events)


@cases
async def test_beside_an_honest_relay_it_holds_up_nobody(
    case: PublishingCase, hostile: ScriptedRelay, operator_of: Operators
) -> None:
    """The honest relay has everything, confirmed, in the order of commit."""
    async with ScriptedRelay() as honest:
        operator = operator_of(hostile.url, honest.url)
        begun_at = asyncio.get_running_loop().time()
        report = await publish(operator, hostile.url, honest.url, auth=True)
        assert asyncio.get_running_loop().time() - begun_at < DEADLINE_S
        assert RelayOutcome(
            url=honest.url,
            condition=outcome(report, honest.url).condition,
            accepted=ENTRIES,
            confirmed=ENTRIES,
        ) == outcome(report, honest.url)
        assert event_ids(operator) == sent(honest)


async def test_an_honest_relay_confirms(operator_of: Operators, scripted_relay: ScriptedRelay) -> None:
    """Control: with nothing wrong, everything is confirmed and nothing is said."""
    operator = operator_of(scripted_relay.url)
    report = await publish(operator, scripted_relay.url)
    assert Fate.CONFIRMED is fate_of(operator, scripted_relay.url)
    assert ("", ()) == (report.relays[0].reason, report.relays[0].objections)
    assert set(event_ids(operator)) == confirmed(operator, scripted_relay.url) == set(scripted_relay.events)


async def test_a_slow_relay_never_delays_another(
    operator_of: Operators, scripted_relay: ScriptedRelay
) -> None:
    """Watching: while one relay has not answered its first event, the other confirms all, twice over."""
    released = asyncio.Event()
    scripted_relay.on(EventMessage, once(released))
    async with ScriptedRelay() as quick:
        operator = operator_of(scripted_relay.url, quick.url)
        told: list[RelayOutcome] = []
        is_over = asyncio.Event()

        def hear(found: RelayOutcome) -> None:
            told.append(found)
            if len(told) == 1:
                operator.open_account("another")
            if found.url == quick.url and len(told) == 2:
                released.set()
            if found.url == scripted_relay.url:
                is_over.set()

        watching = asyncio.create_task(
            publish_forever(
                operator.store,
                relays=(scripted_relay.url, quick.url),
                policy=replace(LOCAL, silence_timeout_s=5.0, request_timeout_s=5.0),
                clock=operator.clock,
                random=Random(1),
                on_outcome=hear,
                pause=lambda _seconds: asyncio.sleep(0),
            )
        )
        async with asyncio.timeout(DEADLINE_S):
            await is_over.wait()
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
        assert [quick.url, quick.url, scripted_relay.url] == [found.url for found in told[:3]]
        assert [ENTRIES, ENTRIES] == [found.confirmed for found in told[:2]]


async def test_oks_that_drip_end_with_the_publication(
    operator_of: Operators, scripted_relay: ScriptedRelay
) -> None:
    """Each in time, all together not: what was answered counts, the rest waits, and the run ends."""
    slow_oks(scripted_relay)
    operator = operator_of(scripted_relay.url, accounts=10)
    begun_at = asyncio.get_running_loop().time()
    report = await publish(operator, scripted_relay.url)
    assert asyncio.get_running_loop().time() - begun_at < DEADLINE_S
    assert 0 < report.relays[0].accepted < 10 * ENTRIES
    assert "no answer" in report.relays[0].reason
    assert not states(operator, scripted_relay.url).get(OutboxState.REFUSED)


async def test_a_relay_that_wants_to_know_us_costs_no_event_an_attempt(
    operator_of: Operators, scripted_relay: ScriptedRelay
) -> None:
    """Auth-required without a key to prove: everything waits in its order, and the reason is shown."""
    operator = operator_of(scripted_relay.url)
    scripted_relay.on(EventMessage, refuse("auth-required: log in first"))
    report = await publish(operator, scripted_relay.url)
    assert (ENTRIES, 0) == (report.relays[0].later, report.relays[0].refused)
    assert ("auth-required: log in first",) == report.relays[0].objections
    scripted_relay.forget_rules()
    scripted_relay.received.clear()
    assert ENTRIES == (await publish(operator, scripted_relay.url)).published
    with operator.store.read() as reader:
        assert [event.event_id for event in reader.events()] == sent(scripted_relay)


async def test_a_relay_that_fails_with_everything_costs_no_event_an_attempt(
    operator_of: Operators, scripted_relay: ScriptedRelay
) -> None:
    """A full disk is the relay's condition: nothing is given up for it, and the order stays."""
    operator = operator_of(scripted_relay.url, accounts=10)
    scripted_relay.on(EventMessage, refuse("error: disk full"))
    for _ in range(ATTEMPTS_MAX + 5):
        report = await publish(operator, scripted_relay.url)
        assert (30, 0) == (report.relays[0].later, report.relays[0].refused)
    scripted_relay.forget_rules()
    assert 30 == (await publish(operator, scripted_relay.url)).published


async def test_an_event_that_is_never_taken_is_given_up_and_shown(
    operator_of: Operators, scripted_relay: ScriptedRelay
) -> None:
    """Attempts are bounded; the last reason stays, and the others are published."""
    operator = operator_of(scripted_relay.url)
    with operator.store.read() as reader:
        last = [event.event_id for event in reader.events()][-1]

    async def fail_with_one(turn: Turn) -> None:
        assert isinstance(turn.message, EventMessage)
        await (refuse("error: no") if turn.message.event.id == last else honestly)(turn)

    scripted_relay.on(EventMessage, fail_with_one)
    report = None
    for _ in range(ATTEMPTS_MAX):
        report = await publish(operator, scripted_relay.url)
        operator.clock.advance(3_600)
    assert report is not None
    assert (1, ("given up after 20 attempts: error: no",)) == (
        report.relays[0].refused,
        tuple(row.reason for row in objections(operator)),
    )
    assert ATTEMPTS_MAX == sent(scripted_relay).count(last)
    await publish(operator, scripted_relay.url)
    assert ATTEMPTS_MAX == sent(scripted_relay).count(last)
    assert {OutboxState.CONFIRMED: 2, OutboxState.REFUSED: 1} == states(operator, scripted_relay.url)


async def test_a_delayed_event_holds_back_its_stream_and_no_other(
    operator_of: Operators, scripted_relay: ScriptedRelay
) -> None:
    """What was recorded after it in the same stream follows it; other streams go on."""
    operator = operator_of(scripted_relay.url)
    with operator.store.read() as reader:
        last = [event.event_id for event in reader.events()][-1]

    async def fail_with_one(turn: Turn) -> None:
        assert isinstance(turn.message, EventMessage)
        await (refuse("error: no") if turn.message.event.id == last else honestly)(turn)

    scripted_relay.on(EventMessage, fail_with_one)
    await publish(operator, scripted_relay.url)
    with operator.store.read() as reader:
        (stream,) = reader.streams()
    spend(operator, stream.account, 1, seconds_apart=0)
    operator.open_account("another")
    scripted_relay.received.clear()
    await publish(operator, scripted_relay.url)
    assert ENTRIES == len(sent(scripted_relay))
    scripted_relay.forget_rules()
    scripted_relay.received.clear()
    operator.clock.advance(10)
    await publish(operator, scripted_relay.url)
    assert (2, last) == (len(sent(scripted_relay)), sent(scripted_relay)[0])
    assert {OutboxState.CONFIRMED: 2 * ENTRIES + 1} == states(operator, scripted_relay.url)
