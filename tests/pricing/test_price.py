"""A price and what usage costs at it: exact, once rounded, and never zero for the unknown."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import PricingError, UnratedUsageError
from nostr_usage.pricing.price import (
    PRICE_ID_MAX,
    Price,
    RateBand,
    completed_rates,
    cost_of,
    exact_rate,
    femto_dollars,
    price_id,
)
from nostr_usage.pricing.usage import Bucket, measured_usage

DOLLAR = 1_000_000_000  # nano-dollars, so a rate of one dollar per million units

GPT_5 = Price(
    id="seed:gpt-5",
    model="gpt-5",
    provider="openai",
    valid_from=None,
    rates=((Bucket.FRESH_INPUT, 10 * DOLLAR), (Bucket.OUTPUT, 30 * DOLLAR)),
)
BY_LENGTH = Price(
    id="list:by-length",
    model="by-length",
    provider="maker",
    valid_from=None,
    rates=((Bucket.FRESH_INPUT, 3 * DOLLAR), (Bucket.OUTPUT, 15 * DOLLAR)),
    bands=(
        RateBand(above=200_000, rates=((Bucket.FRESH_INPUT, 6 * DOLLAR), (Bucket.OUTPUT, 20 * DOLLAR))),
        RateBand(above=400_000, rates=((Bucket.FRESH_INPUT, 9 * DOLLAR), (Bucket.OUTPUT, 25 * DOLLAR))),
    ),
)


def test_a_million_in_and_a_million_out_cost_what_the_price_says() -> None:
    """$10 and $30 per million, as for GPT-5 in the VibrationFit guide."""
    usage = measured_usage("gpt-5", {Bucket.FRESH_INPUT: 1_000_000, Bucket.OUTPUT: 1_000_000})
    assert cost_of(usage, GPT_5) == 40_000_000


@pytest.mark.parametrize(("units", "micro"), [(0, 0), (49_999, 0), (50_000, 1), (149_999, 1), (150_000, 2)])
def test_the_cost_is_rounded_once_to_the_micro_dollar_halves_up(units: int, micro: int) -> None:
    """At $0.00001 per million units, 50,000 of them are half a micro-dollar."""
    price = Price(id="p", model="m", provider=None, valid_from=None, rates=((Bucket.OUTPUT, 10_000),))
    assert micro == cost_of(measured_usage("m", {Bucket.OUTPUT: units}), price)


@given(
    st.dictionaries(
        st.sampled_from([Bucket.FRESH_INPUT, Bucket.CACHE_READ, Bucket.OUTPUT]),
        st.tuples(st.integers(0, 10**12), st.integers(0, 10**15)),
        min_size=1,
    )
)
def test_the_cost_is_the_exact_sum_of_units_times_rate(table: dict[Bucket, tuple[int, int]]) -> None:
    """Against rational arithmetic: the exact figure, and the micro-dollars nearest to it."""
    price = Price(
        id="p",
        model="m",
        provider=None,
        valid_from=None,
        rates=tuple((bucket, rate) for bucket, (_, rate) in table.items()),
    )
    usage = measured_usage("m", {bucket: units for bucket, (units, _) in table.items()})
    dollars = sum(
        (Fraction(units, 1_000_000) * Fraction(rate, DOLLAR) for units, rate in table.values()), Fraction(0)
    )
    assert dollars == Fraction(femto_dollars(usage, price), 10**15)
    assert abs(cost_of(usage, price) - dollars * 1_000_000) <= Fraction(1, 2)


def test_a_unit_without_a_rate_is_refused_and_never_free() -> None:
    """Audio heard by a model whose price has none for it; the control used none."""
    heard = measured_usage("gpt-5", {Bucket.FRESH_INPUT: 10, Bucket.AUDIO_IN: 5})
    with pytest.raises(
        UnratedUsageError, match=r"seed:gpt-5 has no exact rate for audio_in; .* used 5"
    ) as caught:
        cost_of(heard, GPT_5)
    assert "[[prices]]" in caught.value.advice
    assert cost_of(measured_usage("gpt-5", {Bucket.FRESH_INPUT: 10, Bucket.AUDIO_IN: 0}), GPT_5) == 100


@pytest.mark.parametrize(
    ("fresh", "cost"),
    [(200_000, 600_000), (200_001, 1_200_006), (400_000, 2_400_000), (400_001, 3_600_009)],
)
def test_a_long_prompt_pays_its_band_for_every_token(fresh: int, cost: int) -> None:
    """The band is reached only above its start, and then applies to the whole request."""
    assert cost == cost_of(measured_usage("by-length", {Bucket.FRESH_INPUT: fresh}), BY_LENGTH)


def test_a_sum_of_requests_is_refused_where_the_length_of_each_decides() -> None:
    """Two prompts of 150,000 are not one of 300,000; below every band, the steps do not matter."""
    long = measured_usage("by-length", {Bucket.FRESH_INPUT: 300_000}, is_sum=True)
    with pytest.raises(UnratedUsageError, match="depends on each prompt's length"):
        cost_of(long, BY_LENGTH)
    short = measured_usage("by-length", {Bucket.FRESH_INPUT: 100_000}, is_sum=True)
    assert cost_of(short, BY_LENGTH) == 300_000


def test_reasoning_is_billed_as_output_and_pictures_as_input_unless_they_have_a_rate() -> None:
    """Rates are completed where vendors do so; audio never is."""
    assert completed_rates({Bucket.OUTPUT: 3, Bucket.FRESH_INPUT: 1}) == (
        (Bucket.FRESH_INPUT, 1),
        (Bucket.IMAGE_IN, 1),
        (Bucket.OUTPUT, 3),
        (Bucket.REASONING, 3),
        (Bucket.VIDEO_IN, 1),
    )
    assert completed_rates({Bucket.OUTPUT: 3, Bucket.REASONING: 2}) == (
        (Bucket.OUTPUT, 3),
        (Bucket.REASONING, 2),
    )


@pytest.mark.parametrize(
    ("dollars", "per", "rate"),
    [
        ("1.25", 1_000_000, 1_250_000_000),
        ("0.000000001", 1_000_000, 1),
        ("0", 1_000_000, 0),
        ("0.36", 3_600, 100 * DOLLAR),
        ("10", 1_000, 10_000 * DOLLAR),
        ("0.18000000000000002", 1_000_000, None),
        ("3", 3_600, None),
    ],
)
def test_a_rate_is_exact_or_there_is_none(dollars: str, per: int, rate: int | None) -> None:
    """Whole nano-dollars per million units; float noise and thirds are not rounded into a price."""
    assert rate == exact_rate(Decimal(dollars), per=per)


@pytest.mark.parametrize("dollars", ["-0.01", "NaN", "sNaN", "Infinity"])
def test_what_is_no_price_is_refused(dollars: str) -> None:
    """Negative, infinite and NaN."""
    with pytest.raises(PricingError, match="which is no price"):
        exact_rate(Decimal(dollars), per=1_000_000)


def test_a_price_id_says_its_parts() -> None:
    """Parts with colons; an empty part leaves no colon."""
    assert price_id("genai-prices/0.2.3", "openai", "o3", "2025-06-10") == (
        "genai-prices/0.2.3:openai:o3:2025-06-10"
    )
    assert price_id("list", "openai", "gpt-4o", "") == "list:openai:gpt-4o"


@pytest.mark.parametrize("part", ["x" * 200, "modèle", "a\nb"])
def test_a_price_id_that_does_not_fit_a_tag_ends_in_a_digest(part: str) -> None:
    """Printable ASCII, at most 100 characters, and still one id for one price."""
    identifier = price_id("list", part)
    assert len(identifier) <= PRICE_ID_MAX
    assert identifier.isascii()
    assert identifier.isprintable()
    assert identifier == price_id("list", part)
    assert identifier != price_id("list", part + "y")
