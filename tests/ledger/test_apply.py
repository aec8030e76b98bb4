"""One entry on top of a state: sums over the life of a stream, and what is wrong with an entry."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.ledger.entry import Balance, CycleTotals, Entry, LotTerms, Operation, Source
from nostr_usage.ledger.fold import EMPTY_STATE, Lifetime, StreamState, apply, fold, move
from tests.ledger.scenario import (
    Service,
    assert_sound,
    draft,
    entry,
    entry_id,
    lines_of,
    lot_terms,
    problems_of,
)

EVERYTHING = """
written | occurred | op      | type         | tokens | lot             | ref | total  | expiring | lasting
02-01   |          | open    | open         |        |                 |     |      0 |        0 |       0
02-01   |          | plan    | starter      |        |                 |     |      0 |        0 |       0
02-01   |          | grant   | subscription |  5,000 | allowance 03-01 |     |  5,000 |    5,000 |       0
02-02   |          | grant   | purchase     | 14,500 | purchased       |     | 19,500 |    5,000 |  14,500
02-03   |          | debit   | experiment   |  3,900 |                 |     | 15,600 |    1,100 |  14,500
02-04   |          | refund  | experiment   |    900 |                 | 5   | 16,500 |    2,000 |  14,500
02-05   |          | memo    | old-log      |    123 |                 |     | 16,500 |    2,000 |  14,500
02-05   |          | gauge   | storage      |        |                 |     | 16,500 |    2,000 |  14,500
02-06   |          | reverse | charge_back  | 10,000 |                 | 4   |  6,500 |    2,000 |   4,500
03-02   | 03-01    | expire  | expiry       |  2,000 |                 |     |  4,500 |        0 |   4,500
"""


def test_the_sums_over_a_life_give_the_balance() -> None:
    """Each figure in full: what was reversed does not lessen what was granted."""
    result = fold(lines_of(EVERYTHING))

    assert () == result.problems
    assert (
        Lifetime(granted=5_000, purchased=14_500, used=3_900, refunded=900, expired=2_000, reversed=10_000)
        == result.state.lifetime
    )


def test_a_cycle_shows_purchases_less_what_was_reversed() -> None:
    """A charge-back of 10,000 leaves 4,500 purchased in the cycle."""
    (cycle,) = fold(lines_of(EVERYTHING)).state.cycles

    assert (5_000, 4_500, 3_900, 900, 2_000) == (
        cycle.granted,
        cycle.purchased,
        cycle.used,
        cycle.refunded,
        cycle.expired,
    )
    assert (4_500, 10, 1) == (cycle.closing, cycle.count, cycle.first_seq)


def test_a_plan_without_ai_has_cycles_all_the_same() -> None:
    """A grant of no tokens begins a cycle and opens no lot."""
    table = """
