"""What customers paid against what the models cost, and the part that they may cost: never published."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nostr_usage.amount import divide_half_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """Money that came in, or what one action cost the operator; None where that is not known."""

    paid_micro_dollars: int = 0
    cost_micro_dollars: int | None = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """A period of an operator's business, in micro-dollars.

    Attributes:
        revenue: what came in.
        cost: what the models cost, as far as that is known.
        unpriced: actions whose cost is not known; with any, the margin is at most what it says.
        budget: what the models may cost of this revenue.
    """

    revenue: int
    cost: int
    unpriced: int
    budget: int

    @property
    def margin(self) -> int:
        """What is left."""
        return self.revenue - self.cost

    @property
    def margin_percent(self) -> int | None:
        """Of the revenue, rounded down; None without any."""
        return 100 * self.margin // self.revenue if self.revenue else None

    @property
    def is_within_budget(self) -> bool:
        """Whether the models cost no more than they may."""
        return self.cost <= self.budget


def margin_of(sales: Iterable[Sale], *, budget_percent: int) -> Margin:
    """The sum of `sales`, with a budget of `budget_percent` of the revenue, halves up."""
    revenue = cost = unpriced = 0
    for sale in sales:
        revenue += sale.paid_micro_dollars
        if sale.cost_micro_dollars is None:
            unpriced += 1
        else:
            cost += sale.cost_micro_dollars
    return Margin(
        revenue=revenue,
        cost=cost,
        unpriced=unpriced,
        budget=divide_half_up(revenue * budget_percent, 100),
    )
