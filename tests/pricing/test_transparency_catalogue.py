"""The default catalogue, against the figures of the product that it describes.

The mock-ups of that product contradict themselves in places; what is not asserted here, and why:

- "BEST VALUE" on one of four packs: all of them are 580 tokens a dollar, so none is (see test_quote).
- A pack of $10 holds tokens shown to be worth $8.70: in a pack a token costs more than it is worth.
- "~3 full experiments (with images/audio)" for 15,347 tokens: at 9,400 each, it is one.
- "58 %" has three denominators in one document; that 5,847 are left of 10,000 is the one that holds.
- "Purchased credits: 847" is what was left of the month's allowance, and lapses at the reset.
- The feed of February adds to 4,637 tokens, its month says 4,153; a month that adds is below.
- The operator's rows add to 1,235,167 tokens, the total says 1,234,567: the shares are those of the total.
- "Resets: Feb 28" beside "on the 1st of each month": a calendar month ends when March begins.
- Thresholds (75, 90, 100 %), the days of grace and the markup on measured chats are ours.
"""

from __future__ import annotations

from importlib.resources import files

import pytest

from nostr_usage.amount import divide_half_up, format_dollars, micro_dollars
from nostr_usage.insight.breakdown import Dimension, breakdown
from nostr_usage.insight.use import Use
from nostr_usage.pricing.affordable import affordable
from nostr_usage.pricing.catalogue import (
    BUILT_IN_CATALOGUES,
    Catalogue,
    catalogue_from_toml,
    load_catalogue,
)
from nostr_usage.pricing.offers import Cycle, CycleKind
from nostr_usage.pricing.quote import QuoteWarning, quote_activity, with_balance
from nostr_usage.pricing.tables import Estimate
from tests.insight.uses import ZONE


def built_in_text(name: str) -> str:
    """The TOML of a built-in catalogue."""
    return (files("nostr_usage.pricing") / "catalogues" / f"{name}.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", BUILT_IN_CATALOGUES)
def test_every_built_in_catalogue_loads_under_its_own_name(name: str) -> None:
    """And is the same value each time."""
    assert name == load_catalogue(name).name
    assert load_catalogue(name) == catalogue_from_toml(built_in_text(name), file=name)


@pytest.fixture(name="catalogue")
def default_catalogue() -> Catalogue:
    """The default catalogue."""
    return load_catalogue()


def test_the_default_grants_5000_tokens_every_calendar_month(catalogue: Catalogue) -> None:
    """At $0.0015 a token, which is $7.50; the first plan is the default one."""
    standard = catalogue.plans[0]
    assert (standard.name, standard.allowance) == ("standard", 5_000)
    assert standard.cycle == Cycle(kind=CycleKind.CALENDAR_MONTH, zone="UTC")
    assert format_dollars(micro_dollars(5_000, catalogue.token_value)) == "$7.50"


def test_the_default_has_a_platform_fee_for_customers_with_their_own_key(catalogue: Catalogue) -> None:
    """$15 a month, without an allowance."""
    own_key = catalogue.plan("own-key")
    assert (own_key.price_micro_dollars, own_key.allowance) == (15_000_000, 0)


@pytest.mark.parametrize(
    ("pack", "dollars", "tokens"),
    [("pack-10", 10, 5_800), ("pack-25", 25, 14_500), ("pack-50", 50, 29_000), ("pack-100", 100, 58_000)],
)
def test_the_defaults_packs(catalogue: Catalogue, pack: str, dollars: int, tokens: int) -> None:
    """Four packs, all of 580 tokens a dollar."""
    assert dollars * 1_000_000 == catalogue.pack(pack).price_micro_dollars
    assert tokens == catalogue.pack(pack).tokens == dollars * 580


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("magic-mentor", Estimate(low=190, typical=250, high=310)),
        ("experiment-creation", Estimate(low=3_600, typical=3_900, high=4_200)),
        ("profile-matching", Estimate(low=300, typical=300, high=300)),
        ("quiz-generation", Estimate(low=272, typical=386, high=500)),
    ],
)
def test_the_defaults_activities(catalogue: Catalogue, name: str, expected: Estimate) -> None:
    """Estimates that hold every figure of the feeds: chats of 198 and 247, experiments of 3,892 and 4,123."""
    assert expected == catalogue.activity(name).expected


def test_the_defaults_add_ons_of_an_experiment(catalogue: Catalogue) -> None:
    """Images, narration, and film for nothing."""
    assert [(add_on.name, add_on.tokens) for add_on in catalogue.activity("experiment-creation").add_ons] == [
        ("images", 500),
        ("audio", 5_000),
        ("video", 0),
    ]


