"""What one action is expected to use: from its request, from what came before, or from the catalogue.

request    units that go in and come out ─▶ charged as they would be afterwards
history    what the account's own actions were charged ─▶ p10, p50, p90
catalogue  its estimate, where nothing better is known
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from nostr_usage.amount import divide_half_up, nearest_rank
from nostr_usage.errors import InputError, PricingError
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.charge import charge_for
from nostr_usage.pricing.price import femto_dollars
from nostr_usage.pricing.price_book import price_of
from nostr_usage.pricing.tables import Activity, ChargeMode
from nostr_usage.pricing.usage import Bucket, MeasuredUsage, measured_usage

HISTORY_MIN = 20
"""Fewer actions make no range of their own.

Up to 19, the 90th percentile is one of the two largest figures, so two odd actions would be the quote; and
with 20 the true median lies between the 6th and the 15th in 96 of 100 cases.
"""
LOW_PERCENT, TYPICAL_PERCENT, HIGH_PERCENT = 10, 50, 90
INPUT_PERCENT_DEFAULT = 60
"""Of what a request moves, the part that goes in, where neither history nor the catalogue says."""
_COUNTED_MODEL = "unnamed"
_USAGE_MODES = frozenset({ChargeMode.MEASURED, ChargeMode.COUNTED})


class Basis(StrEnum):
    """What an expectation stands on, the surest first."""

    FIXED = "fixed"
    """The catalogue's price."""
    STATED = "stated"
    """What the caller said."""
    REQUEST = "request"
    """What goes in and comes out, at the model's price."""
    HISTORY = "history"
    """What the account's own actions were charged."""
    CATALOGUE = "catalogue"
    """The catalogue's estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """From `low` to `high`, and what is `typical`; they never descend.

    Raises:
        InputError: where they do, or begin below zero.
    """

    low: int
    typical: int
    high: int

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.typical <= self.high:
            raise InputError(
                f"{self.low}, {self.typical}, {self.high} is no range",
                advice="Give whole numbers from 0 on that do not descend.",
            )

    @classmethod
    def exactly(cls, value: int) -> Range:
        """A range of one figure."""
        return cls(low=value, typical=value, high=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an action will ask of a model.

    Attributes:
        model: its name; None only where its price does not matter.
        prompt: units that go in.
        completion: units that come out; None where nobody knows.
    """

    model: str | None
    prompt: Range
    completion: Range | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one earlier action was charged, without add-ons, and the units it moved, where that is known."""

    tokens: int
    units_in: int | None = None
    units_out: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an action is expected to use, without add-ons.

    Attributes:
        tokens: what it will be charged.
        samples: how many earlier actions it stands on; 0 where it stands on none.
        prompt, completion: units of the model; None where they are not known. Each is a range of its own, so
            their figures belong to no single action.
        is_completion_assumed: nobody knows how much comes out: it was taken from what usually does.
    """

    basis: Basis
    tokens: Range
    samples: int = 0
    prompt: Range | None = None
    completion: Range | None = None
    is_completion_assumed: bool = False


def range_of(figures: Sequence[int]) -> Range:
    """Percentiles 10, 50 and 90 of some figures, by nearest rank; each is one of them."""
    ascending = sorted(figures)
    return Range(
        low=nearest_rank(ascending, LOW_PERCENT),
        typical=nearest_rank(ascending, TYPICAL_PERCENT),
        high=nearest_rank(ascending, HIGH_PERCENT),
    )


def expected_by_catalogue(rule: Activity) -> Expected:
    """The price of an activity, or the catalogue's estimate."""
    known = rule.expected
    basis = Basis.FIXED if ChargeMode.FIXED in rule.accepts else Basis.CATALOGUE
    return Expected(basis=basis, tokens=Range(low=known.low, typical=known.typical, high=known.high))


