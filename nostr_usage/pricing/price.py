"""A price and what usage costs at it, exact: integers until the one rounding at the end.

A rate is whole nano-dollars per million units ($1.25 per million tokens is 1,250,000,000), because public
prices go below a micro-dollar. Units × rate is then whole femto-dollars (10⁻¹⁵).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256

from nostr_usage.amount import divide_half_up
from nostr_usage.errors import PricingError, UnratedUsageError
from nostr_usage.pricing.usage import Bucket, MeasuredUsage

FEMTO_PER_MICRO = 1_000_000_000
FEMTO_PER_NANO = 1_000_000
NANO_PER_DOLLAR = 1_000_000_000
PRICE_ID_MAX = 100
OWN_PRICE_ADVICE = (
    "Give the model a price of its own in the catalogue ([[prices]]), or charge a stated amount."
)

Rates = tuple[tuple[Bucket, int], ...]
"""Nano-dollars per million units, sorted by bucket; a bucket that is absent has no rate."""

BILLED_LIKE = {
    Bucket.REASONING: Bucket.OUTPUT,
    Bucket.IMAGE_IN: Bucket.FRESH_INPUT,
    Bucket.VIDEO_IN: Bucket.FRESH_INPUT,
}
"""What vendors bill like another bucket unless they say otherwise.

Audio is not here: it costs many times what text does, and the public list leaves it out for some models.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateBand:
    """The rates of a request, all of it, whose prompt is longer than `above` tokens."""

    above: int
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one model costs from one date on.

    Attributes:
        id: says which list, model and date; means the same for ever; printable ASCII, at most `PRICE_ID_MAX`.
        model: the model's name in that list.
        provider: who sells it at this price; None for a price of our own.
        valid_from: unix seconds; None where the list gives no date.
        rates: for every prompt, or for short ones if there are bands.
        bands: by ascending `above`.
    """

    id: str
    model: str
    provider: str | None
    valid_from: int | None
    rates: Rates
    bands: tuple[RateBand, ...] = ()


def cost_of(usage: MeasuredUsage, price: Price) -> int:
    """What `usage` costs in micro-dollars, rounded once, halves up.

    Raises:
        UnratedUsageError: as `femto_dollars`.
    """
    return divide_half_up(femto_dollars(usage, price), FEMTO_PER_MICRO)


def femto_dollars(usage: MeasuredUsage, price: Price) -> int:
    """What `usage` costs, exactly, in units of 10⁻¹⁵ dollars: for adding several before rounding.

    Raises:
        UnratedUsageError: a unit was used that has no rate, or the rate depends on each prompt's length and
            `usage` is a sum of several.
    """
    rates = dict(_rates_for(usage, price))
    total = 0
    for bucket, units in usage.billable:
        if bucket not in rates:
            raise UnratedUsageError(
                f"price {price.id} has no exact rate for {bucket}; model {usage.model!r} used {units} of it",
                advice=OWN_PRICE_ADVICE,
            )
        total += units * rates[bucket]
    return total


def completed_rates(rates: Mapping[Bucket, int]) -> Rates:
    """`rates` sorted, and completed by `BILLED_LIKE`."""
    added = {bucket: rates[like] for bucket, like in BILLED_LIKE.items() if like in rates}
    return tuple(sorted({**added, **rates}.items()))


def exact_rate(dollars: Decimal, *, per: int) -> int | None:
    """Nano-dollars per million units, from `dollars` for every `per` units; None if that is not whole.

    Raises:
        PricingError: for a negative price, an infinite one, or NaN.
    """
    if not dollars.is_finite() or dollars < 0:
        raise PricingError(f"a price list says {dollars} dollars, which is no price", advice=OWN_PRICE_ADVICE)
    rate = Fraction(dollars) * 1_000_000 * NANO_PER_DOLLAR / per
    return rate.numerator if rate.denominator == 1 else None


def price_id(*parts: str) -> str:
    """`parts` with colons between, the empty ones left out; what does not fit a tag ends in a digest."""
    full = ":".join(part for part in parts if part)
    if len(full) <= PRICE_ID_MAX and full.isascii() and full.isprintable():
        return full
    start = "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in full[:80])
    return f"{start}~{sha256(full.encode()).hexdigest()[:16]}"


def _rates_for(usage: MeasuredUsage, price: Price) -> Rates:
    reached = [band for band in price.bands if usage.prompt_units > band.above]
    if not reached:
        return price.rates
    if usage.is_sum:
        raise UnratedUsageError(
            f"price {price.id} depends on each prompt's length; the usage of model {usage.model!r} is a sum",
            advice="Pass the usage of each step apart.",
        )
    return reached[-1].rates
