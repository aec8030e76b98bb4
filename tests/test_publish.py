"""Publishing: nothing is lost, nothing counts as stored that nobody can read, no relay holds up another."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.embedded import EmbeddedRelay, RelayAccess
from nostr_usage.nostr.message import AuthMessage, EventMessage, RelayEvent, ReqMessage
from nostr_usage.publish import NOT_SERVED, PublishReport, RelayOutcome, publish_due
from nostr_usage.relays.condition import RelayCondition
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.store import OutboxState
from tests.operators import FEBRUARY_1, OperatorOfTests, operator_in
from tests.relay_behaviours import (
    acknowledge_and_forget,
    drop,
    honestly_but,
    refuse,
    require_auth,
    say_nothing,
)
from tests.scripted_relay import Answers, Frame, ScriptedRelay, honestly
from tests.signed_events import with_forged_signature

NOBODY = "ws://127.0.0.1:1/"
LOCAL = ConnectionPolicy(allow_local=True, silence_timeout_s=0.2)
# Opening an account writes its open, its plan and the first grant.
ENTRIES = 3

Operators = Callable[..., OperatorOfTests]


@pytest.fixture
def operator_of(tmp_path: Path) -> Generator[Operators]:
    """Makes an operator who publishes to these relays and has opened one account."""
    with ExitStack() as stack:

        def make(*relays: str, accounts: int = 1) -> OperatorOfTests:
            operator = stack.enter_context(operator_in(tmp_path, relays=relays))
            for number in range(accounts):
                operator.open_account(f"account-{number}")
            return operator

        yield make


async def publish(
    operator: OperatorOfTests, *relays: str, quorum: int = 2, auth: bool = False
) -> PublishReport:
    """One run over everything that is due."""
    return await publish_due(
        operator.store,
        relays=relays,
        policy=LOCAL,
        clock=operator.clock,
        random=Random(1),
        signer=operator.operator.signer if auth else None,
        quorum=quorum,
    )


def states(operator: OperatorOfTests) -> dict[str, dict[OutboxState, int]]:
    """How many events are in which state, by relay."""
    with operator.store.read() as reader:
        urls = {relay.relay_no: relay.url for relay in reader.relays()}
        found: dict[str, dict[OutboxState, int]] = {}
        for row in reader.outbox_counts():
            found.setdefault(urls[row.relay_no], {})[row.state] = row.count
        return found


def outcome(report: PublishReport, url: str) -> RelayOutcome:
    """What the report says of one relay."""
    return next(found for found in report.relays if found.url == url)


def sent(relay: ScriptedRelay) -> list[str]:
    """The ids of the events that a relay was sent, in order."""
    return [message.event.id for message in relay.received if isinstance(message, EventMessage)]


async def test_what_is_recorded_is_published_and_confirmed(
    operator_of: Operators, embedded_relay: EmbeddedRelay, scripted_relay: ScriptedRelay
) -> None:
    """Both relays take it, both serve it: published. There is nothing left to do then."""
    relays = (embedded_relay.url, scripted_relay.url)
    operator = operator_of(*relays)
    report = await publish(operator, *relays)
    assert (ENTRIES, 0, 2) == (report.published, report.waiting, report.quorum)
    for url in relays:
        expected = RelayOutcome(
            url=url, condition=RelayCondition.ANSWERED, accepted=ENTRIES, confirmed=ENTRIES
        )
        assert expected == outcome(report, url)
        assert {OutboxState.CONFIRMED: ENTRIES} == states(operator)[url]
    again = await publish(operator, *relays)
    assert (0, 0) == (again.published, again.waiting)
    assert ENTRIES == len(sent(scripted_relay))


async def test_an_independent_relay_confirms(operator_of: Operators, sdk_relay: str) -> None:
    """Control by other people's code; a quorum larger than the set is the whole set."""
    operator = operator_of(sdk_relay, accounts=20)
    report = await publish(operator, sdk_relay, quorum=5)
    assert (20 * ENTRIES, 0, 1) == (report.published, report.waiting, report.quorum)


async def test_events_arrive_in_the_order_of_commit(
    operator_of: Operators, scripted_relay: ScriptedRelay
) -> None:
    """A relay that stops half-way has the beginning of the ledger, not holes."""
    operator = operator_of(scripted_relay.url, accounts=10)
    await publish(operator, scripted_relay.url)
    with operator.store.read() as reader:
        assert [event.event_id for event in reader.events()] == sent(scripted_relay)