def expected_from_history(samples: Sequence[Sample]) -> Expected | None:
    """What earlier actions tell; None for fewer than `HISTORY_MIN`."""
    if len(samples) < HISTORY_MIN:
        return None
    units_in = [one.units_in for one in samples if one.units_in is not None]
    units_out = [one.units_out for one in samples if one.units_out is not None]
    return Expected(
        basis=Basis.HISTORY,
        tokens=range_of([one.tokens for one in samples]),
        samples=len(samples),
        prompt=range_of(units_in) if len(units_in) >= HISTORY_MIN else None,
        completion=range_of(units_out) if len(units_out) >= HISTORY_MIN else None,
    )


def expected_of_request(
    catalogue: Catalogue, rule: Activity, request: Request, *, history: Expected | None, at: int
) -> Expected:
    """What a request will be charged at the prices of `at` (unix seconds).

    How much comes out is what the request says, else what `history` tells, else what usually does: from
    nothing to twice its usual share.

    Raises:
        InputError: the charge does not depend on what goes in and out, or on a model that was not named.
        PricingError: the model has no price at `at`, or none for what it is asked.
    """
    if not _USAGE_MODES & set(rule.accepts):
        raise InputError(
            f"the charge of {rule.name} does not depend on its prompt",
            advice="Leave the prompt out.",
        )
    if request.model is None and ChargeMode.MEASURED in rule.accepts:
        raise InputError(f"{rule.name} is charged at the price of its model", advice="Name the model.")
    told = history.completion if history is not None else None
    completion = request.completion or told or _assumed(catalogue, request.prompt)
    figures = (
        charged(catalogue, rule, request.model, units_in=units_in, units_out=units_out, at=at)
        for units_in, units_out in (
            (request.prompt.low, completion.low),
            (request.prompt.typical, completion.typical),
            (request.prompt.high, completion.high),
        )
    )
    # A price may step down where a prompt gets longer; a range does not.
    low, typical, high = sorted(figures)
    return Expected(
        basis=Basis.REQUEST,
        tokens=Range(low=low, typical=typical, high=high),
        samples=history.samples if history is not None and request.completion is None and told else 0,
        prompt=request.prompt,
        completion=completion,
        is_completion_assumed=request.completion is None and told is None,
    )


def charged(
    catalogue: Catalogue, rule: Activity, model: str | None, *, units_in: int, units_out: int, at: int
) -> int:
    """The tokens that an action is charged which moves so many units, none of them from a cache.

    Raises:
        PricingError: the model has no price at `at` (unix seconds), or none for what it is asked.
    """
    usage = (usage_of(model, units_in=units_in, units_out=units_out),)
    return charge_for(catalogue, rule.name, usage=usage, at=at).tokens


def weights(
    catalogue: Catalogue, rule: Activity, model: str | None, *, units_in: int, units_out: int, at: int
) -> tuple[int, int] | None:
    """What goes in and what comes out weigh in a charge; None where neither decides it, or nobody knows."""
    if ChargeMode.COUNTED in rule.accepts:
        each = rule.unit_tokens
        return units_in * each.get(Bucket.FRESH_INPUT, 0), units_out * each.get(Bucket.OUTPUT, 0)
    if ChargeMode.MEASURED not in rule.accepts or model is None:
        return None
    try:
        price = price_of(model, at=at, own=catalogue.own_prices)
        # The length of the prompt may decide both rates, so what comes out is what is left of the whole.
        going_in = femto_dollars(usage_of(model, units_in=units_in, units_out=0), price)
        whole = femto_dollars(usage_of(model, units_in=units_in, units_out=units_out), price)
    except PricingError:
        return None
    return going_in, whole - going_in


def usage_of(model: str | None, *, units_in: int, units_out: int) -> MeasuredUsage:
    """Usage of one request, none of it from a cache."""
    return measured_usage(model or _COUNTED_MODEL, {Bucket.FRESH_INPUT: units_in, Bucket.OUTPUT: units_out})


def _assumed(catalogue: Catalogue, prompt: Range) -> Range:
    share = catalogue.aims.input_percent if catalogue.aims is not None else INPUT_PERCENT_DEFAULT
    if share == 0:
        share = INPUT_PERCENT_DEFAULT
    usual = divide_half_up(prompt.typical * (100 - share), share)
    return Range(low=0, typical=usual, high=2 * usual)
