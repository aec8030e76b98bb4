"""What a balance, or a pack, is enough for; and which pack gives the most for a dollar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nostr_usage.amount import divide_half_up
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.offers import Pack
from nostr_usage.pricing.tables import Activity


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