async def test_a_relay_that_is_away_holds_up_nobody_and_loses_nothing(
    operator_of: Operators, scripted_relay: ScriptedRelay, embedded_relay: EmbeddedRelay
) -> None:
    """The others get everything now, this one when it is back; the quorum is reached then."""
    relays = (scripted_relay.url, embedded_relay.url)
    operator = operator_of(*relays)
    scripted_relay.on_connect(drop)
    report = await publish(operator, *relays)
    assert (0, ENTRIES) == (report.published, report.waiting)
    assert RelayCondition.UNREACHABLE is outcome(report, scripted_relay.url).condition
    assert ENTRIES == outcome(report, embedded_relay.url).confirmed
    assert {OutboxState.PENDING: ENTRIES} == states(operator)[scripted_relay.url]
    scripted_relay.forget_rules()
    report = await publish(operator, *relays)
    assert (ENTRIES, 0) == (report.published, report.waiting)


async def test_nobody_listening_is_an_outcome(operator_of: Operators) -> None:
    """No relay at all is no exception either."""
    operator = operator_of(NOBODY)
    report = await publish(operator, NOBODY)
    assert RelayCondition.UNREACHABLE is report.relays[0].condition
    assert "cannot connect" in report.relays[0].reason


async def test_a_relay_that_falls_silent_is_left_until_the_next_run(
    operator_of: Operators, scripted_relay: ScriptedRelay, embedded_relay: EmbeddedRelay
) -> None:
    """Without an answer nothing is known, so everything stays due; the other relay is not held up."""
    relays = (scripted_relay.url, embedded_relay.url)
    operator = operator_of(*relays)
    scripted_relay.on(EventMessage, say_nothing)
    report = await publish(operator, *relays)
    assert RelayCondition.UNREACHABLE is outcome(report, scripted_relay.url).condition
    assert ENTRIES == outcome(report, embedded_relay.url).confirmed
    scripted_relay.forget_rules()
    assert ENTRIES == (await publish(operator, *relays)).published


async def test_an_interruption_goes_on_where_it_ended(
    operator_of: Operators, scripted_relay: ScriptedRelay
) -> None:
    """A connection that breaks after two answers: those are read back, the third is sent again."""
    operator = operator_of(scripted_relay.url)
    scripted_relay.on(EventMessage, honestly, times=2)
    scripted_relay.on(EventMessage, drop, times=1)
    report = await publish(operator, scripted_relay.url)
    assert 2 == report.relays[0].accepted
    assert {OutboxState.ACCEPTED: 2, OutboxState.PENDING: 1} == states(operator)[scripted_relay.url]
    report = await publish(operator, scripted_relay.url)
    assert (1, 3) == (report.relays[0].accepted, report.relays[0].confirmed)
    with operator.store.read() as reader:
        ids = [event.event_id for event in reader.events()]
    assert [*ids, ids[-1]] == sent(scripted_relay)


@pytest.mark.parametrize(
    "text", ["invalid: no", "blocked: no", "restricted: no", "replaced: no", "deleted: no"]
)
async def test_a_final_refusal_is_shown_and_not_repeated(
    operator_of: Operators, scripted_relay: ScriptedRelay, text: str
) -> None:
    """The relay's words are in the report; the event is never sent there again."""
    operator = operator_of(scripted_relay.url)
    scripted_relay.on(EventMessage, refuse(text), times=1)
    report = await publish(operator, scripted_relay.url)
    assert (1, 2, (text,)) == (
        report.relays[0].refused,
        report.relays[0].confirmed,
        report.relays[0].objections,
    )
    assert (2, 1) == (report.published, report.waiting)
    operator.clock.advance(100_000)
    await publish(operator, scripted_relay.url)
    assert ENTRIES == len(sent(scripted_relay))
    assert {OutboxState.CONFIRMED: 2, OutboxState.REFUSED: 1} == states(operator)[scripted_relay.url]


@pytest.mark.parametrize("text", ["error: disk full", "something unheard of", "", "pow: 20 bits"])
async def test_a_passing_refusal_is_tried_again_later(
    operator_of: Operators, scripted_relay: ScriptedRelay, text: str
) -> None:
    """Not at once, but after a delay; the same signed event, byte for byte."""
    operator = operator_of(scripted_relay.url)
    scripted_relay.on(EventMessage, refuse(text), times=1)
    report = await publish(operator, scripted_relay.url)
    assert 1 <= report.relays[0].later
    assert 0 == report.relays[0].refused
    assert report.relays[0].objections
    sent_first = len(sent(scripted_relay))
    await publish(operator, scripted_relay.url)
    assert sent_first == len(sent(scripted_relay))
    operator.clock.advance(10)
    await publish(operator, scripted_relay.url)
    assert {OutboxState.CONFIRMED: ENTRIES} == states(operator)[scripted_relay.url]
    with operator.store.read() as reader:
        assert {event.event_id for event in reader.events()} == set(scripted_relay.events)


