"""Plan rules: what the catalogue says, as the guardrails take it, for the five systems."""

from __future__ import annotations

import pytest

from nostr_usage.errors import UnknownNameError
from nostr_usage.ledger.guardrail import Budget, Enforcement, RateLimit, Scope
from nostr_usage.ledger.refusal import RefusalCode
from nostr_usage.ledger.window import Period
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.writing.plan_rules import rules_of, with_own_budgets
from tests.catalogues import catalogue_with


@pytest.mark.parametrize(
    ("catalogue", "plan", "meter", "low_balance"),
    [
        ("transparency", "standard", "tokens", 1_000),
        ("transparency", None, "tokens", 1_000),
        ("vibrationfit", "annual", "tokens", 500_000),
        ("vibrationfit", "monthly", "tokens", 60_000),
        ("bright_audio", "pro", "forecast", 10),
    ],
)
def test_low_is_a_number_or_a_share_of_the_allowance(
    catalogue: str, plan: str | None, meter: str, low_balance: int
) -> None:
    """Below 1,000 in one system, below a tenth of what was granted in another."""
    assert low_balance == rules_of(load_catalogue(catalogue), plan, meter=meter).low_balance


def test_a_plan_may_have_a_mark_of_its_own() -> None:
    """It goes before the catalogue's."""
    rules = rules_of(catalogue_with(low_balance=77), "standard", meter="tokens")
    assert 77 == rules.low_balance


@pytest.mark.parametrize(
    ("catalogue", "expected"),
    [
        ("transparency", (402, 402, 429, 413, 402, 403)),
        ("vibrationfit", (402, 402, 429, 413, 402, 403)),
        ("koffers", (429, 429, 429, 413, 402, 403)),
        ("bright_audio", (402, 402, 429, 413, 402, 403)),
        ("prompt_lab", (402, 402, 429, 413, 402, 403)),
    ],
)
def test_each_system_answers_in_its_own_statuses(catalogue: str, expected: tuple[int, ...]) -> None:
    """What money would mend is 402 in one and 429 in another."""
    rules = rules_of(load_catalogue(catalogue), None, meter="tokens")
    codes = (
        RefusalCode.NOT_ENOUGH,
        RefusalCode.EMPTY,
        RefusalCode.RATE_LIMITED,
        RefusalCode.ACTION_TOO_LARGE,
        RefusalCode.BUDGET_REACHED,
        RefusalCode.NO_AI,
    )
    assert expected == tuple(rules.status(code) for code in codes)


def test_coaching_limits_actions_by_the_hour_and_by_size() -> None:
    """A hundred an hour, none larger than 500,000, with its own advice to split."""
    rules = rules_of(load_catalogue("vibrationfit"), "monthly", meter="tokens")
    assert (RateLimit(actions=100, window_s=3_600),) == rules.rate_limits
    assert (500_000, "Break it into smaller refinements.") == (rules.action_max, rules.split_advice)


def test_the_free_tier_of_the_suite_has_no_ai() -> None:
    """The paid ones do."""
    suite = load_catalogue("bright_audio")
    assert not rules_of(suite, "starter", meter="forecast").allows_ai
    assert rules_of(suite, "pro", meter="forecast").allows_ai


def test_the_workbench_warns_rather_than_blocks() -> None:
    """No budget that comes with a tier stops a run."""
    lab = load_catalogue("prompt_lab")
    enforced = {
        budget.enforcement
        for plan in lab.plans
        for budget in rules_of(lab, plan.name, meter="tokens").budgets
    }
    assert {Enforcement.WARN} == enforced


def test_an_own_budget_goes_before_the_plans() -> None:
    """The same scope, subject and period is replaced; everything else is added."""
    plans = Budget(scope=Scope.ACCOUNT, period=Period.MONTH, tokens=10, enforcement=Enforcement.WARN)
    raised = Budget(scope=Scope.ACCOUNT, period=Period.MONTH, tokens=20, enforcement=Enforcement.REFUSE)
    daily = Budget(scope=Scope.ACCOUNT, period=Period.DAY, tokens=5, enforcement=Enforcement.REFUSE)
    assert (raised, daily) == with_own_budgets((plans,), (raised, daily))
    assert (plans,) == with_own_budgets((plans,), ())


def test_an_unknown_plan_is_refused() -> None:
    """An account that a changed catalogue no longer knows the plan of is not served by chance."""
    with pytest.raises(UnknownNameError, match="gold"):
        rules_of(load_catalogue(), "gold", meter="tokens")
