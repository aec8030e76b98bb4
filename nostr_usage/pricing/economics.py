"""What a plan or an action costs the operator when it is used up, and what is left of its price: private."""

from __future__ import annotations

from dataclasses import dataclass

from nostr_usage.amount import divide_half_up
from nostr_usage.errors import PricingError, UnratedUsageError
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.meters import Aims
from nostr_usage.pricing.offers import Plan
from nostr_usage.pricing.price import OWN_PRICE_ADVICE, Price
from nostr_usage.pricing.price_book import price_of
from nostr_usage.pricing.usage import Bucket

_NANO_TOKENS_PER_MICRO = 1_000 * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEconomics:
    """One cycle of a plan whose allowance is used up, at the model and mix of the catalogue's aims.

    Attributes:
        plan: its name.
        tokens: the allowance.
        price_micro_dollars: what the account pays.
        cost_micro_dollars: what the models cost.
        budget_micro_dollars: what they may cost, by the aims.
    """

    plan: str
    tokens: int
    price_micro_dollars: int
    cost_micro_dollars: int
    budget_micro_dollars: int

    @property
    def margin_micro_dollars(self) -> int:
        """What is left of the price; negative where the models cost more."""
        return self.price_micro_dollars - self.cost_micro_dollars

    @property
    def margin_percent(self) -> int | None:
        """The margin as a share of the price, rounded down; None for what is given away."""
        price = self.price_micro_dollars
        return 100 * self.margin_micro_dollars // price if price else None

    @property
    def markup_percent(self) -> int | None:
        """The margin as a share of the cost, rounded down; None where nothing was paid or nothing spent."""
        if not self.cost_micro_dollars or not self.price_micro_dollars:
            return None
        return 100 * self.margin_micro_dollars // self.cost_micro_dollars

    @property
    def is_within_budget(self) -> bool:
        """Whether the models cost no more than they may."""
        return self.cost_micro_dollars <= self.budget_micro_dollars


def plan_economics(catalogue: Catalogue, plan: Plan, *, at: int) -> PlanEconomics:
    """What `plan` costs and leaves when its allowance in the first meter is used up.

    Args:
        catalogue: with aims, in which one token is one unit of the model.
        plan: of that catalogue.
        at: unix seconds, for the price of the model.

    Raises:
        PricingError: the catalogue has no aims, or their model no price.
    """
    aims = _aims(catalogue)
    tokens = catalogue.allowance_of(plan, catalogue.default_meter)
    return PlanEconomics(
        plan=plan.name,
        tokens=tokens,
        price_micro_dollars=plan.price_micro_dollars,
        cost_micro_dollars=tokens_cost(catalogue, tokens, at=at),
        budget_micro_dollars=divide_half_up(plan.price_micro_dollars * aims.cost_budget_percent, 100),
    )


def tokens_cost(catalogue: Catalogue, tokens: int, *, at: int) -> int:
    """What so many units of the aims' model cost the operator in micro-dollars, halves up.

    Raises:
        PricingError: as `plan_economics`.
    """
    aims = _aims(catalogue)
    price = price_of(aims.model, at=at, own=catalogue.own_prices)
    mixed = aims.input_percent * _rate(price, Bucket.FRESH_INPUT)
    mixed += (100 - aims.input_percent) * _rate(price, Bucket.OUTPUT)
    return divide_half_up(tokens * mixed, 100 * _NANO_TOKENS_PER_MICRO)


def _rate(price: Price, bucket: Bucket) -> int:
    rate = dict(price.rates).get(bucket)
    if rate is None:
        raise UnratedUsageError(f"price {price.id} has no rate for {bucket}", advice=OWN_PRICE_ADVICE)
    return rate


def _aims(catalogue: Catalogue) -> Aims:
    if catalogue.aims is None:
        raise PricingError(
            f"catalogue {catalogue.name} does not say what the operator aims at", advice="Add [aims] to it."
        )
    return catalogue.aims
