"""What use is worth in packs: exact, and adding up."""

from __future__ import annotations

import random
from fractions import Fraction

from nostr_usage.insight.breakdown import Breakdown, Dimension, breakdown_of
from nostr_usage.pricing.catalogue import Catalogue, load_catalogue
from nostr_usage.reporting.value import value_view

CATALOGUE = load_catalogue()
BEST = CATALOGUE.packs[0]


def used(**activities: tuple[int, int, int]) -> Breakdown:
    """(count, tokens, micro-dollars) by activity."""
    return breakdown_of(
        {name.replace("_", "-"): sums for name, sums in activities.items()}, Dimension.ACTIVITY
    )


def test_the_month_of_the_example_is_worth_more_than_it_was_charged() -> None:
    """4,153 tokens at 580 a dollar are $7.16; they were shown as $6.23."""
    view = value_view(
        used(
            experiment_creation=(1, 2_347, 3_520_500),
            magic_mentor=(5, 1_234, 1_851_000),
            profile_matching=(1, 300, 450_000),
            quiz_generation=(1, 272, 408_000),
        ),
        CATALOGUE,
        meter="tokens",
    )
    assert view is not None
    assert (716, 623, 93, 12) == (view.pack_cents, view.charged_cents, view.saved_cents, view.saved_percent)
    chats = view.rows[1]
    assert (247, 213, 23) == (chats.tokens_each, chats.pack_cents, chats.pack_actions)


def test_rows_add_to_the_total_and_the_total_is_exact() -> None:
    """Whatever was used; no row is off by a cent or more."""
    chance = random.Random(7)
    for _ in range(200):
        sums = {
            f"a{n}": (chance.randint(0, 9), chance.randint(-50, 10**6), chance.randint(0, 10**9))
            for n in range(6)
        }
        view = value_view(breakdown_of(sums, Dimension.ACTIVITY), CATALOGUE, meter="tokens")
        assert view is not None
        assert view.pack_cents == sum(row.pack_cents for row in view.rows)
        assert view.charged_cents == sum(row.charged_cents for row in view.rows)
        for row in view.rows:
            exact = Fraction(row.tokens * BEST.price_micro_dollars, BEST.tokens * 10_000)
            assert abs(row.pack_cents - exact) < 1
        total = Fraction(
            sum(row.tokens for row in view.rows) * BEST.price_micro_dollars, BEST.tokens * 10_000
        )
        assert abs(view.pack_cents - total) <= Fraction(1, 2)


def test_what_nothing_was_charged_for_has_no_mean() -> None:
    """Unknown is not zero."""
    view = value_view(used(late=(0, 100, 0)), CATALOGUE, meter="tokens")
    assert view is not None
    assert view.rows[0].tokens_each is None
    assert view.rows[0].pack_actions is None


def test_without_packs_there_is_nothing_to_compare_with() -> None:
    """Neither in a catalogue without them, nor in a meter that has none."""
    parts = used(chat=(1, 100, 150_000))
    assert value_view(parts, CATALOGUE, meter="pictures") is None
    assert value_view(parts, CATALOGUE.model_copy(update={"packs": ()}), meter="tokens") is None


def test_no_saving_is_overstated() -> None:
    """The pack with the most tokens a dollar counts; packs may also be cheaper than what was charged."""
    better = BEST.model_copy(update={"name": "better", "tokens": BEST.tokens * 2})
    catalogue: Catalogue = CATALOGUE.model_copy(update={"packs": (*CATALOGUE.packs, better)})
    parts = used(chat=(1, 5_800, 8_700_000))
    view = value_view(parts, catalogue, meter="tokens")
    assert view is not None
    assert (500, 870, -370, -74) == (
        view.pack_cents,
        view.charged_cents,
        view.saved_cents,
        view.saved_percent,
    )
    nothing = value_view(used(), catalogue, meter="tokens")
    assert nothing is not None
    assert 0 == nothing.saved_percent
