"""Alerts: given at the edge, not at the level."""

from __future__ import annotations

import pytest

from nostr_usage.ledger.alert import Alert, AlertKind, alerts_of_budget, alerts_of_debit, granted_ever
from nostr_usage.ledger.entry import CycleTotals, Source
from nostr_usage.ledger.guardrail import Budget, BudgetFact, Enforcement, Guardrails, Scope
from nostr_usage.ledger.lot import Lot
from nostr_usage.ledger.state import EMPTY_STATE, Lifetime, StreamState
from nostr_usage.ledger.window import Period

START = 1_769_904_000
RULES = Guardrails(thresholds=(75, 90, 100), low_balance=1_000)
DAILY = Budget(scope=Scope.MEMBER, period=Period.DAY, tokens=1_000, enforcement=Enforcement.REFUSE)


def state(left: int, *, used: int, refunded: int = 0) -> StreamState:
    """A stream in its first cycle with so much left and used."""
    lot = Lot(seq=1, source=Source.ALLOWANCE, priority=0, expires_at=None, granted_at=START, remaining=left)
    cycle = CycleTotals(start=START, end=None, opening=0, used=used, refunded=refunded)
    return StreamState(
        lots=(lot,) if left > 0 else (),
        debt=max(-left, 0),
        cycles=(cycle,),
        lifetime=Lifetime(granted=5_000, purchased=5_800),
    )


def said(before: StreamState, after: StreamState, rules: Guardrails = RULES) -> list[tuple[str, int]]:
    """Kind and threshold of each alert between two states."""
    return [(alert.kind.value, alert.threshold) for alert in alerts_of_debit(before, after, rules)]


@pytest.mark.parametrize(
    ("used_before", "used_after", "expected"),
    [
        (0, 3_749, []),
        (3_749, 3_750, [("used", 75)]),
        (3_750, 3_751, []),
        (3_751, 4_001, [("low", 1_000)]),
        (4_000, 4_000, []),
        (4_499, 4_500, [("used", 90)]),
        (4_500, 4_999, []),
        (4_999, 5_000, [("used", 100), ("empty", 0)]),
        (5_000, 5_001, []),
        (0, 5_247, [("used", 75), ("used", 90), ("used", 100), ("low", 1_000), ("empty", 0)]),
    ],
)
def test_each_threshold_is_said_where_it_is_crossed(
    used_before: int, used_after: int, expected: list[tuple[str, int]]
) -> None:
    """Of 5,000: at 3,750, at 4,500 and at the end; below 1,000 left; and nothing between."""
    before, after = state(5_000 - used_before, used=used_before), state(5_000 - used_after, used=used_after)
    assert expected == said(before, after)


def test_alert_says_what_is_left_and_since_when() -> None:
    """What is left may be debt."""
    found = alerts_of_debit(state(1, used=4_999), state(-246, used=5_246), RULES)
    assert Alert(kind=AlertKind.EMPTY, threshold=0, since=START, left=-246) == found[-1]


def test_refunds_lessen_what_was_used() -> None:
    """4,500 used and 1,000 of it refunded is 70 %, not three quarters of 6,000."""
    assert [] == said(state(5_000, used=0), state(1_500, used=4_500, refunded=1_000))
    assert [("used", 75)] == said(state(5_000, used=0), state(1_500, used=4_500))


def test_a_stream_without_cycles_has_used_nothing() -> None:
    """Before it is opened there is nothing to be told."""
    assert () == alerts_of_debit(EMPTY_STATE, EMPTY_STATE, RULES)


@pytest.mark.parametrize(
    ("spent", "tokens", "expected"),
    [(749, 749, []), (750, 1, [75]), (751, 1, []), (1_000, 1_000, [75, 90, 100]), (1_200, 250, [100])],
)
def test_a_budget_has_the_same_thresholds(spent: int, tokens: int, expected: list[int]) -> None:
    """`spent` is after the debit of `tokens`; what is left may be negative."""
    fact = BudgetFact(budget=DAILY, spent=spent, ends_at=START + 86_400, subject="maria")
    found = list(alerts_of_budget(fact, tokens=tokens, since=START, thresholds=RULES.thresholds))
    assert expected == [alert.threshold for alert in found]
    assert all(
        (AlertKind.BUDGET, "member:maria/day", 1_000 - spent) == (one.kind, one.subject, one.left)
        for one in found
    )


def test_what_was_granted_ever_grows_with_purchases() -> None:
    """It is what tells a top-up from a refund."""
    assert 10_800 == granted_ever(state(1, used=0))
