"""Reading a ledger from honest relays: everything, once, in any weather."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from nostr_usage.embedded import EmbeddedRelay
from nostr_usage.errors import HomeError
from nostr_usage.ledger.entry import AccountId
from nostr_usage.nostr.filter import Filter
from nostr_usage.nostr.message import ReqMessage
from nostr_usage.publish import publish_due
from nostr_usage.relays.condition import RelayCondition
from nostr_usage.store import Store, StreamStatus
from nostr_usage.sync import SyncProgress, keeping, sync_ledger
from nostr_usage.sync import account as reading_account
from nostr_usage.wire.deletion import DELETION_KINDS
from nostr_usage.writing.request import Refund
from tests.ledgers import (
    KIND,
    LOCAL,
    events_of,
    heads,
    only_stream,
    read_into,
    spend,
    truncating,
    withholding,
)
from tests.operators import OperatorOfTests
from tests.relay_behaviours import drop, refuse, require_auth, say_nothing
from tests.scripted_relay import ScriptedRelay, Turn, honestly

NOBODY = "ws://127.0.0.1:1/"


async def test_a_whole_ledger_is_rebuilt(
    operator: OperatorOfTests, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """Every account, every head, every balance as the operator has them; entries seen are noted by relay."""
    for number in range(12):
        spend(operator, operator.open_account(f"account-{number}"), number)
    scripted_relay.hold(*events_of(operator))
    report = await read_into(store, operator, scripted_relay.url)
    assert heads(operator.store) == heads(store)
    assert 12 * 3 + 66 == report.entries_added
    assert {StreamStatus.PROVISIONAL} == {stream.status for stream in report.streams}
    assert () == report.problems
    assert report.relays[0].score.is_clean
    with store.read() as reader:
        assert set(range(1, 13)) == {row.open_number for row in reader.accounts()}
        assert all(reader.sightings(entry_no) == (0,) for entry_no in range(1, report.entries_added + 1))


async def test_the_independent_and_the_embedded_relay_serve_it(
    operator: OperatorOfTests, store: Store, sdk_relay: str, embedded_relay: EmbeddedRelay
) -> None:
    """Published to two relays, read from each alone: the same ledger, thrice."""
    for number in range(3):
        spend(operator, operator.open_account(f"account-{number}"), 4)
    with operator.store.read() as reader:
        numbers = range(1, reader.entry_count() + 1)
    for url in (sdk_relay, embedded_relay.url):
        operator.store.write(
            lambda transaction, url=url: transaction.queue_outbox(
                numbers, [transaction.add_relay(url)], now=operator.clock.now()
            )
        )
        await publish_due(operator.store, relays=(url,), policy=LOCAL, clock=operator.clock, random=Random(1))
    assert 21 == (await read_into(store, operator, sdk_relay)).entries_added
    assert heads(operator.store) == heads(store)
    both = await read_into(store, operator, sdk_relay, embedded_relay.url)
    assert 0 == both.entries_added
    assert [RelayCondition.ANSWERED] * 2 == [relay.condition for relay in both.relays]


async def test_only_what_is_new_is_asked_for(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """A second pass starts at the head; a third finds nothing and writes nothing."""
    scripted_relay.hold(*events_of(operator))
    await read_into(store, operator, scripted_relay.url)
    head_at = only_stream(store).created_at
    spend(operator, account, 2)
    scripted_relay.hold(*events_of(operator))
    scripted_relay.received.clear()
    assert 2 == (await read_into(store, operator, scripted_relay.url)).entries_added
    pages = [wanted for wanted in filters(scripted_relay) if "p" in dict(wanted.tags)]
    assert [head_at] == [page.since for page in pages]
    assert 0 == (await read_into(store, operator, scripted_relay.url)).entries_added
    assert heads(operator.store) == heads(store)


async def test_every_request_has_a_limit_and_at_most_a_hundred_values(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """What common relays cut or refuse is never sent."""
    spend(operator, account, 300)
    scripted_relay.hold(*events_of(operator))
    scripted_relay.on(ReqMessage, truncating(20))
    await read_into(store, operator, scripted_relay.url)
    assert heads(operator.store) == heads(store)
    for wanted in filters(scripted_relay):
        assert wanted.limit is not None
        assert 500 >= wanted.limit
        assert all(len(values) <= 100 for _, values in wanted.tags)
        assert wanted.kinds in {(KIND,), DELETION_KINDS}


async def test_one_account_alone_is_read(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """A customer needs nobody else's entries."""
    operator.open_account("somebody else")
    scripted_relay.hold(*events_of(operator))
    report = await read_into(store, operator, scripted_relay.url, account=account)
    assert 10 == report.entries_added
    assert {(account, "tokens")} == set(heads(store))


