"""What goes on beyond a cycle: allowances that roll over, plans that change within one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.ledger.cycle import Annual, CalendarMonth, EveryDays
from nostr_usage.ledger.entry import Cost, LotTerms, Operation, Source
from nostr_usage.ledger.fold import balance_of
from nostr_usage.ledger.holdings import Referred
from nostr_usage.ledger.plan import Plan, Rollover
from nostr_usage.ledger.posting import Draft, due_together, first_grant, post, upgrade_grant
from nostr_usage.ledger.state import EMPTY_STATE, StreamState
from tests.ledger.scenario import ACCOUNT, entry_id, unix

FREE = Cost(micro_dollars=0)
ROLLING = Plan(name="rolling", cycle=CalendarMonth(), allowance=1_000, rollover=Rollover(cap=300))


class Stream:
    """A stream on a plan that may change; everything due is written together."""

    def __init__(self, plan: Plan | None, *, opened: str = "01-01") -> None:
        self.plan = plan
        self.anchor = unix(opened)
        self.state: StreamState = EMPTY_STATE
        self.write(self.draft("open", 0, opened, operation=Operation.OPEN), opened)
        if plan is not None:
            self.write(first_grant(plan, anchor=self.anchor, at=self.anchor), opened)

    def draft(
        self,
        key: str,
        tokens: int,
        when: str,
        *,
        operation: Operation = Operation.DEBIT,
        lot: LotTerms | None = None,
    ) -> Draft:
        """What happened then."""
        return Draft(
            operation=operation,
            type="chat" if operation is Operation.DEBIT else operation.value,
            tokens=tokens,
            cost=FREE,
            occurred_at=unix(when),
            key=key,
            lot=lot,
        )

    def write(self, draft: Draft, when: str, *, referred: Referred | None = None) -> None:
        """Post it; the fold accepts it without a problem, or `post` fails."""
        _, posting = post(
            self.state,
            draft,
            account=ACCOUNT,
            meter="tokens",
            prev=entry_id(self.state.seq),
            created_at=max(unix(when), self.state.created_at),
            request="0" * 32,
            referred=referred,
        )
        self.state = posting.state

    def use(self, tokens: int, when: str) -> None:
        """An action, after what was due by then."""
        self.due(when)
        self.write(self.draft(f"use:{when}", tokens, when), when)

    def due(self, when: str) -> list[tuple[str, int, str]]:
        """What was due by then, written: type, tokens, and the day that it is dated."""
        written: list[tuple[str, int, str]] = []
        while dues := due_together(self.state, self.plan, anchor=self.anchor, now=unix(when)):
            for due in dues:
                self.write(due, when)
                written.append((due.type, due.tokens, day_of(due.occurred_at)))
        return written


def day_of(moment: int) -> str:
    """The day of 2026 that a unix time lies in, as `02-01`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%m-%d")


def test_an_unused_allowance_rolls_over_up_to_the_cap() -> None:
    """Of 600 left, 300 go on for a month; the rest lapses."""
    stream = Stream(ROLLING)
    stream.use(400, "01-10")

    assert [
        ("expiry", 600, "02-01"),
        ("renewal_grant", 1_000, "02-01"),
        ("rollover", 300, "02-01"),
    ] == stream.due("02-01")
    assert 1_300 == balance_of(stream.state).total
    assert [Source.ROLLOVER, Source.ALLOWANCE] == [lot.source for lot in stream.state.lots]


def test_what_rolled_over_once_does_not_roll_again() -> None:
    """After a month without use, the rollover lapses with the allowance, and a new one takes its place."""
    stream = Stream(ROLLING)

    assert [
        ("expiry", 1_000, "02-01"),
        ("renewal_grant", 1_000, "02-01"),
        ("rollover", 300, "02-01"),
        ("cycle_close", 0, "01-31"),
        ("expiry", 1_300, "03-01"),
        ("renewal_grant", 1_000, "03-01"),
        ("rollover", 300, "03-01"),
    ] == stream.due("03-02")


