"""Other models for the same action: what it would be charged with each, and what that saves.

The same units are reckoned for every model, although each counts a text in a way of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nostr_usage.amount import divide_up, micro_dollars, percent
from nostr_usage.errors import PricingError
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.expectation import Basis, Expected, charged, usage_of
from nostr_usage.pricing.price import femto_dollars
from nostr_usage.pricing.price_book import price_of
from nostr_usage.pricing.tables import Activity, ChargeMode

ALTERNATIVES_MAX = 3
# Three in, two out: what models are compared by where nothing is known of the request. So few that a model
# which asks more for long prompts is taken at its price for short ones.
_TYPICAL_UNITS = (600, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A model of the catalogue with which an action is charged less.

    Attributes:
        label: what the catalogue calls it.
        tokens: the typical charge with it, without add-ons.
        saved_tokens: what it is less; both add up to the typical charge with the model asked for.
        saved_percent: of that charge, halves up.
    """

    model: str
    label: str
    tokens: int
    saved_tokens: int
    saved_micro_dollars: int
    saved_percent: int


def cheaper_models(
    catalogue: Catalogue, rule: Activity, model: str | None, expected: Expected, *, at: int
) -> tuple[Alternative, ...]:
    """At most `ALTERNATIVES_MAX` models of `catalogue` that save something, the cheapest first.

    None where the charge does not depend on the model, or the price of `model` at `at` (unix seconds) is not
    known.
    """
    if model is None or ChargeMode.MEASURED not in rule.accepts or expected.basis is Basis.STATED:
        return ()
    typical, value = expected.tokens.typical, catalogue.token_value_of(rule.meter)
    found = sorted(
        (tokens, name)
        for name, tokens in _charges(catalogue, rule, model, expected, at=at)
        if tokens < typical
    )
    labels = {one.name: one.label or one.name for one in catalogue.models}
    return tuple(
        Alternative(
            model=name,
            label=labels[name],
            tokens=tokens,
            saved_tokens=typical - tokens,
            saved_micro_dollars=micro_dollars(typical - tokens, value),
            saved_percent=percent(typical - tokens, typical),
        )
        for tokens, name in found[:ALTERNATIVES_MAX]
    )


def charges_elsewhere(
    catalogue: Catalogue,
    model: str,
    tokens: int,
    *,
    units: tuple[int, int] = _TYPICAL_UNITS,
    at: int,
) -> Iterator[tuple[str, int]]:
    """(model, tokens) for every other model of `catalogue` with a price at `at` (unix seconds).

    They are `tokens` in the ratio of prices; `units`, what goes in and comes out, only weigh these. Nothing
    where `model` has no price, or is free.
    """
    own = _cost(catalogue, model, units, at=at)
    if not own:
        return
    for other in catalogue.models:
        cost = _cost(catalogue, other.name, units, at=at)
        if other.name != model and cost is not None:
            yield other.name, divide_up(tokens * cost, own)


def _charges(
    catalogue: Catalogue, rule: Activity, model: str, expected: Expected, *, at: int
) -> Iterator[tuple[str, int]]:
    known = expected.prompt is not None and expected.completion is not None
    if not known:
        yield from charges_elsewhere(catalogue, model, expected.tokens.typical, at=at)
        return
    assert expected.prompt is not None
    assert expected.completion is not None
    units_in, units_out = expected.prompt.typical, expected.completion.typical
    if expected.basis is not Basis.REQUEST:
        units = (units_in, units_out)
        yield from charges_elsewhere(catalogue, model, expected.tokens.typical, units=units, at=at)
        return
    for other in catalogue.models:
        try:
            tokens = charged(catalogue, rule, other.name, units_in=units_in, units_out=units_out, at=at)
        except PricingError:
            continue
        if other.name != model:
            yield other.name, tokens


def _cost(catalogue: Catalogue, model: str, units: tuple[int, int], *, at: int) -> int | None:
    try:
        price = price_of(model, at=at, own=catalogue.own_prices)
        return femto_dollars(usage_of(model, units_in=units[0], units_out=units[1]), price)
    except PricingError:
        return None
