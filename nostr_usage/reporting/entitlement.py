"""Entitlement: a plan ─▶ how far back its customer's views reach, and which of them there are.

The one place that decides. Tiers limit what is made of the ledger, never the ledger: the balance, the history
with its exports, statements and proofs belong to the customer, whatever the plan. What the operator looks at
across accounts is not limited either. A feature that a catalogue does not sell, all plans have.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from nostr_usage.errors import NotIncludedError
from nostr_usage.insight.breakdown import Dimension
from nostr_usage.insight.sums import day_number
from nostr_usage.insight.use import DAY_S
from nostr_usage.ledger.window import Period
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.offers import Plan
from nostr_usage.reporting.stream_use import Days, all_days, last_days
from nostr_usage.store import AccountRow


class Feature(StrEnum):
    """What views and tools can be sold apart, by the name that catalogues give it."""

    FULL_PREVIEW = "full-preview"
    """Quotes with input and output apart, and cheaper models."""
    COST_TRACKING = "cost-tracking"
    """Use by model, prompt and member."""
    MONTHLY_BUDGET = "monthly-budget"
    DAILY_BUDGET = "daily-budget"
    TEAM_DASHBOARD = "team-dashboard"
    """Use by group."""
    TIPS = "tips"
    RECOMMENDATIONS = "recommendations"
    """Tips with what they would have saved."""
    DEEP_RECOMMENDATIONS = "deep-recommendations"
    """Tips for every prompt."""
    CSV_EXPORT = "csv-export"
    """Breakdowns and reports as CSV; histories always."""
    PDF_REPORT = "scheduled-pdf"


_OF_DIMENSIONS = {
    Dimension.MODEL: Feature.COST_TRACKING,
    Dimension.PROMPT: Feature.COST_TRACKING,
    Dimension.MEMBER: Feature.COST_TRACKING,
    Dimension.GROUP: Feature.TEAM_DASHBOARD,
}
_OF_BUDGETS = {Period.DAY: Feature.DAILY_BUDGET, Period.MONTH: Feature.MONTHLY_BUDGET}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """What an account may be shown; without a plan, everything.

    Attributes:
        days: how far back views reach, today included; None without end.
    """

    catalogue: Catalogue
    plan: Plan | None
    days: int | None

    def includes(self, feature: Feature) -> bool:
        """Whether there is such a view for the account."""
        return self.plan is None or self.catalogue.includes(self.plan, feature.value)

    def require(self, feature: Feature) -> None:
        """Refuse a view that the plan does not include.

        Raises:
            NotIncludedError: naming the plans that do.
        """
        if self.includes(feature):
            return
        assert self.plan is not None, "without a plan everything is included"
        label = next(one.label for one in self.catalogue.features if one.name == feature.value)
        others = [plan.title for plan in self.catalogue.plans if feature.value in plan.features]
        raise NotIncludedError(
            f"the plan {self.plan.title} does not include: {label}",
            advice=f"{' and '.join(others)} do."
            if len(others) > 1
            else f"{''.join(others) or 'No plan'} does.",
        )

    def includes_dimension(self, dimension: Dimension) -> bool:
        """Whether use may be broken down by it."""
        return dimension not in _OF_DIMENSIONS or self.includes(_OF_DIMENSIONS[dimension])

    def require_dimension(self, dimension: Dimension) -> None:
        """Refuse a breakdown that the plan does not include.

        Raises:
            NotIncludedError: naming the plans that do.
        """
        if dimension in _OF_DIMENSIONS:
            self.require(_OF_DIMENSIONS[dimension])

    def require_budget(self, period: Period) -> None:
        """Refuse budgets of a kind that the plan does not include.

        Raises:
            NotIncludedError: naming the plans that do.
        """
        self.require(_OF_BUDGETS[period])

    def shown_days(self, now: int, wanted: int | None = None) -> Days:
        """The last `wanted` days (None: all) up to that of `now` (unix seconds), as far as the plan goes."""
        days = min((one for one in (wanted, self.days) if one is not None), default=None)
        return all_days() if days is None else last_days(now, min(days, now // DAY_S + 1))

    def shown_since(self, now: int) -> int | None:
        """The first second of what is shown, unix seconds; None for everything."""
        return None if self.days is None else _unix(self.shown_days(now).first)


def entitlement_of(catalogue: Catalogue, account: AccountRow | None) -> Entitlement:
    """What the plan of `account` entitles to; of a plan that is no longer sold, everything."""
    name = account.plan if account else None
    plan = next((plan for plan in catalogue.plans if plan.name == name), None)
    return Entitlement(catalogue=catalogue, plan=plan, days=plan.analytics_days if plan else None)


def _unix(day: date) -> int:
    return day_number(day) * DAY_S
