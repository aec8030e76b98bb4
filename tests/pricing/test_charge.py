"""What an action is charged: by the catalogue's rule, rounded once, never for the unknown."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.amount import AMOUNT_MAX, format_dollars
from nostr_usage.errors import (
    AmountError,
    InputError,
    PricingError,
    UnknownModelError,
    UnknownNameError,
    UnratedUsageError,
)
from nostr_usage.pricing.catalogue import Catalogue, catalogue_from_toml, load_catalogue
from nostr_usage.pricing.charge import Charge, ProviderCost, charge_for
from nostr_usage.pricing.usage import Bucket, measured_usage

AT = 1_771_080_300  # 14 February 2026, 14:45 UTC

MEASURED = """
name = "measured"
version = "1"
title = "Measured"
token_value = "0.0015"
currency = "USD"
low_balance = 0
thresholds = []
grace_hours = 0
[[activities]]
name = "chat"
label = "Chat"
accepts = ["measured"]
estimate = {{ low = 1, typical = 2, high = 3 }}
markup_percent = {markup}
add_ons = [{{ name = "voice", label = "Voice", tokens = 100 }}]
[[plans]]
name = "free"
title = "Free"
price = "0"
allowance = 0
cycle = {{ kind = "calendar_month", zone = "UTC" }}
[[prices]]
model = "gpt-5"
valid_from = 2025-08-07
dollars_per_million = {{ fresh_input = "10", output = "30" }}
[[prices]]
model = "mini"
valid_from = 2025-08-07
dollars_per_million = {{ output = "1" }}
"""


def measured(markup: int) -> Catalogue:
    """A catalogue whose chats are measured, at that markup in percent."""
    return catalogue_from_toml(MEASURED.format(markup=markup), file="measured.toml")


@pytest.fixture(name="catalogue")
def default_catalogue() -> Catalogue:
    """The default catalogue."""
    return load_catalogue()


@pytest.mark.parametrize(
    ("activity", "tokens", "dollars"),
    [
        ("magic-mentor", 247, "$0.37"),
        ("magic-mentor", 198, "$0.30"),
        ("experiment-creation", 3_892, "$5.84"),
        ("quiz-generation", 500, "$0.75"),
        ("magic-mentor", 0, "$0.00"),
    ],
)
def test_stated_tokens_are_charged_as_stated(
    catalogue: Catalogue, activity: str, tokens: int, dollars: str
) -> None:
    """The figures of the default product's feed: 247 tokens are $0.37."""
    charge = charge_for(catalogue, activity, tokens=tokens, at=AT)
    assert tokens == charge.tokens
    assert dollars == format_dollars(charge.cost_micro_dollars)


def test_a_stated_charge_says_the_rule_it_follows(catalogue: Catalogue) -> None:
    """All fields of a charge without usage."""
    assert charge_for(catalogue, "magic-mentor", tokens=247, at=AT) == Charge(
        activity="magic-mentor",
        meter="tokens",
        tokens=247,
        cost_micro_dollars=370_500,
        price_ids=(f"transparency:1:magic-mentor:{catalogue.digest[:8]}",),
    )


def test_a_fixed_price_needs_nothing_else(catalogue: Catalogue) -> None:
    """Profile matching is 300 tokens, $0.45, whoever is matched."""
    charge = charge_for(catalogue, "profile-matching", at=AT)
    assert (charge.tokens, charge.cost_micro_dollars) == (300, 450_000)


def test_add_ons_come_on_top_and_name_their_rules(catalogue: Catalogue) -> None:
    """3,900 + 500 + 5,000, and film for nothing: 9,400 tokens, $14.10."""
    charge = charge_for(
        catalogue, "experiment-creation", tokens=3_900, add_ons=("video", "images", "audio"), at=AT
    )
    short = catalogue.digest[:8]
    assert (charge.tokens, format_dollars(charge.cost_micro_dollars)) == (9_400, "$14.10")
    assert charge.price_ids == (
        f"transparency:1:experiment-creation+audio:{short}",
        f"transparency:1:experiment-creation+images:{short}",
        f"transparency:1:experiment-creation+video:{short}",
        f"transparency:1:experiment-creation:{short}",
    )


def test_measured_usage_is_charged_at_its_price_with_the_markup() -> None:
    """1,000 in and 500 out at $10 and $30 are $0.025; doubled, over $0.0015, that is 33.3, so 34 tokens."""
    catalogue = measured(100)
    usage = measured_usage("gpt-5", {Bucket.FRESH_INPUT: 1_000, Bucket.OUTPUT: 500, Bucket.CACHE_READ: 0})
    own_id = f"measured:1:gpt-5:2025-08-07:{catalogue.digest[:8]}"
    assert charge_for(catalogue, "chat", usage=(usage,), add_ons=("voice",), at=AT) == Charge(
        activity="chat",
        meter="tokens",
        tokens=134,
        cost_micro_dollars=201_000,
        price_ids=(
            f"measured:1:chat+voice:{catalogue.digest[:8]}",
            f"measured:1:chat:{catalogue.digest[:8]}",
            own_id,
        ),
        usage=(("gpt-5", "fresh_input", 1_000), ("gpt-5", "output", 500)),
        is_measured=True,
        provider_cost=ProviderCost(femto_dollars=25 * 10**12, price_ids=(own_id,)),
    )


