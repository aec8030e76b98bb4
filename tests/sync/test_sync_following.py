"""Following a ledger: what arrives is read, bursts are one pass, relays come and go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random

import pytest

from nostr_usage.ledger.entry import AccountId
from nostr_usage.nostr.message import ReqMessage
from nostr_usage.relays.condition import RelayCondition
from nostr_usage.store import Store
from nostr_usage.sync import SyncReport, follow_forever
from nostr_usage.sync.following import COALESCE_S, WHOLE_PASS_S
from tests.ledgers import KIND, LOCAL, events_of, heads, read_into, rewritten, spend
from tests.operators import OperatorOfTests
from tests.scripted_relay import ScriptedRelay
from tests.signed_events import with_forged_signature

PATIENCE_S = 20.0


class Followed:
    """The reports of a follower, and the pauses that it asks for."""

    def __init__(self) -> None:
        self.reports: asyncio.Queue[SyncReport] = asyncio.Queue()
        self.whole_pass = asyncio.Event()
        self.reconnect = asyncio.Event()

    async def next_report(self) -> SyncReport:
        """The next report."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.reports.get()

    async def pause(self, seconds: float) -> None:
        """Pauses end when the test says so, but bursts are taken at once."""
        if seconds == COALESCE_S:
            await asyncio.sleep(0)
            return
        event = self.whole_pass if seconds == WHOLE_PASS_S else self.reconnect
        await event.wait()
        event.clear()


Follow = Callable[..., Awaitable[None]]


@asynccontextmanager
async def following(
    operator: OperatorOfTests, store: Store, *relays: str, account: AccountId | None = None
) -> AsyncGenerator[Followed]:
    """A follower at work; ended afterwards."""
    followed = Followed()
    task = asyncio.create_task(
        follow_forever(
            store,
            relays=relays,
            ledger_pubkey=operator.operator.signer.pubkey,
            kinds=(KIND,),
            account=account,
            policy=LOCAL,
            clock=operator.clock,
            random=Random(1),
            on_change=followed.reports.put_nowait,
            pause=followed.pause,
        )
    )
    try:
        yield followed
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def publish_new(operator: OperatorOfTests, relay: ScriptedRelay) -> None:
    """Hold what the operator has written meanwhile, and announce it."""
    new = [event for event in events_of(operator) if event.id not in relay.events]
    relay.hold(*new)
    for event in new:
        await relay.announce(event)


def is_listening(relay: ScriptedRelay) -> bool:
    """Whether somebody has a live subscription."""
    return any(
        wanted.limit == 1
        for visit in relay.visits
        for filters in visit.subscriptions.values()
        for wanted in filters
    )


