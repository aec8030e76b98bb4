"""A workbench in three tiers, against the matrix of the index that it is built from.

What the index leaves open, and how it is read here:

- It sells what is shown, not tokens: the allowances, and a million tokens for $10 of models, are ours. So are
  the figures of every guardrail: the largest run, the budgets by month, day and member.
- "Prevent execution when budget exceeded" beside "we don't automatically block": the plans' budgets warn, and
  who sets one that stops a run has asked for it.
- A budget of a customer's own is what it sells by tier; that plans come with some is ours.
- "AI-powered" recommendations are those over every prompt of a team.
- CSV for Enterprise is in its answers to questions, not in its matrix.
"""

from __future__ import annotations

import pytest

from nostr_usage.amount import format_dollars
from nostr_usage.pricing.catalogue import Catalogue, load_catalogue
from nostr_usage.pricing.charge import charge_for
from nostr_usage.pricing.offers import CycleKind
from nostr_usage.pricing.usage import Bucket, measured_usage

AT = 1_771_080_300  # 14 February 2026


@pytest.fixture(name="catalogue")
def prompt_lab() -> Catalogue:
    """The catalogue."""
    return load_catalogue("prompt_lab")


@pytest.mark.parametrize(
    ("plan", "price", "days"), [("free", "$0.00", 7), ("teams", "$5.00", 90), ("enterprise", "$27.00", None)]
)
def test_tiers(catalogue: Catalogue, plan: str, price: str, days: int | None) -> None:
    """What each costs a month, and how far back its analytics reach."""
    found = catalogue.plan(plan)
    assert (price, days) == (format_dollars(found.price_micro_dollars), found.analytics_days)
    assert CycleKind.CALENDAR_MONTH == found.cycle.kind


@pytest.mark.parametrize(
    ("feature", "free", "teams", "enterprise"),
    [
        ("basic-preview", True, True, True),
        ("full-preview", False, True, True),
        ("cost-tracking", False, True, True),
        ("monthly-budget", False, True, True),
        ("daily-budget", False, False, True),
        ("personal-dashboard", False, True, True),
        ("team-dashboard", False, False, True),
        ("tips", True, True, True),
        ("recommendations", False, True, True),
        ("deep-recommendations", False, False, True),
        ("csv-export", False, True, True),
        ("scheduled-pdf", False, False, True),
        ("api", False, False, True),
        ("anything-else", True, True, True),
    ],
)
def test_what_each_tier_may_do(
    catalogue: Catalogue, feature: str, free: object, teams: object, enterprise: object
) -> None:
    """What is not sold by tier, all may."""
    assert [free, teams, enterprise] == [catalogue.includes(plan, feature) for plan in catalogue.plans]


def test_thresholds(catalogue: Catalogue) -> None:
    """Told at 75, 90 and 100 percent."""
    assert (75, 90, 100) == catalogue.thresholds


def test_a_run_is_charged_what_the_model_costs(catalogue: Catalogue) -> None:
    """Without a markup; one and a half cents are 1,500 tokens."""
    usage = measured_usage("claude-sonnet-4-5", {Bucket.OUTPUT: 1_000})
    charge = charge_for(catalogue, "prompt-run", usage=[usage], at=AT)
    assert (1_500, "$0.02") == (charge.tokens, format_dollars(charge.cost_micro_dollars))
    assert charge.cost_micro_dollars == charge.provider_cost_micro_dollars


def test_every_model_on_offer_has_a_price(catalogue: Catalogue) -> None:
    """In the public list, at that date."""
    for model in catalogue.models:
        usage = measured_usage(model.name, {Bucket.OUTPUT: 1_000_000}, provider=model.provider)
        assert charge_for(catalogue, "prompt-run", usage=[usage], at=AT).tokens > 0


@pytest.mark.parametrize(
    ("plan", "largest", "budgets"),
    [
        ("free", 10_000, []),
        ("teams", 50_000, [("account", "month", 400_000)]),
        (
            "enterprise",
            200_000,
            [("account", "month", 2_000_000), ("account", "day", 200_000), ("member", "month", 400_000)],
        ),
    ],
)
def test_budgets_warn(
    catalogue: Catalogue, plan: str, largest: int, budgets: list[tuple[str, str, int]]
) -> None:
    """Months from Teams on, days and members on Enterprise; none stops a run. The figures are ours."""
    found = catalogue.plan(plan).guardrails
    assert found is not None
    assert largest == found.largest_action
    assert budgets == [(one.scope, one.period, one.tokens) for one in found.budgets]
    assert {"warn"} >= {one.enforcement for one in found.budgets}