def test_the_cap_is_of_all_that_has_rolled_over() -> None:
    """With two cycles to live, the second finds the first still there, and no room."""
    stream = Stream(replace(ROLLING, rollover=Rollover(cap=300, cycles=2)))
    stream.due("02-01")

    assert [
        ("cycle_close", 0, "01-31"),
        ("expiry", 1_000, "03-01"),
        ("renewal_grant", 1_000, "03-01"),
    ] == stream.due("03-01")
    assert 1_300 == balance_of(stream.state).total


def test_nothing_rolls_over_where_nothing_is_left() -> None:
    """An allowance that was used up leaves the renewal alone."""
    stream = Stream(ROLLING)
    stream.use(1_000, "01-10")

    assert [("renewal_grant", 1_000, "02-01")] == stream.due("02-01")


def test_a_promotion_that_lapses_within_the_cycle_does_not_roll_over() -> None:
    """Only an allowance does, and only at its boundary."""
    stream = Stream(ROLLING)
    terms = LotTerms(source=Source.PROMO, expires_at=unix("01-29"))
    stream.write(stream.draft("promo", 50, "01-02", operation=Operation.GRANT, lot=terms), "01-02")

    assert [("expiry", 50, "01-29")] == stream.due("01-30")


def test_without_a_rollover_all_of_it_lapses() -> None:
    """The control."""
    stream = Stream(replace(ROLLING, rollover=None))

    assert [("expiry", 1_000, "02-01"), ("renewal_grant", 1_000, "02-01")] == stream.due("02-01")


def test_an_upgrade_adds_the_difference_until_the_end_of_the_cycle() -> None:
    """Then the larger allowance follows."""
    stream = Stream(replace(ROLLING, rollover=None))
    larger = Plan(name="larger", cycle=CalendarMonth(), allowance=5_000)
    grant = upgrade_grant(stream.state, ROLLING, larger, anchor=stream.anchor, at=unix("01-10"))
    assert grant is not None
    stream.write(grant, "01-10")
    stream.plan = larger

    assert (4_000, "upgrade_grant", unix("02-01")) == (
        grant.tokens,
        grant.type,
        grant.lot and grant.lot.expires_at,
    )
    assert [("expiry", 5_000, "02-01"), ("renewal_grant", 5_000, "02-01")] == stream.due("02-01")


def test_a_smaller_plan_adds_nothing() -> None:
    """A downgrade waits for the boundary."""
    smaller = replace(ROLLING, allowance=1_000)
    assert upgrade_grant(EMPTY_STATE, ROLLING, smaller, anchor=0, at=0) is None


def test_an_upgrade_to_a_longer_rhythm_is_renewed_when_that_ends() -> None:
    """From 28 days to a year on the tenth day: the old allowance lapses, the next is due after a year."""
    monthly = Plan(name="monthly", cycle=EveryDays(days=28), allowance=600)
    annual = Plan(name="annual", cycle=Annual(), allowance=5_000)
    stream = Stream(monthly)
    stream.anchor, stream.plan = unix("01-10"), annual
    grant = upgrade_grant(stream.state, monthly, annual, anchor=stream.anchor, at=stream.anchor)
    assert grant is not None
    stream.write(grant, "01-10")

    assert [("expiry", 600, "01-29")] == stream.due("02-01")
    stream.use(100, "02-02")
    assert [(4_400, unix("2027-01-10"))] == [
        (lot.remaining + 100, lot.expires_at) for lot in stream.state.lots
    ]
    stream.due("12-29")
    assert 4_300 == balance_of(stream.state).total
    assert [("expiry", 4_300, "01-10"), ("renewal_grant", 5_000, "01-10")] == stream.due("2027-01-10")


