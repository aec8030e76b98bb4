"""What a plan of the catalogue allows, in the terms of the guardrails."""

from __future__ import annotations

from collections.abc import Iterable

from nostr_usage.ledger.guardrail import Budget, Enforcement, Guardrails, RateLimit, Scope
from nostr_usage.ledger.refusal import RefusalCode
from nostr_usage.ledger.window import Period
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.guardrails import Guardrails as PlanGuardrails
from nostr_usage.pricing.offers import Plan

DEFAULT_STATUSES = {
    RefusalCode.NO_AI: 403,
    RefusalCode.ACTION_TOO_LARGE: 413,
    RefusalCode.RATE_LIMITED: 429,
    RefusalCode.BUDGET_REACHED: 402,
    RefusalCode.EMPTY: 402,
    RefusalCode.NOT_ENOUGH: 402,
}
"""The HTTP status of each refusal that the catalogue gives none."""


def rules_of(catalogue: Catalogue, plan_name: str | None, *, meter: str) -> Guardrails:
    """The guardrails of accounts on a plan; of those without a plan, what holds for everybody.

    Raises:
        UnknownNameError: if the catalogue has no such plan.
    """
    plan = None if plan_name is None else catalogue.plan(plan_name)
    stated = (plan.guardrails if plan else None) or PlanGuardrails()
    return Guardrails(
        allows_ai=stated.ai,
        action_max=stated.largest_action,
        split_advice=stated.split_advice,
        rate_limits=tuple(
            RateLimit(actions=limit.actions, window_s=limit.window_s, scope=Scope(limit.scope))
            for limit in stated.rate_limits
        ),
        budgets=tuple(
            Budget(
                scope=Scope(one.scope),
                subject=one.subject,
                period=Period(one.period),
                tokens=one.tokens,
                enforcement=Enforcement(one.enforcement),
            )
            for one in stated.budgets
        ),
        at_zero=Enforcement(stated.at_zero),
        low_balance=_low_balance(catalogue, plan, stated, meter=meter),
        thresholds=catalogue.thresholds,
        zone=plan.cycle.zone if plan else "UTC",
        statuses=tuple(
            (code, catalogue.refusals.get(code.value, status)) for code, status in DEFAULT_STATUSES.items()
        ),
    )


def with_own_budgets(plan_budgets: tuple[Budget, ...], own: Iterable[Budget]) -> tuple[Budget, ...]:
    """The budgets of an account: its own go before its plan's for the same scope, subject and period."""
    merged = {(one.scope, one.subject, one.period): one for one in (*plan_budgets, *own)}
    return tuple(merged.values())


def _low_balance(catalogue: Catalogue, plan: Plan | None, stated: PlanGuardrails, *, meter: str) -> int:
    if stated.low_balance is not None:
        return stated.low_balance
    if plan is not None and stated.low_balance_percent is not None:
        return catalogue.allowance_of(plan, meter) * stated.low_balance_percent // 100
    return catalogue.low_balance
