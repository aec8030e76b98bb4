"""Dated prices: our own first, then the public list, offline, and what it does not say has no price."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version

import genai_prices
import pytest
from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    Tier,
    TieredPrices,
)

from nostr_usage.errors import UnknownModelError, UnratedUsageError
from nostr_usage.pricing.price import Price, cost_of
from nostr_usage.pricing.price_book import price_of
from nostr_usage.pricing.public_prices import public_list, public_price
from nostr_usage.pricing.usage import Bucket, measured_usage

LIST = f"genai-prices/{version('genai-prices')}"
DOLLAR = 1_000_000_000


def at(text: str) -> int:
    """Unix seconds of a time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


FEBRUARY = at("2026-02-14T14:45:00")


def test_a_public_price_has_exact_rates_and_an_id_with_the_list_and_its_version() -> None:
    """GPT-4o at $2.50 in, $1.25 cached, $10 out; reasoning as output."""
    price = price_of("gpt-4o", at=FEBRUARY)
    assert price.id == f"{LIST}:openai:gpt-4o"
    assert (price.model, price.provider, price.valid_from, price.bands) == ("gpt-4o", "openai", None, ())
    rates = dict(price.rates)
    assert rates[Bucket.FRESH_INPUT] == 2_500_000_000
    assert rates[Bucket.CACHE_READ] == 1_250_000_000
    assert rates[Bucket.OUTPUT] == rates[Bucket.REASONING] == 10 * DOLLAR
    assert Bucket.AUDIO_IN not in rates


def test_the_same_model_has_another_price_and_id_from_a_date_on() -> None:
    """O3 became five times cheaper on 10 June 2025; that day counts in UTC."""
    before, after = (price_of("o3", at=at(day)) for day in ("2025-06-09T23:59:59", "2025-06-10T00:00:00"))
    assert (before.id, before.valid_from) == (f"{LIST}:openai:o3", None)
    assert (after.id, after.valid_from) == (f"{LIST}:openai:o3:2025-06-10", at("2025-06-10T00:00:00"))
    assert dict(before.rates)[Bucket.OUTPUT] == 40 * DOLLAR
    assert dict(after.rates)[Bucket.OUTPUT] == 8 * DOLLAR


def test_a_price_by_the_hour_of_the_day_has_its_own_id() -> None:
    """DeepSeek was dearer from 00:30 to 16:30 UTC."""
    assert price_of("deepseek-chat", at=at("2025-03-01T12:00:00")).id == (
        f"{LIST}:deepseek:deepseek-chat:0030-1630z"
    )
    assert price_of("deepseek-chat", at=at("2025-03-01T20:00:00")).id == f"{LIST}:deepseek:deepseek-chat"


def test_a_price_by_the_length_of_the_prompt_has_bands() -> None:
    """Claude Sonnet 4.5 doubles its input above 200,000 tokens."""
    price = price_of("claude-sonnet-4-5-20250929", at=FEBRUARY, provider="anthropic")
    assert [band.above for band in price.bands] == [200_000]
    assert dict(price.rates)[Bucket.FRESH_INPUT] == 3 * DOLLAR
    assert dict(price.bands[0].rates)[Bucket.FRESH_INPUT] == 6 * DOLLAR
    assert dict(price.rates)[Bucket.WEB_SEARCHES] == dict(price.bands[0].rates)[Bucket.WEB_SEARCHES]


