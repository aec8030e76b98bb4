"""The open cycles: where an entry counts, when a cycle begins and ends, what a close must state."""

from __future__ import annotations

import pytest

from nostr_usage.ledger.entry import CycleTotals, LotTerms, Operation, Source
from nostr_usage.ledger.totals import begins_cycle, close_oldest, count_movement, first_cycle
from tests.ledger.scenario import entry

OPENED = first_cycle(entry(Operation.OPEN, at=100), seq=1, opening=0)
# [100, 200) and [200, 300), each with one entry.
TWO = (
    CycleTotals(start=100, end=200, opening=0, granted=5_000, used=4_153, expired=847, first_seq=1, count=4),
    CycleTotals(start=200, end=300, opening=0, granted=5_000, first_seq=5, count=1),
)


def after(
    cycles: tuple[CycleTotals, ...],
    operation: Operation,
    *,
    at: int,
    tokens: int = 0,
    lot: LotTerms | None = None,
    seq: int = 9,
    is_of_purchase: bool = False,
) -> tuple[CycleTotals, ...]:
    """`cycles` after one more entry."""
    movement = entry(operation, seq=seq, tokens=tokens, at=at, lot=lot)
    return count_movement(cycles, movement, seq=seq, is_of_purchase=is_of_purchase)


def allowance(expires_at: int | None) -> LotTerms:
    """The terms of an allowance."""
    return LotTerms(source=Source.ALLOWANCE, expires_at=expires_at)


def test_open_begins_a_cycle_without_an_end() -> None:
    """Until there is an allowance, everything counts in one period that goes on."""
    assert (CycleTotals(start=100, end=None, opening=0, first_seq=1, count=1),) == OPENED
    assert 20 == after(OPENED, Operation.DEBIT, at=10_000, tokens=20)[0].used


def test_an_allowance_ends_the_cycle_without_an_end_and_begins_the_next() -> None:
    """A plan that begins later than the account has the time before it as a cycle of its own."""
    cycles = after(OPENED, Operation.GRANT, at=150, tokens=5_000, lot=allowance(250))

    assert (
        CycleTotals(start=100, end=150, opening=0, first_seq=1, count=1),
        CycleTotals(start=150, end=250, opening=0, granted=5_000, first_seq=9, count=1),
    ) == cycles


def test_an_allowance_in_the_second_of_the_opening_gives_the_cycle_its_end() -> None:
    """An account opened on a plan has one first cycle, not an empty one before it."""
    cycles = after(OPENED, Operation.GRANT, at=100, tokens=5_000, lot=allowance(200))

    assert (CycleTotals(start=100, end=200, opening=0, granted=5_000, first_seq=1, count=2),) == cycles


def test_an_allowance_at_the_end_of_a_cycle_begins_the_next_with_what_is_left() -> None:
    """The end is the first second of the next cycle, which opens with the closing of the last."""
    begun = (TWO[0]._replace(expired=0),)

    cycles = after(begun, Operation.GRANT, at=200, tokens=5_000, lot=allowance(300))

    assert 847 == cycles[0].closing == cycles[1].opening
    assert (200, 300, 5_000) == (cycles[1].start, cycles[1].end, cycles[1].granted)


def test_an_allowance_inside_the_cycle_adds_to_it() -> None:
    """An upgrade one second before the end grants more in the same cycle."""
    assert 5_300 == after(TWO, Operation.GRANT, at=299, tokens=300, lot=allowance(300))[-1].granted


def test_time_between_a_cycle_and_a_later_allowance_is_a_cycle_of_its_own() -> None:
    """An account that comes back after a month without a plan has no hole in its cycles."""
    cycles = after(TWO, Operation.GRANT, at=400, tokens=5_000, lot=allowance(500))

    assert [(100, 200), (200, 300), (300, 400), (400, 500)] == [(cycle.start, cycle.end) for cycle in cycles]
    assert [0, 0, 5_000, 5_000] == [cycle.opening for cycle in cycles]
    assert (0, 0) == (cycles[2].count, cycles[2].first_seq)


def test_an_action_after_the_last_end_begins_a_cycle_without_an_end() -> None:
    """Without a renewal, what is used counts in the time after the plan."""
    cycles = after(TWO, Operation.DEBIT, at=300, tokens=60)

    assert CycleTotals(start=300, end=None, opening=5_000, used=60, first_seq=9, count=1) == cycles[-1]


def test_a_late_action_counts_in_its_own_cycle_and_moves_later_openings() -> None:
    """Occurred in the first of two open cycles, written in the second."""
    early, late = after(TWO, Operation.DEBIT, at=199, tokens=100)

    assert (4_253, 5, -100) == (early.used, early.count, early.closing)
    assert (0, 1, -100) == (late.used, late.count, late.opening)