def test_all_steps_of_an_action_are_charged_and_rounded_together() -> None:
    """Three steps of a third of a token each are one token, not three; equal steps stay apart on the wire."""
    step = measured_usage("mini", {Bucket.OUTPUT: 500})
    one = charge_for(measured(0), "chat", usage=(step,), at=AT)
    three = charge_for(measured(0), "chat", usage=(step, step, step), at=AT)
    assert (one.tokens, three.tokens) == (1, 1)
    assert three.usage == (("mini", "output", 500),) * 3
    assert three.provider_cost_micro_dollars == 1_500


def test_the_steps_may_use_different_models_and_lines_are_sorted() -> None:
    """Price ids and usage lines are in order whatever the order of the steps."""
    steps = (
        measured_usage("mini", {Bucket.OUTPUT: 1_000}),
        measured_usage("gpt-5", {Bucket.OUTPUT: 9, Bucket.FRESH_INPUT: 10}),
        measured_usage("mini", {Bucket.OUTPUT: 200}),
    )
    charge = charge_for(measured(0), "chat", usage=steps, at=AT)
    assert charge == charge_for(measured(0), "chat", usage=steps[::-1], at=AT)
    assert charge.usage == (
        ("gpt-5", "fresh_input", 10),
        ("gpt-5", "output", 9),
        ("mini", "output", 200),
        ("mini", "output", 1_000),
    )
    assert charge.price_ids == tuple(sorted(charge.price_ids))


@given(
    steps=st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=5),
    markup=st.integers(0, 1_000),
)
def test_a_measured_charge_covers_its_cost_by_less_than_a_token(
    steps: list[tuple[int, int]], markup: int
) -> None:
    """Against rational arithmetic over all steps: rounded up, once."""
    usage = [measured_usage("gpt-5", {Bucket.FRESH_INPUT: new, Bucket.OUTPUT: out}) for new, out in steps]
    dollars = sum((Fraction(10 * new + 30 * out, 1_000_000) for new, out in steps), Fraction(0))
    exact = dollars * Fraction(100 + markup, 100) / Fraction("0.0015")
    charge = charge_for(measured(markup), "chat", usage=usage, at=AT)
    assert 0 <= charge.tokens - exact < 1
    assert charge.provider_cost is not None
    assert dollars == Fraction(charge.provider_cost.femto_dollars, 10**15)


def test_usage_beside_stated_tokens_serves_the_operators_books_only(catalogue: Catalogue) -> None:
    """The charge and its price ids stay as stated; the provider's cost is known all the same."""
    usage = measured_usage("gpt-4o", {Bucket.FRESH_INPUT: 1_000, Bucket.OUTPUT: 1_000})
    stated = charge_for(catalogue, "magic-mentor", tokens=247, usage=[usage], at=AT)
    plain = charge_for(catalogue, "magic-mentor", tokens=247, at=AT)
    assert stated == plain._replace(usage=stated.usage, provider_cost=stated.provider_cost)
    assert not stated.is_measured
    assert stated.provider_cost_micro_dollars == 12_500
    assert plain.provider_cost_micro_dollars is None


def test_usage_beside_a_fixed_price_without_a_price_of_its_own_is_unpriced_not_free(
    catalogue: Catalogue,
) -> None:
    """The customer's charge is known, the provider's cost is not, and the charge says why."""
    usage = measured_usage("made-up-model", {Bucket.OUTPUT: 5})
    charge = charge_for(catalogue, "profile-matching", usage=[usage], at=AT)
    assert charge.tokens == 300
    assert charge.provider_cost is None
    assert charge.provider_cost_micro_dollars is None
    assert charge.unpriced == "no price is known for model 'made-up-model'"


def test_a_measured_charge_without_a_price_is_not_made() -> None:
    """Neither for an unknown model nor for a unit without a rate, whatever the other steps cost."""
    known = measured_usage("gpt-5", {Bucket.OUTPUT: 5})
    with pytest.raises(UnknownModelError, match="made-up-model"):
        charge_for(
            measured(0), "chat", usage=[known, measured_usage("made-up-model", {Bucket.OUTPUT: 5})], at=AT
        )
    with pytest.raises(UnratedUsageError, match="audio_in"):
        charge_for(measured(0), "chat", usage=[known, measured_usage("gpt-5", {Bucket.AUDIO_IN: 5})], at=AT)


