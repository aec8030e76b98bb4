"""An assistant with four plans, against the tables of the summary that it is built from.

What the summary says and its own numbers don't, and so is not asserted here:

- 50,000 tokens as "~150 messages" at 1,500 each: they are 33; so are 133 of 200,000 and 666 of 1,000,000.
- A margin of "1,823 %" for Pro: $28.43 over $1.56 is 1,822 %; and Business is 1,181.9 %.
- "~30 messages" of the demo's 30 tokens: none, at 1,500 each. The demo is there to be refused.
- It names no mark for a low balance: 1,500, one message, is ours.
- It names storage and bank connections and add-on tokens without any figures; those here are ours.
"""

from __future__ import annotations

import pytest

from nostr_usage.amount import format_dollars
from nostr_usage.pricing.catalogue import Catalogue, load_catalogue
from nostr_usage.pricing.charge import charge_for
from nostr_usage.pricing.dialect import Dialect, usage_from
from nostr_usage.pricing.economics import plan_economics
from nostr_usage.pricing.meters import MeterKind
from nostr_usage.pricing.offers import CycleKind
from nostr_usage.pricing.usage import Bucket, measured_usage

AT = 1_771_080_300  # 14 February 2026


@pytest.fixture(name="catalogue")
def koffers() -> Catalogue:
    """The catalogue."""
    return load_catalogue("koffers")


@pytest.mark.parametrize(
    ("plan", "tokens", "messages", "cost", "price", "margin", "markup"),
    [
        ("demo", 30, 0, "$0.00", "$0.00", "$0.00", None),
        ("starter", 50_000, 33, "$0.39", "$9.99", "$9.60", 2_461),
        ("pro", 200_000, 133, "$1.56", "$29.99", "$28.43", 1_822),
        ("business", 1_000_000, 666, "$7.80", "$99.99", "$92.19", 1_181),
    ],
)
def test_plans(
    catalogue: Catalogue,
    plan: str,
    tokens: int,
    messages: int,
    cost: str,
    price: str,
    margin: str,
    markup: int | None,
) -> None:
    """Tokens, messages, cost at $3 in and $15 out (60 to 40), price, margin, and margin over cost."""
    found = plan_economics(catalogue, catalogue.plan(plan), at=AT)
    assert (tokens, messages) == (found.tokens, tokens // catalogue.activity("chat").expected.typical)
    assert (cost, price, margin) == (
        format_dollars(found.cost_micro_dollars),
        format_dollars(found.price_micro_dollars),
        format_dollars(max(found.margin_micro_dollars, 0)),
    )
    assert markup == found.markup_percent


def test_the_demo_is_a_loss_leader(catalogue: Catalogue) -> None:
    """It costs a little and brings nothing, so it has no margin in percent."""
    found = plan_economics(catalogue, catalogue.plan("demo"), at=AT)
    assert (234, -234, None) == (found.cost_micro_dollars, found.margin_micro_dollars, found.margin_percent)
    assert not found.is_within_budget


@pytest.mark.parametrize("plan", ["demo", "starter", "pro", "business"])
def test_every_plan_is_renewed_on_its_billing_day(catalogue: Catalogue, plan: str) -> None:
    """The month of the invoice, not of the calendar."""
    assert CycleKind.ANNIVERSARY_MONTH == catalogue.plan(plan).cycle.kind


def test_a_message_is_charged_for_all_its_steps(catalogue: Catalogue) -> None:
    """The last step alone would be 1,400 of 5,600 tokens."""
    steps = [
        usage_from(
            Dialect.ANTHROPIC,
            {"input_tokens": read, "cache_read_input_tokens": cached, "output_tokens": written},
            model="claude-sonnet-4-5",
        )
        for read, cached, written in ((1_000, 0, 200), (800, 1_000, 300), (700, 0, 200), (300, 1_000, 100))
    ]
    charge = charge_for(catalogue, "chat", usage=steps, at=AT)
    assert 5_600 == charge.tokens
    assert 1_400 == charge_for(catalogue, "chat", usage=steps[-1:], at=AT).tokens
    assert 21_000 == charge.provider_cost_micro_dollars


def test_a_step_that_cannot_be_counted_is_not_free(catalogue: Catalogue) -> None:
    """Control of the sum above: the same message without usage is refused, not charged 0."""
    usage = measured_usage("claude-sonnet-4-5", {Bucket.OUTPUT: 0})
    assert 0 == charge_for(catalogue, "chat", usage=[usage], at=AT).tokens


def test_warnings_colours_and_status(catalogue: Catalogue) -> None:
    """Yellow at 75 %, red at 90 %, closed at 100 % with 429."""
    assert (75, 90, 100) == catalogue.thresholds
    assert 429 == catalogue.refusal_status("not_enough")


def test_storage_and_banks_are_levels_with_limits(catalogue: Catalogue) -> None:
    """They cost no tokens; each plan allows more."""
    assert ("tokens",) == catalogue.spent_meters
    for meter in ("storage", "banks"):
        assert MeterKind.LEVEL == catalogue.meter(meter).kind
        limits = [limit.level for plan in catalogue.plans for limit in plan.limits if limit.meter == meter]
        assert 4 == len(limits)
        assert limits == sorted(limits)


def test_add_on_tokens_cost_what_the_plans_do(catalogue: Catalogue) -> None:
    """50,000 more for the price of Starter."""
    pack = catalogue.pack("addon-50k")
    assert ("$9.99", 50_000) == (format_dollars(pack.price_micro_dollars), pack.tokens)