def test_a_late_action_moves_every_later_opening() -> None:
    """Three cycles open: a refund in the first raises the other two."""
    three = (*TWO, CycleTotals(start=300, end=400, opening=5_000))

    assert [0, 30, 5_030] == [cycle.opening for cycle in after(three, Operation.REFUND, at=150, tokens=30)]
    assert [0, 0, 5_030] == [cycle.opening for cycle in after(three, Operation.REFUND, at=250, tokens=30)]


def test_what_is_older_than_every_open_cycle_counts_in_the_current_one() -> None:
    """Its own cycle is closed, so it is posted to the one that goes on."""
    early, late = after(TWO, Operation.DEBIT, at=99, tokens=100)

    assert TWO[0] == early
    assert (100, 2) == (late.used, late.count)


def test_an_expiry_counts_in_the_cycle_that_it_ends() -> None:
    """Dated in the first second after the cycle, it belongs to the second before."""
    early, late = after(TWO, Operation.EXPIRE, at=200, tokens=5)

    assert (852, 5) == (early.expired, early.count)
    assert 0 == late.expired
    assert 5 == after(TWO, Operation.EXPIRE, at=201, tokens=5)[1].expired
    assert 2 == len(after(TWO, Operation.EXPIRE, at=300, tokens=5))


@pytest.mark.parametrize(
    ("operation", "is_of_purchase", "changed"),
    [
        (Operation.GRANT, False, {"granted": 5_007}),
        (Operation.GRANT, True, {"purchased": 7}),
        (Operation.DEBIT, False, {"used": 7}),
        (Operation.REFUND, False, {"refunded": 7}),
        (Operation.EXPIRE, False, {"expired": 7}),
        (Operation.REVERSE, False, {"granted": 4_993}),
        (Operation.REVERSE, True, {"purchased": -7}),
        (Operation.PLAN, False, {}),
        (Operation.MEMO, False, {}),
        (Operation.GAUGE, False, {}),
    ],
)
def test_each_operation_has_its_figure(
    operation: Operation, changed: dict[str, int], *, is_of_purchase: bool
) -> None:
    """An entry changes one figure, or none, and is counted."""
    cycles = after(TWO, operation, at=250, tokens=7, is_of_purchase=is_of_purchase)

    assert (TWO[0], TWO[1]._replace(count=2, **changed)) == cycles


@pytest.mark.parametrize(
    ("operation", "lot", "at", "expected"),
    [
        (Operation.GRANT, allowance(400), 300, True),
        (Operation.GRANT, allowance(None), 300, True),
        (Operation.GRANT, allowance(400), 299, False),
        (Operation.GRANT, allowance(300), 300, False),
        (Operation.GRANT, LotTerms(source=Source.PURCHASED, expires_at=400), 300, False),
        (Operation.GRANT, None, 300, False),
        (Operation.DEBIT, None, 300, False),
    ],
)
def test_only_an_allowance_that_lasts_begins_a_cycle(
    operation: Operation, lot: LotTerms | None, at: int, *, expected: bool
) -> None:
    """A pack or an allowance that lapses at once begins none, nor does anything before the end."""
    assert expected is begins_cycle(TWO[-1], entry(operation, at=at, lot=lot))


def test_an_allowance_before_a_cycle_without_an_end_does_not_end_it() -> None:
    """A cycle cannot end before it begins."""
    assert not begins_cycle(OPENED[0], entry(Operation.GRANT, at=99, lot=allowance(200)))


def test_an_allowance_that_never_lapses_begins_a_cycle_without_an_end() -> None:
    """Two of them are two periods, each with the figures since its grant."""
    once = after(OPENED, Operation.GRANT, at=150, tokens=5, lot=allowance(None))
    twice = after(once, Operation.GRANT, at=160, tokens=5, lot=allowance(None))

    assert [(100, 150), (150, 160), (160, None)] == [(cycle.start, cycle.end) for cycle in twice]


def test_closing_removes_the_oldest_cycle() -> None:
    """With the right figures nothing is wrong."""
    assert ((TWO[1],), None) == close_oldest(TWO, TWO[0])


@pytest.mark.parametrize("stated", [None, TWO[1], TWO[0]._replace(used=4_152), TWO[0]._replace(count=5)])
def test_closing_with_other_figures_is_wrong(stated: CycleTotals | None) -> None:
    """The cycle is removed all the same, and the finding has the right figures."""
    cycles, finding = close_oldest(TWO, stated)

    assert (TWO[1],) == cycles
    assert finding is not None
    assert "used 4153 − expired 847 = 0 in 4 entries from seq 1" in finding


def test_the_current_cycle_cannot_be_closed() -> None:
    """A stream always has a cycle to count in."""
    cycles, finding = close_oldest(TWO[1:], TWO[1])

    assert TWO[1:] == cycles
    assert "it closes a cycle before the next one began" == finding
