"""Lots: the order in which they are spent, taking from them and putting back."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.ledger.entry import Source
from nostr_usage.ledger.lot import (
    Lot,
    burn_order,
    has_lapsed,
    is_lapsed,
    lot_with,
    put,
    take,
    take_preferring,
    tokens_of,
)


def lot(
    *,
    remaining: int = 100,
    seq: int = 1,
    source: Source = Source.ALLOWANCE,
    priority: int = 0,
    expires_at: int | None = None,
    granted_at: int = 0,
) -> Lot:
    """A lot in which only what matters is given."""
    return Lot(
        seq=seq,
        source=source,
        priority=priority,
        expires_at=expires_at,
        granted_at=granted_at,
        remaining=remaining,
    )


IN_BURN_ORDER = (
    lot(priority=-1, source=Source.PURCHASED, seq=9),
    lot(expires_at=10, source=Source.PURCHASED, seq=8),
    lot(expires_at=20, source=Source.PROMO, granted_at=5, seq=7),
    lot(expires_at=20, source=Source.GIFT, granted_at=4, seq=6),
    lot(expires_at=20, source=Source.ROLLOVER, granted_at=3, seq=5),
    lot(expires_at=20, source=Source.ALLOWANCE, granted_at=2, seq=4),
    lot(expires_at=20, source=Source.ADJUSTMENT, granted_at=1, seq=3),
    lot(expires_at=20, source=Source.PURCHASED, granted_at=0, seq=2),
    lot(source=Source.PROMO, granted_at=1, seq=11),
    lot(source=Source.PURCHASED, granted_at=1, seq=12),
    lot(source=Source.PURCHASED, granted_at=2, seq=10),
    lot(source=Source.PURCHASED, granted_at=2, seq=13),
    lot(priority=1, expires_at=1, source=Source.PROMO, seq=1),
)

lots = st.lists(
    st.builds(
        lot,
        remaining=st.integers(1, 1_000),
        seq=st.integers(1, 5),
        source=st.sampled_from(Source),
        priority=st.integers(0, 1),
        expires_at=st.none() | st.integers(1, 3),
        granted_at=st.integers(0, 2),
    ),
    max_size=6,
    unique_by=burn_order,
).map(lambda found: tuple(sorted(found, key=burn_order)))


def test_lots_are_spent_by_priority_expiry_source_age_and_seq() -> None:
    """What comes first in the order decides; the rest breaks ties."""
    assert IN_BURN_ORDER == tuple(sorted(set(IN_BURN_ORDER), key=burn_order))


def test_never_is_later_than_any_expiry() -> None:
    """A lot that lasts is spent after one that lapses in the year 9999."""
    assert burn_order(lot(expires_at=253_402_300_799)) < burn_order(lot(expires_at=None, source=Source.PROMO))


@pytest.mark.parametrize(
    ("expires_at", "expected"), [(None, False), (1_001, False), (1_000, True), (999, True)]
)
def test_a_lot_lapses_in_the_second_of_its_expiry(expires_at: int | None, *, expected: bool) -> None:
    """`expires_at` is the first second in which a lot counts for nothing."""
    found = lot(expires_at=expires_at)

    assert expected is is_lapsed(found, at=1_000)
    assert expected is has_lapsed((lot(), found), at=1_000)


def test_a_debit_takes_from_the_front() -> None:
    """247 of 100 + 100 + 100 empty two lots and leave 53 in the third."""
    first, second, third = lot(seq=1), lot(seq=2), lot(seq=3)

    left, draws, uncovered = take((first, second, third), 247)

    assert (lot(seq=3, remaining=53),) == left
    assert [(1, 100), (2, 100), (3, 47)] == [(draw.seq, draw.tokens) for draw in draws]
    assert 0 == uncovered


def test_a_lot_that_is_used_up_is_not_kept() -> None:
    """Exactly 100 of 100 leave no lot behind, and the next one whole."""
    assert (lot(seq=2),) == take((lot(seq=1), lot(seq=2)), 100)[0]


def test_nothing_is_taken_for_nothing() -> None:
    """A debit of 0 draws from no lot."""
    assert ((lot(),), (), 0) == take((lot(),), 0)


def test_what_is_not_there_is_uncovered() -> None:
    """300 of 100 leave 200 that no lot covers."""
    left, draws, uncovered = take((lot(),), 300)

    assert ((), 100, 200) == (left, sum(draw.tokens for draw in draws), uncovered)


def test_a_preference_comes_before_the_burn_order() -> None:
    """The preferred lot is taken from first, and what is left is in burn order again."""
    one, two, three = lot(seq=1), lot(seq=2), lot(seq=3)

    left, draws, uncovered = take_preferring((one, two, three), 150, preference=lambda found: found.seq != 3)

    assert (lot(seq=1, remaining=50), two) == left
    assert [3, 1] == [draw.seq for draw in draws]
    assert 0 == uncovered


def test_tokens_come_back_to_the_lot_with_the_same_terms() -> None:
    """Putting 40 to a lot of 60 with the same terms makes 100, in its old place."""
    neighbours = (lot(seq=1), lot(seq=2, remaining=60), lot(seq=3))

    assert (lot(seq=1), lot(seq=2), lot(seq=3)) == put(neighbours, lot(seq=2, remaining=40))


def test_lots_that_differ_in_one_term_stay_apart() -> None:
    """Same seq, other source: two lots."""
    assert 2 == len(put((lot(source=Source.GIFT),), lot(source=Source.PROMO)))


def test_lots_are_in_burn_order_whatever_the_order_of_arrival() -> None:
    """Putting lots one by one sorts them."""
    for order in permutations(IN_BURN_ORDER[1:5]):
        held: tuple[Lot, ...] = ()
        for found in order:
            held = put(held, found)
        assert IN_BURN_ORDER[1:5] == held


@given(held=lots, tokens=st.integers(0, 7_000), pivot=st.integers(0, 3))
def test_taking_and_putting_back_changes_nothing(held: tuple[Lot, ...], tokens: int, pivot: int) -> None:
    """Whatever is taken, and in what preference, putting the draws back gives the very lots."""
    left, draws, uncovered = take_preferring(
        held, tokens, preference=lambda found: is_lapsed(found, at=pivot)
    )
    back = left
    for draw in reversed(draws):
        back = put(back, lot_with(draw, remaining=draw.tokens))

    assert tokens == sum(draw.tokens for draw in draws) + uncovered
    assert tokens_of(held) == tokens_of(left) + tokens - uncovered
    assert held == back
    assert all(found.remaining > 0 for found in left)
