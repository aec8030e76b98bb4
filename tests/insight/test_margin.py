"""What an operator is left with."""

from __future__ import annotations

from nostr_usage.insight.margin import Sale, margin_of


def test_a_margin_is_what_the_models_leave() -> None:
    """A membership of $109 that cost $12, against a budget of 20 %: the figures of a guide."""
    found = margin_of(
        [Sale(paid_micro_dollars=109_000_000), Sale(cost_micro_dollars=12_000_000)], budget_percent=20
    )
    assert (97_000_000, 88, 21_800_000) == (found.margin, found.margin_percent, found.budget)
    assert found.is_within_budget


def test_what_has_no_price_is_counted_and_not_taken_for_free() -> None:
    """And a loss is a loss."""
    found = margin_of([Sale(cost_micro_dollars=None), Sale(cost_micro_dollars=5)], budget_percent=20)
    assert (1, -5, None, False) == (
        found.unpriced,
        found.margin,
        found.margin_percent,
        found.is_within_budget,
    )
