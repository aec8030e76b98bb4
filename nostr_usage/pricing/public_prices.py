"""The public list of genai-prices: the one that is installed, never fetched, read as exact rates.

Prices are those of the vendor's standard tier (no batch, flex or priority tariff). What the list does not
say, or says in a way that usage does not show, has no price here: unknown is never free.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from nostr_usage.errors import UnknownModelError, UnratedUsageError
from nostr_usage.pricing.price import (
    BILLED_LIKE,
    OWN_PRICE_ADVICE,
    Price,
    RateBand,
    Rates,
    exact_rate,
    price_id,
)
from nostr_usage.pricing.usage import Bucket

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import (
        ConditionalPrice,
        ModelInfo,
        ModelPrice,
        Provider,
        StartDateConstraint,
        TieredPrices,
        TimeOfDateConstraint,
    )

PUBLIC_LIST = "genai-prices"

# The public list's key for each bucket, and how many units its dollars are for.
_PUBLIC_KEYS = {
    Bucket.FRESH_INPUT: ("input_mtok", 1_000_000),
    Bucket.CACHE_READ: ("cache_read_mtok", 1_000_000),
    Bucket.CACHE_WRITE: ("cache_write_mtok", 1_000_000),
    Bucket.CACHE_WRITE_1H: ("cache_write_1h_mtok", 1_000_000),
    Bucket.OUTPUT: ("output_mtok", 1_000_000),
    Bucket.REASONING: ("output_reasoning_mtok", 1_000_000),
    Bucket.AUDIO_IN: ("input_audio_mtok", 1_000_000),
    Bucket.AUDIO_CACHE_READ: ("cache_audio_read_mtok", 1_000_000),
    Bucket.AUDIO_OUT: ("output_audio_mtok", 1_000_000),
    Bucket.IMAGE_IN: ("input_image_mtok", 1_000_000),
    Bucket.IMAGE_OUT: ("output_image_mtok", 1_000_000),
    Bucket.VIDEO_IN: ("input_video_mtok", 1_000_000),
    Bucket.VIDEO_OUT: ("output_video_mtok", 1_000_000),
    Bucket.SECONDS: ("input_audio_hours", 3_600),
    Bucket.CHARACTERS: ("input_mchars", 1_000_000),
    Bucket.WEB_SEARCHES: ("web_searches_kcount", 1_000),
}


@cache
def public_list() -> DataSnapshot:
    """The list as it was installed, whatever else this process may have downloaded."""
    # Imported here because it takes longer than everything else that a charge does.
    from genai_prices.data import providers  # noqa: PLC0415
    from genai_prices.data_snapshot import DataSnapshot  # noqa: PLC0415

    return DataSnapshot(providers=providers, from_auto_update=False)


@cache
def _list_name() -> str:
    return f"{PUBLIC_LIST}/{version(PUBLIC_LIST)}"


def public_price(seller: Provider, info: ModelInfo, *, at: int) -> Price:
    """The price of `info` at `at` (unix seconds); its id names list, version, seller, model and date.

    Raises:
        UnknownModelError: it had none yet.
        UnratedUsageError: it is also billed in a way that usage does not show (a fee per request).
        PricingError: the list holds a negative price, or NaN.
    """
    conditional = _valid_price(info, at=at)
    label, valid_from = _dated(conditional.constraint)
    if conditional.prices.requests_kcount is not None:
        raise UnratedUsageError(
            f"model {info.id!r} also has a fee per request, which usage does not show",
            advice=OWN_PRICE_ADVICE,
        )
    listed = _listed(conditional.prices)
    starts = {
        tier.start for value, _ in listed.values() if not isinstance(value, Decimal) for tier in value.tiers
    }
    return Price(
        id=price_id(_list_name(), seller.id, info.id, label),
        model=info.id,
        provider=seller.id,
        valid_from=valid_from,
        rates=_rates_above(None, listed),
        bands=tuple(RateBand(above=start, rates=_rates_above(start, listed)) for start in sorted(starts)),
    )


def _valid_price(info: ModelInfo, *, at: int) -> ConditionalPrice:
    from genai_prices.types import ConditionalPrice, ModelPrice  # noqa: PLC0415 - loaded by the list already

    if isinstance(info.prices, ModelPrice):
        return ConditionalPrice(prices=info.prices)
    moment = datetime.fromtimestamp(at, UTC)
    for conditional in reversed(info.prices):
        if conditional.constraint is None or conditional.constraint.active(moment):
            return conditional
    raise UnknownModelError(
        f"model {info.id!r} had no price yet on {moment:%Y-%m-%d}", advice=OWN_PRICE_ADVICE
    )


def _dated(constraint: StartDateConstraint | TimeOfDateConstraint | None) -> tuple[str, int | None]:
    """What distinguishes this price of a model from its others, and since when it is valid."""
    from genai_prices.types import StartDateConstraint  # noqa: PLC0415 - loaded by the list already

    if constraint is None:
        return "", None
    if isinstance(constraint, StartDateConstraint):
        start = constraint.start_date
        return start.isoformat(), int(datetime(start.year, start.month, start.day, tzinfo=UTC).timestamp())
    return f"{constraint.start_time:%H%M}-{constraint.end_time:%H%M}z", None


def _listed(prices: ModelPrice) -> dict[Bucket, tuple[Decimal | TieredPrices, int]]:
    """What the public list says of each bucket, with the number of units it is for."""
    listed: dict[Bucket, tuple[Decimal | TieredPrices, int]] = {}
    for bucket, (key, per) in _PUBLIC_KEYS.items():
        value: Decimal | TieredPrices | None = getattr(prices, key)
        if value is not None:
            listed[bucket] = (value, per)
    return {**{bucket: listed[like] for bucket, like in BILLED_LIKE.items() if like in listed}, **listed}


def _rates_above(start: int | None, listed: Mapping[Bucket, tuple[Decimal | TieredPrices, int]]) -> Rates:
    """The rates of prompts longer than `start` tokens; None is the first band."""
    rates: dict[Bucket, int] = {}
    for bucket, (value, per) in listed.items():
        dollars = value if isinstance(value, Decimal) else value.base
        if start is not None and not isinstance(value, Decimal):
            reached = [tier.price for tier in value.tiers if tier.start <= start]
            dollars = reached[-1] if reached else dollars
        rate = exact_rate(dollars, per=per)
        if rate is not None:
            rates[bucket] = rate
    return tuple(sorted(rates.items()))