written | occurred | op    | type         | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open  | open         |        |                 |     |     0 |        0 |       0
02-01   |          | grant | subscription |        | allowance 03-01 |     |     0 |        0 |       0
03-02   | 03-01    | grant | renewal      |        | allowance 04-01 |     |     0 |        0 |       0
"""
    result = fold(lines_of(table))

    assert ((), (), 2) == (result.problems, result.state.lots, len(result.state.cycles))


def opened(at: int = 100) -> StreamState:
    """A stream that was opened at `at`."""
    return apply(EMPTY_STATE, entry(Operation.OPEN, at=at)).state


class BadEntry(NamedTuple):
    """An entry on top of an opened stream, and what is wrong with it."""

    entry: Entry
    code: str
    message: str


BAD = {
    "balance": BadEntry(
        entry(Operation.DEBIT, seq=2, tokens=5, at=200),
        "balance_mismatch",
        "seq 2: it states a balance of 0 (expiring 0, lasting 0), its entries give -5 (0, 0)",
    ),
    "expiring part": BadEntry(
        entry(
            Operation.GRANT,
            seq=2,
            tokens=5,
            at=200,
            lot=LotTerms(source=Source.PURCHASED, expires_at=None),
            balance=Balance(total=5, expiring=5, lasting=0),
        ),
        "balance_mismatch",
        "seq 2: it states a balance of 5 (expiring 5, lasting 0), its entries give 5 (0, 5)",
    ),
    "a part that is there twice": BadEntry(
        entry(
            Operation.GRANT,
            seq=2,
            tokens=5,
            at=200,
            lot=LotTerms(source=Source.PURCHASED, expires_at=None),
            balance=Balance(total=5, expiring=5, lasting=5),
        ),
        "balance_mismatch",
        "seq 2: it states a balance of 5 (expiring 5, lasting 5), its entries give 5 (0, 5)",
    ),
    "time": BadEntry(
        entry(Operation.MEMO, seq=2, at=99),
        "time_backwards",
        "seq 2: it was written at 99, before the entry before it at 100",
    ),
    "opened twice": BadEntry(
        entry(Operation.OPEN, seq=2, at=200), "malformed", "seq 2: it opens a stream that is open"
    ),
    "close": BadEntry(
        entry(Operation.CLOSE, seq=2, at=200, totals=CycleTotals(start=100, end=200, opening=0)),
        "totals_mismatch",
        "seq 2: it closes a cycle before the next one began",
    ),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_is_wrong_with_an_entry_is_said_with_its_seq_and_id(bad: BadEntry) -> None:
    """A problem has a code for programs, a sentence for people, and the entry."""
    (problem,) = apply(opened(), bad.entry, entry_id=entry_id(2)).problems

    assert (bad.code, bad.message) == (problem.code.value, problem.message)
    assert (2, entry_id(2)) == (problem.seq, problem.entry_id)


def test_nothing_is_wrong_with_an_entry_that_is_right() -> None:
    """The control of the test above."""
    right = entry(Operation.DEBIT, seq=2, tokens=5, at=100, balance=Balance(total=-5, expiring=0, lasting=0))

    assert () == apply(opened(), right).problems


def test_time_does_not_go_back_with_an_entry_that_does() -> None:
    """After an entry dated too early, the next is measured by the latest so far."""
    assert 100 == apply(opened(), entry(Operation.MEMO, seq=2, at=99)).state.created_at


def test_a_stream_whose_open_is_missing_keeps_its_balance() -> None:
    """Its entries count from the start; its cycles begin, with what is there, when it is opened."""
    table = """
written | occurred | op    | type         | tokens | lot             | ref | total | expiring | lasting
02-01   |          | grant | subscription |  5,000 | allowance 03-01 |     | 5,000 |    5,000 |       0
02-02   |          | close | cycle_close  |        |                 |     | 5,000 |    5,000 |       0
02-03   |          | open  | open         |        |                 |     | 5,000 |    5,000 |       0
02-04   |          | debit | experiment   |  3,900 |                 |     | 1,100 |    1,100 |       0
"""
    lines = lines_of(table)
    (cycle,) = fold(lines).state.cycles

    assert [(1, "not_opened"), (2, "not_opened")] == problems_of(lines)
    assert (5_000, 3_900, 1_100) == (cycle.opening, cycle.used, cycle.closing)


def test_a_draft_is_moved_like_the_entry_that_it_becomes() -> None:
    """Writing computes with the very function that reading computes with."""
    service = Service(now=1_000)
    service.open()
    before = service.state
    made = draft(Operation.GRANT, tokens=500, at=1_000, lot=lot_terms("purchased"))

    written = service.write(made)

    assert service.state == move(before, made, seq=2, created_at=1_000).state
    assert service.state == apply(before, written).state


times = st.integers(0, 40)
entries = st.builds(
    entry,
    st.sampled_from(Operation),
    tokens=st.integers(0, 50),
    created_at=times,
    occurred_at=times,
    lot=st.none()
    | st.builds(
        LotTerms,
        source=st.sampled_from(Source),
        expires_at=st.none() | times,
        priority=st.integers(0, 1),
    ),
    ref=st.none() | st.integers(1, 12).map(entry_id),
    totals=st.none() | st.builds(CycleTotals, start=times, end=times, opening=times),
)


@given(st.lists(entries, max_size=25))
def test_whatever_is_wrong_the_sums_are_right(made: list[Entry]) -> None:
    """After any entries at all: Σ sign × tokens is the balance, and the state keeps its invariants."""
    lines = [(entry_id(seq), replace(found, seq=seq)) for seq, found in enumerate(made, start=1)]
    expected = 0
    for count, (_, found) in enumerate(lines, start=1):
        expected += found.signed_tokens
        state = fold(lines[:count]).state
        assert_sound(state, total=expected)
