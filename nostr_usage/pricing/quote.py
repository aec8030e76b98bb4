"""What an action will cost, shown before it runs; and what a balance, or a pack, is enough for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from nostr_usage.amount import divide_half_up, micro_dollars
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.offers import Pack
from nostr_usage.pricing.tables import Activity, AddOn


class QuoteWarning(StrEnum):
    """What a customer should know before saying yes, the gravest first."""

    NOT_ENOUGH = "not_enough"
    """The balance does not cover the typical cost."""
    MAY_NOT_BE_ENOUGH = "may_not_be_enough"
    """It covers the typical cost, not the highest."""
    RUNNING_LOW = "running_low"
    """Afterwards it is low, or does not cover the same action again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteLine:
    """The action itself, or one of its add-ons; all add-ons are listed, so that they can be offered."""

    name: str
    label: str
    tokens: int
    micro_dollars: int
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Remainder:
    """A balance before and after an action at its typical cost; negative where it is not enough."""

    before: int
    before_micro_dollars: int
    after: int
    after_micro_dollars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What an action is expected to cost, chosen add-ons included.

    Attributes:
        activity: the name of the activity.
        low, typical, high: tokens; equal where the price is fixed.
        low_micro_dollars, typical_micro_dollars, high_micro_dollars: the same, as shown.
        lines: the action first, then its add-ons; the chosen ones add up to `typical`.
        remainder: of the balance that was passed; None without one.
        warning: the gravest that applies; None if none does, or without a balance.
    """

    activity: str
    low: int
    typical: int
    high: int
    low_micro_dollars: int
    typical_micro_dollars: int
    high_micro_dollars: int
    lines: tuple[QuoteLine, ...]
    remainder: Remainder | None = None
    warning: QuoteWarning | None = None

    @property
    def is_fixed(self) -> bool:
        """The cost is known to the token."""
        return self.low == self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Enough:
    """Enough for `count` whole actions at `tokens` each; `tenths` counts tenths of one, halves up."""

    activity: str
    label: str
    tokens: int
    count: int
    tenths: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotEnough:
    """Tokens that are `missing` so many for one action at `tokens`."""

    activity: str
    label: str
    tokens: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Affordable:
    """What a number of tokens is enough for, in the catalogue's order, at typical costs without add-ons.

    `mix` is an example that combines the two cheapest: one of the second, and the rest in the first; empty
    where there is no room for both.
    """

    tokens: int
    enough_for: tuple[Enough, ...]
    not_enough_for: tuple[NotEnough, ...]
    mix: tuple[Enough, ...]


def quote_activity(
    catalogue: Catalogue, activity: str, *, add_ons: Sequence[str] = (), balance: int | None = None
) -> Quote:
    """What `activity` with `add_ons` is expected to cost, and what would be left of `balance` (tokens).

    Raises:
        UnknownNameError: no such activity or add-on.
        InputError: an add-on was named twice.
    """
    rule = catalogue.activity(activity)
    chosen = rule.chosen_add_ons(add_ons)
    extra = sum(add_on.tokens for add_on in chosen)
    expected, value = rule.expected, catalogue.token_value_of(rule.meter)
    typical, high = expected.typical + extra, expected.high + extra
    quote = Quote(
        activity=rule.name,
        low=expected.low + extra,
        typical=typical,
        high=high,
        low_micro_dollars=micro_dollars(expected.low + extra, value),
        typical_micro_dollars=micro_dollars(typical, value),
        high_micro_dollars=micro_dollars(high, value),
        lines=_lines(rule, chosen=chosen, token_value=value),
    )
    if balance is None:
        return quote
    return replace(
        quote,
        remainder=_remainder(balance, typical, token_value=value),
        warning=_warning(balance, typical=typical, high=high, low_balance=catalogue.low_balance),
    )


def affordable(catalogue: Catalogue, tokens: int, *, meter: str = "tokens") -> Affordable:
    """What `tokens` of `meter` are enough for, and what not; a negative number is enough for nothing."""
    rules = [rule for rule in catalogue.activities if rule.meter == meter]
    return Affordable(
        tokens=tokens,
        enough_for=tuple(_enough(rule, tokens) for rule in rules if rule.expected.typical <= tokens),
        not_enough_for=tuple(
            NotEnough(
                activity=rule.name,
                label=rule.label,
                tokens=rule.expected.typical,
                missing=rule.expected.typical - tokens,
            )
            for rule in rules
            if rule.expected.typical > tokens
        ),
        mix=_mix(rules, tokens),
    )


def best_value_pack(packs: Sequence[Pack]) -> Pack | None:
    """The one pack with more tokens a dollar than every other; None if there is no such pack."""
    for pack in packs:
        others = [other for other in packs if other is not pack]
        if others and all(
            pack.tokens * other.price_micro_dollars > other.tokens * pack.price_micro_dollars
            for other in others
        ):
            return pack
    return None


def _lines(rule: Activity, *, chosen: Sequence[AddOn], token_value: int) -> tuple[QuoteLine, ...]:
    action = QuoteLine(
        name=rule.name,
        label=rule.detail or rule.label,
        tokens=rule.expected.typical,
        micro_dollars=micro_dollars(rule.expected.typical, token_value),
        is_chosen=True,
    )
    options = (
        QuoteLine(
            name=add_on.name,
            label=add_on.label,
            tokens=add_on.tokens,
            micro_dollars=micro_dollars(add_on.tokens, token_value),
            is_chosen=add_on in chosen,
        )
        for add_on in rule.add_ons
    )
    return (action, *options)


def _remainder(balance: int, cost: int, *, token_value: int) -> Remainder:
    return Remainder(
        before=balance,
        before_micro_dollars=micro_dollars(balance, token_value),
        after=balance - cost,
        after_micro_dollars=micro_dollars(balance - cost, token_value),
    )


def _warning(balance: int, *, typical: int, high: int, low_balance: int) -> QuoteWarning | None:
    if balance < typical:
        return QuoteWarning.NOT_ENOUGH
    if balance < high:
        return QuoteWarning.MAY_NOT_BE_ENOUGH
    after = balance - typical
    return QuoteWarning.RUNNING_LOW if after < max(typical, low_balance) else None


def _enough(rule: Activity, tokens: int) -> Enough:
    cost = rule.expected.typical
    return Enough(
        activity=rule.name,
        label=rule.label,
        tokens=cost,
        count=tokens // cost,
        tenths=divide_half_up(10 * tokens, cost),
    )


def _mix(rules: Sequence[Activity], tokens: int) -> tuple[Enough, ...]:
    by_cost = sorted(rules, key=lambda rule: rule.expected.typical)
    if len(by_cost) < 2:
        return ()
    cheapest, second = by_cost[:2]
    rest = tokens - second.expected.typical
    if rest < cheapest.expected.typical:
        return ()
    return (_enough(second, second.expected.typical), _enough(cheapest, rest))
