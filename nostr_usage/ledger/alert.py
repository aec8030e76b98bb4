"""Alerts: said once when a threshold is crossed, in each cycle or window, and again only after a top-up.

An alert belongs to an edge, not to a level: a balance that stays low is not news. What was said is remembered
by whoever keeps the ledger; here is only the rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from nostr_usage.ledger.guardrail import BudgetFact, Guardrails, budget_name
from nostr_usage.ledger.state import StreamState, balance_of


class AlertKind(StrEnum):
    """What an alert is about."""

    USED = "used"
    """A share of what the cycle had was used."""
    BUDGET = "budget"
    """A share of a budget was used."""
    LOW = "low"
    """The balance fell below the mark."""
    EMPTY = "empty"
    """Nothing is left: the account is blocked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something to tell the owner of an account, once.

    Attributes:
        subject: the budget's name; empty for the account itself.
        threshold: percent used; for `LOW` and `EMPTY` the tokens of the mark.
        since: the start of the cycle or window that it belongs to, unix seconds.
        left: tokens left of the balance or budget; negative is debt, or a budget passed.
    """

    kind: AlertKind
    threshold: int
    since: int
    left: int
    subject: str = ""


def alerts_of_debit(before: StreamState, after: StreamState, rules: Guardrails) -> tuple[Alert, ...]:
    """The thresholds of the balance that lie between two states of a stream, the gravest last.

    The share used is used ÷ (used + left) of the current cycle; refunds lessen what was used.
    """
    had, has = balance_of(before).total, balance_of(after).total
    since = after.cycles[-1].start if after.cycles else 0
    used_before, used_after = _used_percent(before, had), _used_percent(after, has)
    if used_before == used_after and not has < rules.low_balance <= had and not has <= 0 < had:
        return ()  # as after nearly every debit
    crossed = [
        Alert(kind=AlertKind.USED, threshold=threshold, since=since, left=has)
        for threshold in rules.thresholds
        if used_before < threshold <= used_after
    ]
    if has < rules.low_balance <= had:
        crossed.append(Alert(kind=AlertKind.LOW, threshold=rules.low_balance, since=since, left=has))
    if has <= 0 < had:
        crossed.append(Alert(kind=AlertKind.EMPTY, threshold=0, since=since, left=has))
    return tuple(crossed)


def alerts_of_budget(
    fact: BudgetFact, *, tokens: int, since: int, thresholds: tuple[int, ...]
) -> Iterator[Alert]:
    """The thresholds of a budget that a debit of `tokens` crossed; `fact` is after it, without holds."""
    limit = fact.budget.tokens
    for threshold in thresholds:
        if 100 * (fact.spent - tokens) < threshold * limit <= 100 * fact.spent:
            yield Alert(
                kind=AlertKind.BUDGET,
                threshold=threshold,
                since=since,
                left=limit - fact.spent,
                subject=budget_name(fact.budget.scope, fact.subject, fact.budget.period),
            )


def granted_ever(state: StreamState) -> int:
    """All tokens that a stream was ever given: it grows with every top-up, and with nothing else."""
    return state.lifetime.granted + state.lifetime.purchased


def _used_percent(state: StreamState, left: int) -> int:
    """Whole percent used, rounded down, so that a threshold is reached only when it is."""
    cycle = state.cycles[-1] if state.cycles else None
    used = max(cycle.used - cycle.refunded, 0) if cycle else 0
    whole = used + max(left, 0)
    return 100 * used // whole if whole else 0
