"""Which relays hold what, and handing on what one lacks: counts add up, and only sound events leave."""

from __future__ import annotations

from pathlib import Path

from nostr_usage.ledger.entry import DEFAULT_METER, AccountId
from nostr_usage.nostr.message import EventMessage
from nostr_usage.proof import Coverage, coverage_of, missing_entries
from nostr_usage.publish import hand_on
from nostr_usage.store import Store
from nostr_usage.writing.request import Action
from tests.operators import DAY_S, OperatorOfTests, operator_in
from tests.publishing import LOCAL, publish
from tests.relay_behaviours import refuse
from tests.scripted_relay import ScriptedRelay

NOBODY = "ws://127.0.0.1:1/"


def two_months(operator: OperatorOfTests) -> AccountId:
    """An account with entries of February and of March."""
    account = operator.open_account(plan=None)
    for number in range(3):
        operator.recorder.record(Action(account=account, activity="magic-mentor", key=f"{number}", tokens=2))
        operator.clock.set(operator.clock.now() + 20 * DAY_S)
    return account


def coverage(store: Store, account: AccountId, *urls: str) -> Coverage:
    """What is known of an account's entries at these relays."""
    with store.read() as reader:
        stream = reader.stream(account, DEFAULT_METER)
        assert stream is not None
        return coverage_of(reader, stream, urls)


def missing(store: Store, account: AccountId, url: str) -> list[int]:
    """The entries that one relay lacks."""
    with store.read() as reader:
        stream = reader.stream(account, DEFAULT_METER)
        assert stream is not None
        return list(missing_entries(reader, stream, url))


async def test_coverage_counts_by_month_what_each_relay_serves(tmp_path: Path) -> None:
    """Confirmed counts, waiting does not, and a relay that nobody knows has nothing."""
    async with ScriptedRelay() as relay:
        with operator_in(tmp_path, relays=(relay.url, NOBODY)) as operator:
            account = two_months(operator)
            await publish(operator, relay.url)
            found = coverage(operator.store, account, relay.url, NOBODY, "wss://unknown.example/")
            lacking = missing(operator.store, account, NOBODY)
            assert [] == missing(operator.store, account, relay.url)
            assert found.entries == found.held(relay.url)
    assert ["2026-03", "2026-02"] == [month.month for month in found.months]
    for month in found.months:
        assert (month.entries, 0, 0) == month.held
    assert found.entries == found.missing(NOBODY) == len(lacking)
    assert 0 == found.held("wss://never-asked.example/")


async def test_what_a_relay_lacks_is_handed_on_and_read_back(tmp_path: Path) -> None:
    """Afterwards it is known to hold all; no key is needed."""
    async with ScriptedRelay() as relay:
        with operator_in(tmp_path, relays=(NOBODY,)) as operator:
            account = two_months(operator)
            numbers = missing(operator.store, account, relay.url)
            told: list[tuple[int, int]] = []
            handed = await hand_on(
                operator.store,
                numbers,
                relay.url,
                policy=LOCAL,
                clock=operator.clock,
                on_progress=lambda done, total: told.append((done, total)),
            )
            assert [] == missing(operator.store, account, relay.url)
    assert (len(numbers), len(numbers), 0, "") == (
        handed.offered,
        handed.served,
        handed.unsound,
        handed.reason,
    )
    assert (len(numbers), len(numbers)) == told[-1]


async def test_a_relay_that_refuses_is_quoted(tmp_path: Path) -> None:
    """What it did not take does not count as held."""
    async with ScriptedRelay() as relay:
        relay.on(EventMessage, refuse("blocked: not here"))
        with operator_in(tmp_path, relays=(NOBODY,)) as operator:
            account = two_months(operator)
            numbers = missing(operator.store, account, relay.url)
            handed = await hand_on(operator.store, numbers, relay.url, policy=LOCAL, clock=operator.clock)
            assert numbers == missing(operator.store, account, relay.url)
    assert 0 == handed.served
    assert "not here" in handed.objections[0]


async def test_a_relay_that_is_away_is_a_reason_not_an_error(tmp_path: Path) -> None:
    """Nothing was offered, and why is said."""
    with operator_in(tmp_path, relays=(NOBODY,)) as operator:
        account = two_months(operator)
        numbers = missing(operator.store, account, NOBODY)
        handed = await hand_on(operator.store, numbers, NOBODY, policy=LOCAL, clock=operator.clock)
    assert (0, 0) == (handed.offered, handed.served)
    assert handed.reason