def test_an_upgrade_to_a_shorter_rhythm_begins_with_the_next_cycle() -> None:
    """From 28 days to months on the tenth day: the difference lasts as long as the cycle does."""
    every_28 = Plan(name="every-28", cycle=EveryDays(days=28), allowance=600)
    by_month = Plan(name="by-month", cycle=EveryDays(days=7), allowance=1_000)
    stream = Stream(every_28)
    stream.anchor, stream.plan = unix("01-10"), by_month
    grant = upgrade_grant(stream.state, every_28, by_month, anchor=stream.anchor, at=stream.anchor)
    assert grant is not None
    assert grant.lot is not None
    assert unix("01-29") == grant.lot.expires_at
    stream.write(grant, "01-10")

    assert [("expiry", 1_000, "01-29"), ("renewal_grant", 1_000, "01-29")] == stream.due("01-29")


@pytest.mark.parametrize("when", ["02-01", "07-01"])
def test_nothing_is_renewed_without_a_plan(when: str) -> None:
    """A stream that was opened on none."""
    assert [] == Stream(None).due(when)


def test_an_allowance_that_begins_later_opens_a_cycle() -> None:
    """A plan taken up after a time without one adds its whole allowance at once."""
    stream = Stream(None)
    plan = Plan(name="late", cycle=CalendarMonth(), allowance=70)
    none = replace(plan, name="none", allowance=0)
    stream.anchor, stream.plan = unix("03-29"), plan
    grant = upgrade_grant(stream.state, none, plan, anchor=stream.anchor, at=stream.anchor)
    assert grant is not None
    stream.write(grant, "03-29")

    assert [
        ("cycle_close", 0, "03-28"),
        ("expiry", 70, "04-01"),
        ("renewal_grant", 70, "04-01"),
    ] == stream.due("04-01")


def test_a_plan_that_takes_over_at_the_boundary_counts_from_there() -> None:
    """Its first allowance is due at its anchor, the next one a rhythm later."""
    stream = Stream(Plan(name="long", cycle=EveryDays(days=28), allowance=600))
    stream.anchor, stream.plan = unix("01-29"), Plan(name="short", cycle=EveryDays(days=7), allowance=100)

    assert [
        ("expiry", 600, "01-29"),
        ("renewal_grant", 100, "01-29"),
        ("cycle_close", 0, "01-28"),
        ("expiry", 100, "02-05"),
        ("renewal_grant", 100, "02-05"),
    ] == stream.due("02-05")


def test_a_plan_that_takes_over_where_an_upgrade_ends_counts_from_there() -> None:
    """From 28 days to a year, then to 7 days when the year ends: nothing is skipped between the two."""
    monthly = Plan(name="monthly", cycle=EveryDays(days=28), allowance=600)
    annual = Plan(name="annual", cycle=Annual(), allowance=5_000)
    stream = Stream(monthly)
    stream.anchor, stream.plan = unix("01-10"), annual
    grant = upgrade_grant(stream.state, monthly, annual, anchor=stream.anchor, at=stream.anchor)
    assert grant is not None
    stream.write(grant, "01-10")
    stream.use(100, "02-02")
    stream.due("12-29")

    stream.anchor, stream.plan = (
        unix("2027-01-10"),
        Plan(name="short", cycle=EveryDays(days=7), allowance=100),
    )
    assert [] == stream.due("2027-01-09")
    assert [
        ("expiry", 4_300, "01-10"),
        ("renewal_grant", 100, "01-10"),
        ("cycle_close", 0, "01-09"),
        ("expiry", 100, "01-17"),
        ("renewal_grant", 100, "01-17"),
    ] == stream.due("2027-01-17")


@given(
    st.lists(st.integers(0, 1_500), min_size=1, max_size=8),
    st.integers(1, 2_000),
    st.integers(1, 3),
)
def test_what_rolls_over_stays_below_the_cap_and_adds_up(used: list[int], cap: int, cycles: int) -> None:
    """Whatever is used in each month; the fold accepts every entry, or `post` would have failed."""
    stream = Stream(replace(ROLLING, rollover=Rollover(cap=cap, cycles=cycles)))
    for month, tokens in enumerate(used, start=1):
        stream.use(tokens, f"{month:02}-15")
        rolled = sum(lot.remaining for lot in stream.state.lots if lot.source is Source.ROLLOVER)
        assert rolled <= cap
        life = stream.state.lifetime
        assert balance_of(stream.state).total == life.granted - life.used - life.expired
