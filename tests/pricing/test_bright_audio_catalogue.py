"""A suite with five meters, against the tables of the package that it is built from.

What the package leaves open or contradicts, and how it is read here:

- `general` costs 1 but has no limit: its totals of 200 and 1,900 tokens add up only if its allowance is 0, so
  it lives of packs and gifts.
- "Unlimited" is a very high allowance.
- "Rapid requests" are to be noticed, no figure says how many: 60 a minute by one member are ours, and so are
  what a token is worth, the low mark, and the statuses other than 402 and 403.
- Its prices are "$X" and "$Y", and its packs, discounts and annual prices are ideas for later: ours.
"""

from __future__ import annotations

import pytest

from nostr_usage.amount import format_dollars
from nostr_usage.pricing.affordable import affordable
from nostr_usage.pricing.catalogue import Catalogue, load_catalogue
from nostr_usage.pricing.charge import charge_for
from nostr_usage.pricing.offers import Cycle, CycleKind

AT = 1_771_080_300  # 14 February 2026


@pytest.fixture(name="catalogue")
def bright_audio() -> Catalogue:
    """The catalogue."""
    return load_catalogue("bright_audio")


@pytest.mark.parametrize(
    ("activity", "meter", "tokens"),
    [
        ("generate_leads", "lead_generation", 5),
        ("generate_goal", "goal_generation", 3),
        ("analyze_strategy", "strategy_analysis", 2),
        ("forecast_revenue", "forecast", 4),
        ("assist", "general", 1),
    ],
)
def test_features_and_their_costs(catalogue: Catalogue, activity: str, meter: str, tokens: int) -> None:
    """Each from its own meter."""
    charge = charge_for(catalogue, activity, at=AT)
    assert (meter, tokens) == (charge.meter, charge.tokens)


@pytest.mark.parametrize(
    ("plan", "leads", "goals", "strategy", "forecast", "general", "total"),
    [
        ("starter", 0, 0, 0, 0, 0, 0),
        ("pro", 50, 20, 100, 30, 0, 200),
        ("enterprise", 500, 200, 1_000, 200, 0, 1_900),
    ],
)
def test_allowances_by_meter(
    catalogue: Catalogue,
    plan: str,
    leads: int,
    goals: int,
    strategy: int,
    forecast: int,
    general: int,
    total: int,
) -> None:
    """Five balances of their own, every 30 days."""
    found = catalogue.plan(plan)
    allowances = [catalogue.allowance_of(found, meter) for meter in catalogue.spent_meters]
    assert [leads, goals, strategy, forecast, general] == allowances
    assert total == sum(allowances)
    assert Cycle(kind=CycleKind.EVERY_DAYS, days=30, zone="UTC") == found.cycle


@pytest.mark.parametrize(
    ("meter", "actions"),
    [("lead_generation", 10), ("goal_generation", 6), ("strategy_analysis", 50), ("forecast", 7)],
)
def test_actions_of_a_pro_cycle(catalogue: Catalogue, meter: str, actions: int) -> None:
    """10 batches, 6 goals, 50 analyses, 7 forecasts; what another meter holds does not help."""
    allowance = catalogue.allowance_of(catalogue.plan("pro"), meter)
    found = affordable(catalogue, allowance, meter=meter)
    assert [actions] == [enough.count for enough in found.enough_for]


def test_warnings_and_statuses(catalogue: Catalogue) -> None:
    """Told at 80 %; a plan without AI gets 403."""
    assert (80, 100) == catalogue.thresholds
    assert 403 == catalogue.refusal_status("no_ai")


@pytest.mark.parametrize(("count", "tokens"), [(1, 5), (4, 20), (5, 23), (9, 41), (10, 40), (100, 400)])
def test_several_batches_at_once_cost_less(catalogue: Catalogue, count: int, tokens: int) -> None:
    """A tenth off from five on, a fifth from ten on, rounded up once."""
    assert tokens == charge_for(catalogue, "generate_leads", count=count, at=AT).tokens


def test_a_complex_forecast_costs_more(catalogue: Catalogue) -> None:
    """An add-on, so it is shown before."""
    assert 8 == charge_for(catalogue, "forecast_revenue", add_ons=["scenarios"], at=AT).tokens


@pytest.mark.parametrize(("count", "price"), [(1, "$5.00"), (4, "$20.00"), (5, "$22.50"), (20, "$80.00")])
def test_several_packs_at_once_cost_less(catalogue: Catalogue, count: int, price: str) -> None:
    """On demand, for one meter."""
    pack = catalogue.pack("leads-50")
    assert "lead_generation" == catalogue.meter_of_pack(pack)
    assert price == format_dollars(pack.price_of(count))


def test_a_year_in_advance_costs_less(catalogue: Catalogue) -> None:
    """Twelve cycles of 30 days are $348; a year in advance is $290."""
    plan = catalogue.plan("pro")
    assert ("$348.00", 16) == (format_dollars(plan.year_micro_dollars), plan.annual_saving_percent)
    assert 0 == catalogue.plan("starter").annual_saving_percent


@pytest.mark.parametrize("plan", ["pro", "enterprise"])
def test_a_member_who_asks_too_fast_is_stopped(catalogue: Catalogue, plan: str) -> None:
    """Sixty a minute, by one member; the figure is ours."""
    found = catalogue.plan(plan).guardrails
    assert found is not None
    assert [(60, 60, "member")] == [
        (limit.actions, limit.window_s, limit.scope) for limit in found.rate_limits
    ]