async def test_what_arrives_is_read_at_once(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """First everything, then each burst as one report, on one connection."""
    scripted_relay.hold(*events_of(operator))
    async with following(operator, store, scripted_relay.url) as followed:
        assert 10 == (await followed.next_report()).entries_added
        await scripted_relay.until(lambda: is_listening(scripted_relay))
        for count in (1, 5):
            spend(operator, account, count)
            await publish_new(operator, scripted_relay)
            added = 0
            while added < count:
                added += (await followed.next_report()).entries_added
        assert heads(operator.store) == heads(store)
    assert 1 == len(scripted_relay.visits)


async def test_what_is_published_late_is_read_at_once(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """An outage keeps entries back for a day; they count as soon as they arrive, whatever their date."""
    scripted_relay.hold(*events_of(operator))
    spend(operator, account, 3)
    operator.clock.advance(86_400)
    async with following(operator, store, scripted_relay.url) as followed:
        assert 10 == (await followed.next_report()).entries_added
        await scripted_relay.until(lambda: is_listening(scripted_relay))
        await publish_new(operator, scripted_relay)
        added = 0
        while added < 3:
            added += (await followed.next_report()).entries_added
    assert heads(operator.store) == heads(store)


async def test_a_new_account_is_followed_too(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """Its opening arrives like any entry; only it is read."""
    scripted_relay.hold(*events_of(operator))
    async with following(operator, store, scripted_relay.url) as followed:
        await followed.next_report()
        await scripted_relay.until(lambda: is_listening(scripted_relay))
        other = operator.open_account("other")
        await publish_new(operator, scripted_relay)
        report = await followed.next_report()
        assert {other} == {stream.account for stream in report.streams}


async def test_one_account_alone_can_be_followed(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """The subscription asks for that account only."""
    operator.open_account("other")
    scripted_relay.hold(*events_of(operator))
    async with following(operator, store, scripted_relay.url, account=account) as followed:
        assert 10 == (await followed.next_report()).entries_added
        await scripted_relay.until(lambda: is_listening(scripted_relay))
        live = [filters[0] for visit in scripted_relay.visits for filters in visit.subscriptions.values()]
        assert [(("p", (account,)),)] == [wanted.tags for wanted in live]
    assert {(account, "tokens")} == set(heads(store))


async def test_what_was_missed_while_a_relay_was_away_is_read_when_it_is_back(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """After a lost connection comes a whole pass."""
    scripted_relay.hold(*events_of(operator))
    async with following(operator, store, scripted_relay.url) as followed:
        await followed.next_report()
        await scripted_relay.until(lambda: is_listening(scripted_relay))
        spend(operator, account, 3)
        scripted_relay.hold(*events_of(operator))
        scripted_relay.drop_all()
        operator.clock.advance(120)
        followed.reconnect.set()
        while (await followed.next_report()).entries_added != 3:
            pass  # a pass that was under way may tell of the lost connection first
    assert heads(operator.store) == heads(store)


async def test_everything_is_read_again_now_and_then(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """A subscription that died without a word delays news, and hides none."""
    scripted_relay.hold(*events_of(operator))
    async with following(operator, store, scripted_relay.url) as followed:
        await followed.next_report()
        spend(operator, account, 2)
        scripted_relay.hold(*events_of(operator))
        followed.whole_pass.set()
        assert 2 == (await followed.next_report()).entries_added


async def test_only_changes_are_told(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """A pass that finds nothing is silent; a relay that goes away is told."""
    scripted_relay.hold(*events_of(operator))
    async with following(operator, store, scripted_relay.url) as followed:
        await followed.next_report()
        requests = len(scripted_relay.received_of(ReqMessage))
        followed.whole_pass.set()
        await scripted_relay.until_received(ReqMessage, requests + 2)
        assert followed.reports.empty()
        scripted_relay.drop_all()
        await asyncio.sleep(0)
        followed.whole_pass.set()
        report = await followed.next_report()
        assert RelayCondition.UNREACHABLE is report.relays[0].condition
        assert report.is_offline


async def test_following_without_any_relay_goes_on(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """Offline is told once; what was held stays readable."""
    scripted_relay.hold(*events_of(operator))
    await read_into(store, operator, scripted_relay.url)
    async with following(operator, store, "ws://127.0.0.1:1/") as followed:
        report = await followed.next_report()
        assert report.is_offline
        followed.reconnect.set()
        followed.whole_pass.set()
        await asyncio.sleep(0)
        assert followed.reports.empty()
    assert heads(operator.store) == heads(store)


async def test_what_a_relay_invents_sets_off_no_reading(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """A live event that nobody signed names an account that is not asked about; a true one is the control."""
    invented = AccountId("ab" * 32)
    scripted_relay.hold(*events_of(operator))
    async with following(operator, store, scripted_relay.url) as followed:
        await followed.next_report()
        await scripted_relay.until(lambda: is_listening(scripted_relay))
        forged = with_forged_signature(rewritten(operator, events_of(operator)[-1], account=invented))
        await scripted_relay.announce(forged)
        spend(operator, account, 1)
        await publish_new(operator, scripted_relay)
        report = await followed.next_report()
    assert 1 == report.entries_added
    assert 1 == report.relays[0].score.forged
    asked = [
        value
        for message in scripted_relay.received
        if isinstance(message, ReqMessage)
        for wanted in message.filters
        for _, values in wanted.tags
        for value in values
    ]
    assert account in asked
    assert invented not in asked
