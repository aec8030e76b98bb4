"""What plans let their customers see."""

from __future__ import annotations

from datetime import date

import pytest

from nostr_usage.errors import NotIncludedError
from nostr_usage.insight.breakdown import Dimension
from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.window import Period
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.reporting.entitlement import Entitlement, Feature, entitlement_of
from nostr_usage.reporting.stream_use import Days, all_days
from nostr_usage.store import AccountRow
from tests.operators import DAY_S, FEBRUARY_1

PROMPT_LAB = load_catalogue("prompt_lab")
NOW = FEBRUARY_1 + 10 * DAY_S + 5


def entitled(plan: str | None, *, catalogue: str = "prompt_lab") -> Entitlement:
    """What an account of that plan may be shown."""
    row = AccountRow(
        account_no=1,
        account=AccountId("a1" * 32),
        label=None,
        plan=plan,
        anchor=0,
        open_number=1,
        created_at=0,
    )
    return entitlement_of(load_catalogue(catalogue), row)


def test_views_reach_as_far_as_the_plan() -> None:
    """Seven days on Free, today included; less if less is asked for."""
    free = entitled("free")
    assert Days(first=date(2026, 2, 5), last=date(2026, 2, 11)) == free.shown_days(NOW)
    assert Days(first=date(2026, 2, 10), last=date(2026, 2, 11)) == free.shown_days(NOW, 2)
    assert free.shown_days(NOW) == free.shown_days(NOW, 30)
    assert FEBRUARY_1 + 4 * DAY_S == free.shown_since(NOW)


def test_without_a_limit_everything_is_shown() -> None:
    """On Enterprise, without a plan, on a plan that is no longer sold, and for an account nobody knows."""
    for found in (
        entitled("enterprise"),
        entitled(None),
        entitled("gone"),
        entitlement_of(PROMPT_LAB, None),
    ):
        assert (all_days(), None) == (found.shown_days(NOW), found.shown_since(NOW))
        assert all(found.includes(feature) for feature in Feature)
    assert Days(first=date(1970, 1, 1), last=date(2026, 2, 11)) == entitled(None).shown_days(NOW, 10**6)


@pytest.mark.parametrize(
    ("feature", "plans"),
    [
        (Feature.COST_TRACKING, "Teams and Enterprise do."),
        (Feature.TEAM_DASHBOARD, "Enterprise does."),
        (Feature.CSV_EXPORT, "Teams and Enterprise do."),
        (Feature.PDF_REPORT, "Enterprise does."),
        (Feature.RECOMMENDATIONS, "Teams and Enterprise do."),
    ],
)
def test_what_is_not_included_is_refused(feature: Feature, plans: str) -> None:
    """With the plans that have it."""
    with pytest.raises(NotIncludedError, match="the plan Free does not include") as refused:
        entitled("free").require(feature)
    assert plans == refused.value.advice
    entitled("enterprise").require(feature)


def test_breakdowns_and_budgets_by_plan() -> None:
    """By model and member from Teams on, by group and for a day on Enterprise; by activity always."""
    for plan, dimension in (("free", Dimension.ACTIVITY), ("teams", Dimension.MEMBER)):
        entitled(plan).require_dimension(dimension)
    for plan, dimension in (("free", Dimension.MODEL), ("teams", Dimension.GROUP)):
        with pytest.raises(NotIncludedError):
            entitled(plan).require_dimension(dimension)
    entitled("teams").require_budget(Period.MONTH)
    for plan, period in (("free", Period.MONTH), ("teams", Period.DAY)):
        with pytest.raises(NotIncludedError):
            entitled(plan).require_budget(period)


def test_what_a_catalogue_does_not_sell_all_plans_have() -> None:
    """Most products sell tokens, not views."""
    found = entitled("standard", catalogue="transparency")
    assert all(found.includes(feature) for feature in Feature)
    for dimension in Dimension:
        found.require_dimension(dimension)
    assert found.days is None


def test_every_feature_is_one_that_the_workbench_sells() -> None:
    """A name that no catalogue has would gate nothing."""
    assert {feature.value for feature in Feature} <= {one.name for one in PROMPT_LAB.features}


def test_a_feature_of_no_plan_is_had_by_none() -> None:
    """It is listed, so it is sold; nobody sells it yet."""
    plans = tuple(plan.model_copy(update={"features": ()}) for plan in PROMPT_LAB.plans)
    catalogue = PROMPT_LAB.model_copy(update={"plans": plans})
    found = Entitlement(catalogue=catalogue, plan=plans[0], days=None)
    with pytest.raises(NotIncludedError) as refused:
        found.require(Feature.TIPS)
    assert "No plan does." == refused.value.advice