def test_tiers_that_begin_at_different_lengths_make_a_band_each() -> None:
    """A bucket whose tier is not reached yet keeps its base price in the lower band."""
    listed = ModelPrice(
        input_mtok=TieredPrices(base=Decimal(1), tiers=[Tier(start=100, price=Decimal(2))]),
        output_mtok=TieredPrices(base=Decimal(5), tiers=[Tier(start=200, price=Decimal(6))]),
    )
    price = public_price(*seller_of(listed), at=FEBRUARY)
    assert [(band.above, dict(band.rates)[Bucket.OUTPUT] // DOLLAR) for band in price.bands] == [
        (100, 5),
        (200, 6),
    ]
    assert [dict(band.rates)[Bucket.FRESH_INPUT] // DOLLAR for band in price.bands] == [2, 2]


def test_audio_is_never_priced_as_text() -> None:
    """The list has no audio price for this model, and its own arithmetic takes the text price."""
    heard = {"input_tokens": 1_000, "input_audio_tokens": 1_000, "output_tokens": 0}
    theirs = genai_prices.calc_price(genai_prices.Usage(**heard), "gpt-4o-audio-preview")
    assert theirs.total_price == Decimal("0.0025")
    with pytest.raises(UnratedUsageError, match="no exact rate for audio_in"):
        cost_of(
            measured_usage("gpt-4o-audio-preview", {Bucket.AUDIO_IN: 1_000}),
            price_of("gpt-4o-audio-preview", at=FEBRUARY),
        )


def test_speech_is_priced_by_characters_and_not_free_by_tokens() -> None:
    """The list's own arithmetic charges nothing for tokens read aloud by tts-1."""
    theirs = genai_prices.calc_price(genai_prices.Usage(input_tokens=1_000_000), "tts-1")
    assert theirs.total_price == 0
    price = price_of("tts-1", at=FEBRUARY)
    with pytest.raises(UnratedUsageError, match="no exact rate for fresh_input"):
        cost_of(measured_usage("tts-1", {Bucket.FRESH_INPUT: 1_000_000}), price)
    assert cost_of(measured_usage("tts-1", {Bucket.CHARACTERS: 1_000_000}), price) == 15_000_000


def test_hours_of_speech_become_seconds() -> None:
    """Whisper at $0.36 an hour is $0.006 a minute."""
    usage = measured_usage("whisper-1", {Bucket.SECONDS: 60})
    assert cost_of(usage, price_of("whisper-1", at=FEBRUARY)) == 6_000


ORACLE_UNITS = {
    Bucket.FRESH_INPUT: 12_345,
    Bucket.CACHE_READ: 6_789,
    Bucket.OUTPUT: 4_321,
}


@pytest.mark.parametrize("units", [ORACLE_UNITS, {**ORACLE_UNITS, Bucket.FRESH_INPUT: 250_000}])
@pytest.mark.parametrize(
    "model", ["gpt-4o", "gpt-5", "o3", "claude-sonnet-4-5", "gemini-2.5-pro", "gemini-2.5-flash", "grok-4"]
)
def test_costs_agree_with_the_lists_own_arithmetic(model: str, units: Mapping[Bucket, int]) -> None:
    """For plain text, short and long prompts: an independent computation from the same list."""
    cached, fresh, out = units[Bucket.CACHE_READ], units[Bucket.FRESH_INPUT], units[Bucket.OUTPUT]
    theirs = genai_prices.calc_price(
        genai_prices.Usage(input_tokens=fresh + cached, cache_read_tokens=cached, output_tokens=out),
        model,
        genai_request_timestamp=datetime.fromtimestamp(FEBRUARY, UTC),
    )
    ours = cost_of(measured_usage(model, units), price_of(model, at=FEBRUARY))
    assert abs(theirs.total_price * 1_000_000 - ours) <= Decimal("0.5")


def test_an_unknown_model_is_refused_with_names_that_look_alike() -> None:
    """A typing error is shown its neighbours."""
    with pytest.raises(UnknownModelError, match="no price is known for model 'gemni") as caught:
        price_of("gemni-2.5-flash", at=FEBRUARY)
    assert "gemini-2.5-flash" in caught.value.advice
    assert "[[prices]]" in caught.value.advice


def test_a_model_like_no_other_is_refused_without_a_guess() -> None:
    """The advice is then only to name a price."""
    with pytest.raises(UnknownModelError, match="of provider 'nobody'") as caught:
        price_of("~~~~", at=FEBRUARY, provider="nobody")
    assert "Did you mean" not in caught.value.advice


def test_a_model_with_a_fee_for_every_request_is_refused() -> None:
    """Usage does not show the fee, so the tokens alone would be too little."""
    with pytest.raises(UnratedUsageError, match="'sonar' also has a fee per request"):
        price_of("sonar", at=FEBRUARY, provider="perplexity")


@pytest.mark.parametrize("moment", [-1, 253_402_300_800])
def test_a_time_outside_the_calendar_has_no_price(moment: int) -> None:
    """Neither before 1970 nor after the year 9999."""
    with pytest.raises(UnknownModelError, match="at unix time"):
        price_of("gpt-4o", at=moment)


def test_a_model_has_no_price_before_its_first() -> None:
    """A list that begins with a date says nothing of the time before; the control is one day later."""
    prices = [
        ConditionalPrice(StartDateConstraint(date(2026, 2, 14)), prices=ModelPrice(input_mtok=Decimal(1)))
    ]
    seller, info = seller_of(prices)
    with pytest.raises(UnknownModelError, match="had no price yet on 2026-02-13"):
        public_price(seller, info, at=at("2026-02-13T23:59:59"))
    assert public_price(seller, info, at=FEBRUARY).id == f"{LIST}:maker:made-up:2026-02-14"


def test_every_public_price_is_exact_or_refused_and_has_an_id_of_its_own() -> None:
    """The whole installed list: ids fit a tag and are distinct, rates are whole and not negative."""
    ids: list[str] = []
    models = [(seller, info) for seller in public_list().providers for info in seller.models]
    for seller, info in models:
        try:
            price = public_price(seller, info, at=FEBRUARY)
        except UnratedUsageError:
            continue
        assert len(price.id) <= 100
        assert price.id.isascii()
        assert all(type(rate) is int and rate >= 0 for _, rate in price.rates)
        ids.append(price.id)
    assert len(ids) > 1_000
    assert len(ids) == len(set(ids))


def own(valid_from: str, *, dollars: int) -> Price:
    """A price of our own for gpt-5 from a day on."""
    return Price(
        id=f"ours:{valid_from}",
        model="gpt-5",
        provider=None,
        valid_from=at(valid_from),
        rates=((Bucket.OUTPUT, dollars * DOLLAR),),
    )


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2025-12-31T23:59:59", f"{LIST}:openai:gpt-5"),
        ("2026-01-01T00:00:00", "ours:2026-01-01"),
        ("2026-01-31T23:59:59", "ours:2026-01-01"),
        ("2026-02-01T00:00:00", "ours:2026-02-01"),
    ],
)
def test_our_own_prices_go_before_the_public_list_each_from_its_day_on(moment: str, expected: str) -> None:
    """The newest that is valid by then; before the first of them, the public list."""
    ours = (own("2026-02-01", dollars=20), own("2026-01-01", dollars=30))
    assert expected == price_of("gpt-5", at=at(moment), own=ours).id


def test_an_own_price_is_for_the_exact_name_only() -> None:
    """The public list knows dated names; ours does not guess."""
    assert price_of("gpt-5-2025-08-07", at=FEBRUARY, own=(own("2026-01-01", dollars=30),)).id == (
        f"{LIST}:openai:gpt-5"
    )


def test_the_public_list_is_not_loaded_until_it_is_needed_and_never_fetched() -> None:
    """A quote and a fixed charge import neither the list nor anything that could fetch it."""
    script = (
        "import sys\n"
        "from nostr_usage.pricing import charge, quote\n"
        "from nostr_usage.pricing.catalogue import load_catalogue\n"
        "charge.charge_for(load_catalogue(), 'profile-matching', at=0)\n"
        "print('genai_prices' in sys.modules)\n"
        "from nostr_usage.pricing.price_book import price_of\n"
        "price_of('gpt-4o', at=0)\n"
        "print('genai_prices' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def seller_of(prices: ModelPrice | list[ConditionalPrice]) -> tuple[Provider, ModelInfo]:
    """A provider that sells one made-up model at these prices."""
    info = ModelInfo(id="made-up", match=ClauseEquals("made-up"), prices=prices)
    return Provider(id="maker", name="Maker", api_pattern="x", models=[info]), info