@pytest.mark.parametrize("events_max", [1, 2, 3, 7])
async def test_pages_that_are_cut_silently_hide_nothing(
    operator: OperatorOfTests,
    account: AccountId,
    store: Store,
    scripted_relay: ScriptedRelay,
    events_max: int,
) -> None:
    """A relay that sends few events and calls that all is paged, and then asked by slot."""
    scripted_relay.hold(*events_of(operator, account))
    scripted_relay.on(ReqMessage, truncating(events_max))
    report = await read_into(store, operator, scripted_relay.url, account=account)
    assert heads(operator.store) == heads(store)
    assert StreamStatus.PROVISIONAL is report.streams[0].status


async def test_a_second_with_more_entries_than_a_page_hides_nothing(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """Forty entries of one second cannot be paged by time; their slots can be asked for."""
    spend(operator, account, 40, seconds_apart=0)
    spend(operator, account, 3)
    scripted_relay.hold(*events_of(operator))
    scripted_relay.on(ReqMessage, truncating(5))
    await read_into(store, operator, scripted_relay.url, account=account)
    assert heads(operator.store) == heads(store)


async def test_a_head_that_pages_do_not_show_is_found_by_its_slot(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """Ties in time can hide the newest entries from a page."""
    scripted_relay.hold(*events_of(operator, account))

    async def hide_from_pages(turn: Turn) -> None:
        assert isinstance(turn.message, ReqMessage)
        is_page = "p" in dict(turn.message.filters[0].tags)
        await (withholding(9, 10) if is_page else honestly)(turn)

    scripted_relay.on(ReqMessage, hide_from_pages)
    await read_into(store, operator, scripted_relay.url, account=account)
    assert heads(operator.store) == heads(store)


async def test_a_long_history_is_read_in_bounded_memory(
    operator: OperatorOfTests,
    account: AccountId,
    store: Store,
    scripted_relay: ScriptedRelay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After some pages the rest is read from below, slot by slot, and stored as it comes."""
    monkeypatch.setattr(reading_account, "PAGES_MAX", 2)
    monkeypatch.setattr(reading_account, "SLOTS_AT_ONCE_MAX", 10)
    spend(operator, account, 100)
    scripted_relay.hold(*events_of(operator))
    scripted_relay.on(ReqMessage, truncating(15))
    report = await read_into(store, operator, scripted_relay.url, account=account)
    assert 110 == report.streams[0].added
    assert heads(operator.store) == heads(store)


async def test_a_refund_finds_its_debit_in_an_earlier_pass(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """What an entry refers to may have been stored long ago: no problem, and the same balance."""
    with operator.store.read() as reader:
        debit = tuple(reader.entries(only_stream(operator.store).stream_no))[5]
    scripted_relay.hold(*events_of(operator))
    await read_into(store, operator, scripted_relay.url)
    operator.recorder.refund(Refund(entry_id=debit.entry_id, key="sorry"))
    scripted_relay.hold(*events_of(operator))
    assert 1 == (await read_into(store, operator, scripted_relay.url)).entries_added
    assert heads(operator.store) == heads(store)
    with store.read() as reader:
        assert () == reader.problems(only_stream(store).stream_no)


async def test_many_sightings_are_written_as_they_come(
    operator: OperatorOfTests,
    account: AccountId,
    store: Store,
    scripted_relay: ScriptedRelay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are not collected for ever, and none is lost."""
    monkeypatch.setattr(keeping, "SIGHTINGS_AT_ONCE_MAX", 5)
    operator.open_account("another")
    scripted_relay.hold(*events_of(operator))
    await read_into(store, operator, scripted_relay.url)
    with store.read() as reader:
        assert [(0,)] * 13 == [reader.sightings(entry_no) for entry_no in range(1, 14)]


async def test_a_full_disk_ends_the_pass_and_nothing_goes_on_behind_it(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """An error of the store is raised as it is: it is not about a relay."""
    scripted_relay.hold(*events_of(operator))
    store.close()
    with pytest.raises(HomeError, match="closed"):
        await read_into(store, operator, scripted_relay.url)


async def test_progress_is_told_by_account(
    operator: OperatorOfTests, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """One step for each account, up to all of them."""
    for number in range(3):
        operator.open_account(f"account-{number}")
    scripted_relay.hold(*events_of(operator))
    steps: list[SyncProgress] = []
    await sync_ledger(
        store,
        relays=(scripted_relay.url,),
        ledger_pubkey=operator.operator.signer.pubkey,
        kinds=(KIND,),
        account=None,
        policy=LOCAL,
        clock=operator.clock,
        random=Random(1),
        on_progress=steps.append,
    )
    assert [(1, 3, 3), (2, 3, 6), (3, 3, 9)] == [
        (step.accounts_done, step.accounts_total, step.entries_added) for step in steps
    ]


async def test_two_passes_at_a_time_do_not_disturb_each_other(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """A dashboard and a command may read into one store: each entry is added once."""
    scripted_relay.hold(*events_of(operator))
    reports = await asyncio.gather(
        *(read_into(store, operator, scripted_relay.url, account=account) for _ in range(4))
    )
    assert 10 == sum(report.entries_added for report in reports)
    assert heads(operator.store) == heads(store)


async def test_an_interrupted_pass_goes_on_where_it_ended(
    operator: OperatorOfTests, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """What was stored before the relay hung up stays; the next pass brings the rest."""
    for number in range(6):
        operator.open_account(f"account-{number}")
    scripted_relay.hold(*events_of(operator))
    scripted_relay.on(ReqMessage, honestly, times=7)
    scripted_relay.on(ReqMessage, drop, times=1)
    report = await read_into(store, operator, scripted_relay.url)
    assert RelayCondition.UNREACHABLE is report.relays[0].condition
    assert report.is_offline
    assert 18 > report.entries_added
    scripted_relay.forget_rules()
    again = await read_into(store, operator, scripted_relay.url)
    assert 18 == report.entries_added + again.entries_added
    assert heads(operator.store) == heads(store)


async def test_without_any_relay_nothing_changes(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """Offline: the report says so, and what is held stays as it was."""
    scripted_relay.hold(*events_of(operator))
    await read_into(store, operator, scripted_relay.url)
    before = only_stream(store)
    report = await read_into(store, operator, NOBODY)
    assert report.is_offline
    assert () == report.streams
    assert RelayCondition.UNREACHABLE is report.relays[0].condition
    assert before == only_stream(store)


async def test_one_relay_that_is_away_does_not_stop_the_others(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """Reading goes on with whoever answers."""
    scripted_relay.hold(*events_of(operator))
    async with ScriptedRelay() as silent:
        silent.on(ReqMessage, say_nothing)
        report = await read_into(store, operator, NOBODY, silent.url, scripted_relay.url)
    assert [RelayCondition.UNREACHABLE, RelayCondition.UNREACHABLE, RelayCondition.ANSWERED] == [
        relay.condition for relay in report.relays
    ]
    assert not report.is_offline
    assert heads(operator.store) == heads(store)


@pytest.mark.parametrize("demand", [require_auth, refuse("restricted: members only")])
async def test_a_relay_that_cannot_be_read_is_not_an_empty_one(
    operator: OperatorOfTests,
    account: AccountId,
    store: Store,
    scripted_relay: ScriptedRelay,
    demand: object,
) -> None:
    """Refused, with its words; nothing is concluded about entries, and none is lost."""
    scripted_relay.hold(*events_of(operator))
    await read_into(store, operator, scripted_relay.url)
    before = only_stream(store)
    scripted_relay.on(ReqMessage, demand)  # pyright: ignore[reportArgumentType]  # parametrized behaviours
    report = await read_into(store, operator, scripted_relay.url)
    assert RelayCondition.REFUSED is report.relays[0].condition
    assert report.relays[0].reason
    assert () == report.streams
    assert before == only_stream(store)


async def test_an_empty_relay_is_empty(
    operator: OperatorOfTests, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """Control: no events, no accounts, no complaint, and not offline."""
    report = await read_into(store, operator, scripted_relay.url)
    assert ((), (), 0) == (report.streams, report.problems, report.entries_added)
    assert not report.is_offline


def filters(relay: ScriptedRelay) -> list[Filter]:
    """Every filter that a relay was asked."""
    return [
        wanted for message in relay.received if isinstance(message, ReqMessage) for wanted in message.filters
    ]
