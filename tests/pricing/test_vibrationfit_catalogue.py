"""A membership in two rhythms, against the figures of the guide that it is built from.

What the guide says and its own numbers don't, and so is not asserted here:

- "$839 (84 %)" for the year: 5,000,000 tokens at $20 a million are $100, which leaves $899 of $999 (89.99 %).
- "$87 (80 %)" for 28 days is what the budget of 20 % leaves; at its own cost of $12 it is $97 (89 %).
- An alert above 8,000,000 a year with an allowance of 5,000,000: packs alone can lead there.
- "Estimated: 50,000–100,000" before a refinement: its table has 20,000–50,000 and 100,000–200,000 only.
- "Running low" at 500,000 tokens is a tenth of the year, but most of 600,000: the share holds for both.
- Thresholds (80, 90, 100 %) are ours: 80 % is where it calls somebody a power user.
- It sells packs "later" and names none; the two here, at about the 28-day plan's price a token, are ours.
"""

from __future__ import annotations

import pytest

from nostr_usage.amount import compact_tokens, format_dollars, format_tokens, micro_dollars
from nostr_usage.pricing.catalogue import Catalogue, load_catalogue
from nostr_usage.pricing.charge import charge_for
from nostr_usage.pricing.economics import plan_economics
from nostr_usage.pricing.offers import CycleKind, Targets
from nostr_usage.pricing.quote import quote_activity
from nostr_usage.pricing.usage import Bucket, measured_usage

AT = 1_771_080_300  # 14 February 2026


@pytest.fixture(name="catalogue")
def vibrationfit() -> Catalogue:
    """The catalogue."""
    return load_catalogue("vibrationfit")


@pytest.mark.parametrize(
    ("plan", "price", "allowance", "kind", "days", "per_year", "year"),
    [
        ("annual", "$999.00", 5_000_000, CycleKind.ANNUAL, None, 1, "$999.00"),
        ("monthly", "$109.00", 600_000, CycleKind.EVERY_DAYS, 28, 13, "$1,417.00"),
    ],
)
def test_plans(
    catalogue: Catalogue,
    plan: str,
    price: str,
    allowance: int,
    kind: CycleKind,
    days: int | None,
    per_year: int,
    year: str,
) -> None:
    """Price, allowance, rhythm, cycles a year, and what they cost together."""
    found = catalogue.plan(plan)
    assert (price, allowance) == (format_dollars(found.price_micro_dollars), found.allowance)
    assert (kind, days, per_year) == (found.cycle.kind, found.cycle.days, found.cycle.per_year)
    assert year == format_dollars(found.year_micro_dollars)


@pytest.mark.parametrize(
    ("activity", "low", "high", "low_cost", "high_cost", "fewest", "most"),
    [
        ("viva-chat", 2_000, 5_000, "$0.04", "$0.10", 1_000, 2_500),
        ("refinement", 20_000, 50_000, "$0.40", "$1.00", 100, 250),
        ("deep-refinement", 100_000, 200_000, "$2.00", "$4.00", 25, 50),
        ("blueprint", 150_000, 300_000, "$3.00", "$6.00", 16, 33),
        ("transcription", 3_000, 3_000, "$0.06", "$0.06", 1_666, 1_666),
        ("image", 2_000, 2_000, "$0.04", "$0.04", 2_500, 2_500),
    ],
)
def test_actions(
    catalogue: Catalogue,
    activity: str,
    low: int,
    high: int,
    low_cost: str,
    high_cost: str,
    fewest: int,
    most: int,
) -> None:
    """Tokens, their value, and how many actions 5,000,000 tokens are."""
    quote = quote_activity(catalogue, activity)
    assert (low, high) == (quote.low, quote.high)
    assert (low_cost, high_cost) == (
        format_dollars(quote.low_micro_dollars),
        format_dollars(quote.high_micro_dollars),
    )
    assert (fewest, most) == (5_000_000 // quote.high, 5_000_000 // quote.low)


def test_a_chat_is_charged_what_the_model_reported(catalogue: Catalogue) -> None:
    """Prompt and completion together; at 10 and 30 dollars a million it cost the operator 8 cents."""
    usage = measured_usage("gpt-5", {Bucket.FRESH_INPUT: 2_000, Bucket.OUTPUT: 2_000})
    charge = charge_for(catalogue, "viva-chat", usage=[usage], at=AT)
    assert 4_000 == charge.tokens
    assert 80_000 == charge.provider_cost_micro_dollars


def test_speech_is_charged_by_its_length(catalogue: Catalogue) -> None:
    """Ten minutes are 3,000 tokens."""
    usage = measured_usage("whisper-1", {Bucket.SECONDS: 600})
    assert 3_000 == charge_for(catalogue, "transcription", usage=[usage], at=AT).tokens


@pytest.mark.parametrize(
    ("plan", "cost", "budget", "margin", "percent"),
    [("annual", "$100.00", "$199.80", "$899.00", 89), ("monthly", "$12.00", "$21.80", "$97.00", 88)],
)
def test_margins(catalogue: Catalogue, plan: str, cost: str, budget: str, margin: str, percent: int) -> None:
    """What the models cost when all is used up, the 20 % that they may cost, and what is left: over 80 %."""
    found = plan_economics(catalogue, catalogue.plan(plan), at=AT)
    assert (cost, budget, margin) == (
        format_dollars(found.cost_micro_dollars),
        format_dollars(found.budget_micro_dollars),
        format_dollars(found.margin_micro_dollars),
    )
    assert percent == found.margin_percent
    assert found.is_within_budget
    assert percent >= 80


def test_targets_and_alerts_of_averages(catalogue: Catalogue) -> None:
    """Below 500 thousand in 28 days, 2 million in a year; told above 1 and 8 million."""
    assert Targets(average=500_000, alert=1_000_000) == catalogue.plan("monthly").targets
    assert Targets(average=2_000_000, alert=8_000_000) == catalogue.plan("annual").targets
    assert catalogue.aims is not None
    assert 80 == catalogue.aims.power_user_percent


def test_warnings_and_statuses(catalogue: Catalogue) -> None:
    """Low below a tenth of the year's grant; 402 when short."""
    assert 500_000 == catalogue.low_balance
    assert 402 == catalogue.refusal_status("not_enough")


def test_how_a_balance_is_written() -> None:
    """Short and in full."""
    assert ("4.2M", "4,234,567") == (compact_tokens(4_234_567), format_tokens(4_234_567))


def test_packs_cost_about_what_the_plan_does(catalogue: Catalogue) -> None:
    """$18 for 100,000 against $109 for 600,000."""
    pack = catalogue.pack("pack-100k")
    assert ("$18.00", 100_000) == (format_dollars(pack.price_micro_dollars), pack.tokens)
    assert "$2.00" == format_dollars(micro_dollars(pack.tokens, catalogue.token_value))


@pytest.mark.parametrize("plan", ["annual", "monthly"])
def test_guardrails(catalogue: Catalogue, plan: str) -> None:
    """A hundred actions an hour, 500,000 tokens at most with the advice to split, low below a tenth."""
    found = catalogue.plan(plan).guardrails
    assert found is not None
    assert [(100, 3_600)] == [(limit.actions, limit.window_s) for limit in found.rate_limits]
    assert (500_000, "Break it into smaller refinements.", 10) == (
        found.largest_action,
        found.split_advice,
        found.low_balance_percent,
    )
    assert ("refuse", 429) == (found.at_zero, catalogue.refusal_status("rate_limited"))
