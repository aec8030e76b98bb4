"""Projections: what a stream is at a moment, before anybody wrote down what is due."""

from __future__ import annotations

import pytest

from nostr_usage.ledger.apply import move
from nostr_usage.ledger.cycle import EveryDays
from nostr_usage.ledger.entry import Operation
from nostr_usage.ledger.fold import EMPTY_STATE, balance_of
from nostr_usage.ledger.plan import Plan
from nostr_usage.ledger.posting import first_grant
from nostr_usage.ledger.projection import DUE_MAX, state_at
from nostr_usage.ledger.state import StreamState
from tests.ledger.scenario import MONTHLY, draft, unix

ANCHOR = unix("02-01")


def opened(plan: Plan = MONTHLY) -> StreamState:
    """A stream on a plan since 1 February, with 247 used."""
    state = EMPTY_STATE
    for number, one in enumerate(
        (
            draft(Operation.OPEN, at=ANCHOR),
            first_grant(plan, anchor=ANCHOR, at=ANCHOR),
            draft(Operation.DEBIT, tokens=247, at=ANCHOR),
        )
    ):
        state = move(state, one, seq=number + 1, created_at=ANCHOR).state
    return state


@pytest.mark.parametrize(("at", "balance"), [("02-28 23:59", 4_753), ("03-01", 5_000), ("2027-01-15", 5_000)])
def test_a_renewal_counts_from_its_second_on(at: str, balance: int) -> None:
    """Last month's rest is gone and this month's allowance there, though nothing was written."""
    assert balance == balance_of(state_at(opened(), MONTHLY, anchor=ANCHOR, now=unix(at))).total


def test_without_a_plan_only_what_lapses_is_due() -> None:
    """Whoever left the plan keeps nothing of its allowance."""
    assert 0 == balance_of(state_at(opened(), None, anchor=ANCHOR, now=unix("03-01"))).total


def test_a_clock_behind_the_last_entry_changes_nothing() -> None:
    """The stream's own time counts as now."""
    state = opened()
    assert state == state_at(state, MONTHLY, anchor=ANCHOR, now=ANCHOR - 1_000)


def test_more_due_than_a_lifetime_brings_is_a_fault() -> None:
    """Daily cycles of thirty years are more entries than any stream owes."""
    daily = Plan(name="daily", cycle=EveryDays(days=1), allowance=10)
    with pytest.raises(AssertionError, match=f"more than {DUE_MAX}"):
        state_at(opened(daily), daily, anchor=ANCHOR, now=unix("2056-02-01"))