async def test_a_relay_that_asks_to_slow_down_gets_nothing_more(
    operator_of: Operators, scripted_relay: ScriptedRelay
) -> None:
    """Rate-limited: what was not sent waits as well, without counting as refused."""
    operator = operator_of(scripted_relay.url, accounts=200)
    scripted_relay.on(EventMessage, refuse("rate-limited: 1 a minute"))
    report = await publish(operator, scripted_relay.url)
    assert (600, 0) == (report.relays[0].later, report.relays[0].refused)
    assert ("rate-limited: 1 a minute",) == report.relays[0].objections
    assert 600 > len(sent(scripted_relay))


async def test_delays_grow_with_each_attempt(operator_of: Operators, scripted_relay: ScriptedRelay) -> None:
    """A relay that never recovers is asked less and less often."""
    operator = operator_of(scripted_relay.url)
    scripted_relay.on(EventMessage, refuse("error: again"))
    delays: list[int] = []
    for _ in range(6):
        await publish(operator, scripted_relay.url)
        with operator.store.read() as reader:
            rows = [row for event_no in range(1, ENTRIES + 1) for row in reader.outbox_of(event_no)]
        delay = max(row.next_attempt_at for row in rows) - operator.clock.now()
        delays.append(delay)
        operator.clock.advance(delay)
    assert all(2 * earlier <= later for earlier, later in zip(delays[::2], delays[2::2], strict=False))


async def test_acknowledged_and_forgotten_is_not_published(
    operator_of: Operators, scripted_relay: ScriptedRelay, embedded_relay: EmbeddedRelay
) -> None:
    """OK true without storing is found by reading back; the honest relay beside it is the control."""
    relays = (scripted_relay.url, embedded_relay.url)
    operator = operator_of(*relays)
    scripted_relay.on(EventMessage, acknowledge_and_forget)
    report = await publish(operator, *relays)
    assert (0, ENTRIES) == (report.published, report.waiting)
    liar = outcome(report, scripted_relay.url)
    assert (ENTRIES, 0, ENTRIES, (NOT_SERVED,)) == (
        liar.accepted,
        liar.confirmed,
        liar.later,
        liar.objections,
    )
    assert ENTRIES == outcome(report, embedded_relay.url).confirmed
    scripted_relay.forget_rules()
    operator.clock.advance(10)
    assert ENTRIES == (await publish(operator, *relays)).published


async def test_a_relay_that_serves_another_signature_has_not_stored_the_event(
    operator_of: Operators, scripted_relay: ScriptedRelay
) -> None:
    """What is read back must be the event, byte for byte; a right id is not enough."""
    operator = operator_of(scripted_relay.url)

    def corrupt(answers: Answers) -> list[Frame]:
        return [
            RelayEvent(subscription_id=answer.subscription_id, event=with_forged_signature(answer.event))
            if isinstance(answer, RelayEvent)
            else answer
            for answer in answers
        ]

    scripted_relay.on(ReqMessage, honestly_but(corrupt))
    report = await publish(operator, scripted_relay.url)
    assert (0, ENTRIES) == (report.relays[0].confirmed, report.relays[0].later)


async def test_a_relay_that_wants_to_know_who_writes_is_told(operator_of: Operators) -> None:
    """NIP-42 to write; reading back happens as nobody."""
    access = RelayAccess(auth_to_write=True)
    async with EmbeddedRelay(None, access=access, clock=ManualClock(FEBRUARY_1)) as relay:
        operator = operator_of(relay.url)
        report = await publish(operator, relay.url)
        assert (0, ENTRIES) == (report.relays[0].confirmed, report.relays[0].later)
        operator.clock.advance(10)
        report = await publish(operator, relay.url, auth=True)
        assert ENTRIES == report.relays[0].confirmed


async def test_what_only_the_author_can_read_is_not_published(
    operator_of: Operators, scripted_relay: ScriptedRelay
) -> None:
    """A relay that refuses the public keeps the event accepted: neither confirmed nor sent again."""
    operator = operator_of(scripted_relay.url)
    scripted_relay.on(EventMessage, require_auth)
    scripted_relay.on(ReqMessage, require_auth)
    for _ in range(2):
        report = await publish(operator, scripted_relay.url, auth=True)
        assert RelayCondition.REFUSED is report.relays[0].condition
        assert "auth-required" in report.relays[0].reason
        assert 0 == report.published
    assert {OutboxState.ACCEPTED: ENTRIES} == states(operator)[scripted_relay.url]
    assert 1 == len(scripted_relay.received_of(AuthMessage))


async def test_progress_counts_deliveries(
    operator_of: Operators, scripted_relay: ScriptedRelay, embedded_relay: EmbeddedRelay
) -> None:
    """Two relays, three events: six deliveries, none counted twice."""
    relays = (scripted_relay.url, embedded_relay.url)
    operator = operator_of(*relays)
    steps: list[tuple[int, int]] = []
    await publish_due(
        operator.store,
        relays=relays,
        policy=LOCAL,
        clock=operator.clock,
        random=Random(1),
        on_progress=lambda done, total: steps.append((done, total)),
    )
    assert [(3, 6), (6, 6)] == steps