def test_model_prices_are_those_of_the_time() -> None:
    """A day before the own price begins, the public one applies."""
    usage = measured_usage("gpt-5", {Bucket.OUTPUT: 1_000_000})
    before = charge_for(measured(0), "chat", usage=[usage], at=1_754_524_799)
    after = charge_for(measured(0), "chat", usage=[usage], at=1_754_524_800)
    assert (before.provider_cost_micro_dollars, after.provider_cost_micro_dollars) == (10_000_000, 30_000_000)


@pytest.mark.parametrize(
    ("activity", "tokens", "advice"),
    [
        ("profile-matching", 300, "State no tokens for it."),
        ("quiz-generation", None, "For this activity, state the tokens that it used."),
        (
            "magic-mentor",
            None,
            "For this activity, state the tokens that it used or pass the usage that the models reported.",
        ),
    ],
)
def test_an_activity_is_charged_only_in_the_ways_it_accepts(
    catalogue: Catalogue, activity: str, tokens: int | None, advice: str
) -> None:
    """The advice says which they are."""
    with pytest.raises(PricingError) as caught:
        charge_for(catalogue, activity, tokens=tokens, at=AT)
    assert advice == caught.value.advice


def test_a_measured_activity_takes_no_stated_tokens_and_no_empty_usage() -> None:
    """No usage is not usage of nothing."""
    for tokens, usage in ((5, None), (None, ())):
        with pytest.raises(PricingError, match="charge of chat cannot be computed"):
            charge_for(measured(0), "chat", tokens=tokens, usage=usage, at=AT)


def test_usage_alone_is_refused_where_only_stated_tokens_count(catalogue: Catalogue) -> None:
    """A quiz is charged as stated, not as measured."""
    with pytest.raises(PricingError, match="charge of quiz-generation cannot be computed"):
        charge_for(catalogue, "quiz-generation", usage=[measured_usage("gpt-4o", {Bucket.OUTPUT: 5})], at=AT)


@pytest.mark.parametrize("tokens", [-1, True, 1.5, float("nan"), AMOUNT_MAX + 1])
def test_stated_tokens_that_are_no_amount_are_refused(catalogue: Catalogue, tokens: int) -> None:
    """Whole numbers from 0 only."""
    with pytest.raises(AmountError, match=r"tokens .* is not a whole number"):
        charge_for(catalogue, "magic-mentor", tokens=tokens, at=AT)


def test_a_charge_that_an_entry_cannot_hold_is_refused(catalogue: Catalogue) -> None:
    """Neither more tokens than 15 digits, nor more dollars than nine."""
    most = AMOUNT_MAX // 1_500
    charge = charge_for(catalogue, "experiment-creation", tokens=most, at=AT)
    assert charge.cost_micro_dollars == 999_999_999_999_000
    with pytest.raises(AmountError, match=r"cost in micro-dollars .* is not a whole number"):
        charge_for(catalogue, "experiment-creation", tokens=most + 1, at=AT)
    with pytest.raises(AmountError, match=r"charge .* is not a whole number"):
        charge_for(catalogue, "experiment-creation", tokens=AMOUNT_MAX, add_ons=("images",), at=AT)


def test_unknown_names_and_repeated_add_ons_are_refused(catalogue: Catalogue) -> None:
    """Of activities and of add-ons."""
    with pytest.raises(UnknownNameError, match="unknown activity 'chat'"):
        charge_for(catalogue, "chat", tokens=1, at=AT)
    with pytest.raises(UnknownNameError, match="unknown add-on of magic-mentor 'images'"):
        charge_for(catalogue, "magic-mentor", tokens=1, add_ons=("images",), at=AT)
    with pytest.raises(InputError, match="chosen twice"):
        charge_for(catalogue, "experiment-creation", tokens=1, add_ons=("audio", "audio"), at=AT)


def test_a_charge_tells_its_add_ons() -> None:
    """By the ids of the rules it follows from; of another version or activity nothing is told."""
    catalogue = load_catalogue()
    rule = catalogue.activity("experiment-creation")
    charge = charge_for(catalogue, rule.name, tokens=3_900, add_ons=("video", "images"), at=AT)
    told = catalogue.add_ons_charged(rule, charge.price_ids)
    assert told is not None
    assert ["images", "video"] == [option.name for option in told]
    plain = charge_for(catalogue, rule.name, tokens=3_900, at=AT)
    assert () == catalogue.add_ons_charged(rule, plain.price_ids)
    assert catalogue.add_ons_charged(catalogue.activity("quiz-generation"), charge.price_ids) is None
    assert catalogue.model_copy(update={"version": "2"}).add_ons_charged(rule, charge.price_ids) is None
