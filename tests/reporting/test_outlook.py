"""What a balance is enough for, and when it is called low."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.ledger.entry import AccountId, EntryId
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.reporting.outlook import Level, activity_labels, outlook_view
from nostr_usage.views import BalanceView

CATALOGUE = load_catalogue()


def balance(tokens: int, *, allowance: int = 0, granted: int = 5_000) -> BalanceView:
    """A balance of `tokens`, `allowance` of them from an allowance of `granted`."""
    return BalanceView(
        account=AccountId("a1" * 32),
        label="",
        meter="tokens",
        tokens=tokens,
        allowance=allowance,
        allowance_granted=granted,
        purchased=0,
        other=0,
        debt=0,
        held=0,
        used_this_cycle=0,
        lifetime_used=0,
        percent=0,
        micro_dollars=0,
        token_value=1_500_000,
        cycle_start=None,
        resets_at=None,
        is_reset_due=False,
        lots=(),
        state="verified",
        as_of_seq=1,
        as_of_id=EntryId("cd" * 32),
        as_of=0,
        problems=(),
    )


@pytest.mark.parametrize(
    ("tokens", "level"),
    [
        (1_000, Level.ENOUGH),
        (999, Level.LOW),
        (1, Level.LOW),
        (0, Level.EMPTY),
        (-1, Level.DEBT),
    ],
)
def test_level_follows_the_catalogue_s_mark(tokens: int, level: Level) -> None:
    """Low is below 1,000, as the catalogue says."""
    assert level is outlook_view(balance(tokens), CATALOGUE).level


@pytest.mark.parametrize(
    ("allowance", "granted", "threshold"),
    [(1_251, 5_000, None), (1_250, 5_000, 75), (500, 5_000, 90), (0, 5_000, 100), (0, 0, None)],
)
def test_threshold_is_the_highest_reached(allowance: int, granted: int, threshold: int | None) -> None:
    """Percent of the allowance used; without an allowance there is none to reach."""
    assert threshold == outlook_view(balance(1, allowance=allowance, granted=granted), CATALOGUE).threshold


def test_packs_are_compared_by_tokens_a_dollar() -> None:
    """All of the catalogue give the same, so none is the best."""
    packs = outlook_view(balance(0), CATALOGUE).packs
    assert {580} == {pack.tokens_per_dollar for pack in packs}
    assert not any(pack.is_best for pack in packs)


@given(st.integers(min_value=-10_000, max_value=1_000_000))
def test_every_activity_is_on_exactly_one_side(tokens: int) -> None:
    """It is enough for an activity, or it is not."""
    found = outlook_view(balance(tokens), CATALOGUE).affordable
    names = [item.activity for item in (*found.enough_for, *found.not_enough_for)]
    assert sorted(names) == sorted(activity_labels(CATALOGUE))