def test_the_defaults_warnings(catalogue: Catalogue) -> None:
    """Low below 1,000 tokens; told at 75, 90 and 100 percent; two days of grace."""
    assert (catalogue.low_balance, catalogue.thresholds, catalogue.grace_hours) == (1_000, (75, 90, 100), 48)


@pytest.mark.parametrize(
    ("pack", "experiments", "chats"),
    [("pack-10", 1, 23), ("pack-25", 3, 58), ("pack-50", 7, 116), ("pack-100", 14, 232)],
)
def test_what_a_pack_buys(catalogue: Catalogue, pack: str, experiments: int, chats: int) -> None:
    """Whole experiments, or chats: "~1.5 OR ~23", "~3.7 OR ~58", "~7.4 OR ~116", "~14.9 OR ~232"."""
    counts = {
        one.activity: one.count for one in affordable(catalogue, catalogue.pack(pack).tokens).enough_for
    }
    assert (experiments, chats) == (counts["experiment-creation"], counts["magic-mentor"])


@pytest.mark.parametrize(
    ("tokens", "dollars"),
    [
        (5_847, "$8.77"),
        (847, "$1.27"),
        (5_000, "$7.50"),
        (15_347, "$23.02"),
        (247, "$0.37"),
        (198, "$0.30"),
        (3_892, "$5.84"),
        (4_123, "$6.18"),
        (300, "$0.45"),
        (500, "$0.75"),
        (4_153, "$6.23"),
        (5_234, "$7.85"),
        (12_345, "$18.52"),
        (1_234_567, "$1,851.85"),
    ],
)
def test_tokens_in_dollars(catalogue: Catalogue, tokens: int, dollars: str) -> None:
    """Every figure of the mock-ups that follows from $0.0015 a token."""
    assert dollars == format_dollars(micro_dollars(tokens, catalogue.token_value))


def test_the_month_that_adds_up(catalogue: Catalogue) -> None:
    """Four activities, 4,153 tokens, $6.23; the cents of the rows add to those of the total."""
    used = {
        "experiment-creation": (2_347, 352),
        "magic-mentor": (1_234, 185),
        "profile-matching": (300, 45),
        "quiz-generation": (272, 41),
    }
    uses = [
        Use(at=0, activity=name, tokens=tokens, micro_dollars=micro_dollars(tokens, catalogue.token_value))
        for name, (tokens, _) in used.items()
    ]
    found = breakdown(uses, Dimension.ACTIVITY, zone=ZONE)
    assert {name: cents for name, (_, cents) in used.items()} == {row.name: row.cents for row in found.rows}
    assert (4_153, 623) == (found.tokens, found.cents)


@pytest.mark.parametrize(
    ("add_ons", "tokens", "dollars"),
    [
        ((), 3_900, "$5.85"),
        (("images",), 4_400, "$6.60"),
        (("video",), 3_900, "$5.85"),
        (("images", "audio"), 9_400, "$14.10"),
    ],
)
def test_the_cost_of_an_experiment_before_it_runs(
    catalogue: Catalogue, add_ons: tuple[str, ...], tokens: int, dollars: str
) -> None:
    """Text for $5.85, images for 75 cents more, narration for $7.50, films for nothing."""
    quote = quote_activity(catalogue, "experiment-creation", add_ons=add_ons)
    assert (tokens, dollars) == (quote.typical, format_dollars(quote.typical_micro_dollars))


def test_what_is_left_after_an_experiment(catalogue: Catalogue) -> None:
    """1,947 of 5,847 tokens, $2.92: not enough for another one."""
    quote = with_balance(
        quote_activity(catalogue, "experiment-creation"),
        5_847,
        token_value=catalogue.token_value,
        low_balance=catalogue.low_balance,
    )
    assert quote.remainder is not None
    assert (1_947, "$2.92") == (quote.remainder.after, format_dollars(quote.remainder.after_micro_dollars))
    assert (QuoteWarning.NOT_TWICE,) == quote.warnings


def test_what_847_tokens_are_enough_for(catalogue: Catalogue) -> None:
    """Three chats, or a match and two chats; no experiment."""
    found = affordable(catalogue, 847)
    counts = {one.activity: one.count for one in found.enough_for}
    assert (3, 2) == (counts["magic-mentor"], counts["profile-matching"])
    assert 2 == (847 - 300) // catalogue.activity("magic-mentor").expected.typical
    assert ["experiment-creation"] == [one.activity for one in found.not_enough_for]


def test_the_operators_averages(catalogue: Catalogue) -> None:
    """1,234,567 tokens of 347 accounts are 3,558 each, $5.34."""
    assert 3_558 == divide_half_up(1_234_567, 347)
    assert "$5.34" == format_dollars(divide_half_up(micro_dollars(1_234_567, catalogue.token_value), 347))
