"""What an action is charged: tokens by the catalogue's rule, rounded once.

Four ways, of which an activity accepts one or two: a fixed price, less a discount for several at once; tokens
that the product states; what the models reported, at their prices, plus the catalogue's markup, over the
value of a token, rounded up; or what they reported, counted as tokens. Add-ons come on top at their fixed
prices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nostr_usage.amount import checked_amount, divide_half_up, divide_up, micro_dollars
from nostr_usage.errors import AmountError, PricingError, UnratedUsageError
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.offers import COUNT_MAX, bulk_tokens
from nostr_usage.pricing.price import FEMTO_PER_MICRO, FEMTO_PER_NANO, femto_dollars
from nostr_usage.pricing.price_book import price_of
from nostr_usage.pricing.tables import Activity, ChargeMode
from nostr_usage.pricing.usage import MeasuredUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCost:
    """What the models cost the operator: private, never published.

    `price_ids` are sorted. `femto_dollars` is exact; a micro-dollar is `FEMTO_PER_MICRO` of them.
    """

    femto_dollars: int
    price_ids: tuple[str, ...]

    @property
    def micro_dollars(self) -> int:
        """The cost in micro-dollars, halves up."""
        return divide_half_up(self.femto_dollars, FEMTO_PER_MICRO)


class Charge(NamedTuple):
    """What a customer pays for one action.

    Attributes:
        activity: the name of the activity, the `type` of the debit.
        meter: what is counted.
        tokens: the charge, add-ons included.
        cost_micro_dollars: what the customer is shown: tokens at the value of a token.
        price_ids: the rules and model prices that the charge follows from, sorted: for publishing.
        usage: (model, bucket, units) of every step, sorted; zeros are left out.
        is_measured: the charge follows from `usage`. If not, publishing `usage` in the open would show the
            operator's margin.
        provider_cost: None where no usage was passed, or a model of it has no price; never zero for that.
        unpriced: why there is no provider cost although usage was passed; else empty.
    """

    activity: str
    meter: str
    tokens: int
    cost_micro_dollars: int
    price_ids: tuple[str, ...]
    usage: tuple[tuple[str, str, int], ...] = ()
    is_measured: bool = False
    provider_cost: ProviderCost | None = None
    unpriced: str = ""

    @property
    def provider_cost_micro_dollars(self) -> int | None:
        """What the models cost the operator, halves up; None where that is not known."""
        return self.provider_cost.micro_dollars if self.provider_cost else None


def charge_for(
    catalogue: Catalogue,
    activity: str,
    *,
    tokens: int | None = None,
    usage: Sequence[MeasuredUsage] | None = None,
    add_ons: Sequence[str] = (),
    count: int = 1,
    at: int,
) -> Charge:
    """What `activity` is charged, at the model prices of `at` (unix seconds).

    `tokens` are what the product states that the action used, without add-ons; they go before `usage`, which
    then only serves the operator's books. `usage` holds one item for every request to a model, so that all
    steps of an action are charged, and rounded together. `count` actions at a fixed price are charged at
    once, each with all `add_ons`, less the activity's discount.

    Raises:
        UnknownNameError: no such activity or add-on.
        AmountError: `tokens` or `count` is no amount, or the charge or its dollars are more than an entry can
            hold.
        PricingError: the activity is not charged that way; or, for a measured charge, a model without a
            price (UnknownModelError), or a unit without a rate (UnratedUsageError).
        InputError: an add-on was named twice.
    """
    rule = catalogue.activity(activity)
    options = rule.chosen_add_ons(add_ons)
    steps = tuple(usage or ())
    mode = _mode(rule, tokens=tokens, steps=steps)
    _check_count(rule, mode, count)
    is_priced = mode is ChargeMode.MEASURED
    provider_cost, unpriced = _provider_cost(catalogue, steps, at=at, is_needed=is_priced)
    if mode is ChargeMode.COUNTED:
        base = _counted_tokens(rule, steps)
    else:
        base = _base_tokens(catalogue, rule, mode, stated=tokens, provider_cost=provider_cost)
    each = base + sum(option.tokens for option in options)
    total = checked_amount(bulk_tokens(each, rule.bulk, count), name="charge")
    prices = [catalogue.rule_id(rule), *(catalogue.rule_id(rule, option) for option in options)]
    if is_priced and provider_cost is not None:
        prices += provider_cost.price_ids
    return Charge(
        activity=rule.name,
        meter=rule.meter,
        tokens=total,
        cost_micro_dollars=checked_amount(
            micro_dollars(total, catalogue.token_value_of(rule.meter)), name="cost in micro-dollars"
        ),
        price_ids=tuple(sorted(set(prices))),
        usage=tuple(sorted((step.model, str(bucket), n) for step in steps for bucket, n in step.billable)),
        is_measured=mode in {ChargeMode.MEASURED, ChargeMode.COUNTED},
        provider_cost=provider_cost,
        unpriced=unpriced,
    )


def _mode(rule: Activity, *, tokens: int | None, steps: tuple[MeasuredUsage, ...]) -> ChargeMode:
    """How this action is charged; what the product states goes before what was measured."""
    if ChargeMode.FIXED in rule.accepts:
        if tokens is not None:
            raise PricingError(f"{rule.name} has a fixed price", advice="State no tokens for it.")
        return ChargeMode.FIXED
    from_usage = ChargeMode.COUNTED if ChargeMode.COUNTED in rule.accepts else ChargeMode.MEASURED
    wanted = ChargeMode.STATED if tokens is not None else from_usage
    if wanted not in rule.accepts or (wanted is from_usage and not steps):
        ways = {
            ChargeMode.STATED: "state the tokens that it used",
            from_usage: "pass the usage that the models reported",
        }
        raise PricingError(
            f"the charge of {rule.name} cannot be computed from what was passed",
            advice=f"For this activity, {' or '.join(ways[mode] for mode in rule.accepts)}.",
        )
    return wanted


def _check_count(rule: Activity, mode: ChargeMode, count: int) -> None:
    if not 1 <= checked_amount(count, name="count") <= COUNT_MAX:
        raise AmountError(f"{count:,} actions cannot be charged at once", advice=f"1 to {COUNT_MAX:,} can.")
    if count > 1 and mode is not ChargeMode.FIXED:
        raise PricingError(
            f"{rule.name} has no fixed price, so several cannot be charged at once",
            advice="Charge each by itself.",
        )


def _counted_tokens(rule: Activity, steps: tuple[MeasuredUsage, ...]) -> int:
    """What the models reported, as tokens; a unit that the catalogue does not count is never free."""
    tokens, total = rule.unit_tokens, 0
    for step in steps:
        for bucket, units in step.billable:
            if bucket not in tokens:
                raise UnratedUsageError(
                    f"{rule.name} does not count {bucket}; model {step.model!r} used {units} of it",
                    advice="Give it tokens in the catalogue (tokens_per_unit), or charge a stated amount.",
                )
            total += units * tokens[bucket]
    return total


def _provider_cost(
    catalogue: Catalogue, steps: tuple[MeasuredUsage, ...], *, at: int, is_needed: bool
) -> tuple[ProviderCost | None, str]:
    if not steps:
        return None, ""
    total, ids = 0, set[str]()
    try:
        for step in steps:
            price = price_of(step.model, at=at, provider=step.provider, own=catalogue.own_prices)
            total += femto_dollars(step, price)
            ids.add(price.id)
    except PricingError as error:
        if is_needed:
            raise
        return None, error.message
    return ProviderCost(femto_dollars=total, price_ids=tuple(sorted(ids))), ""


def _base_tokens(
    catalogue: Catalogue,
    rule: Activity,
    mode: ChargeMode,
    *,
    stated: int | None,
    provider_cost: ProviderCost | None,
) -> int:
    """The charge without add-ons."""
    if mode is ChargeMode.FIXED:
        return rule.expected.typical
    if mode is ChargeMode.STATED:
        return checked_amount(stated, name="tokens")
    assert provider_cost is not None, "usage without a price was refused"
    assert rule.markup_percent is not None, "the catalogue has checked it"
    marked_up = provider_cost.femto_dollars * (100 + rule.markup_percent)
    return divide_up(marked_up, 100 * catalogue.token_value_of(rule.meter) * FEMTO_PER_NANO)
