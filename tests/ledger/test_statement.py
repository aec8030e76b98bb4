"""Statements: figures that re-add, months as the wire has them, rows net of refunds."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import UnknownNameError
from nostr_usage.ledger.entry import Cost, CycleTotals, Entry, LotTerms, Operation, Source
from nostr_usage.ledger.fold import balance_of, fold
from nostr_usage.ledger.statement import ActivityRow, activity_rows, month_statement, months
from tests.ledger.scenario import entry, lines_of, unix

TOKEN_VALUE = 1_500  # micro-dollars: $0.0015

JANUARY = CycleTotals(
    start=unix("01-20"),
    end=unix("02-01"),
    opening=0,
    granted=10_000,
    used=4_153,
    expired=5_847,
    first_seq=1,
    count=6,
)
TABLE = """
written     | occurred | op      | type         | tokens | lot             | ref | total  | expiring | lasting
01-20       |          | open    | open         |        |                 |     |      0 |        0 |       0
01-20       |          | grant   | subscription | 10,000 | allowance 02-01 |     | 10,000 |   10,000 |       0
01-21       |          | debit   | quiz         |     14 |                 |     |  9,986 |    9,986 |       0
01-22       |          | debit   | experiment   |  3,892 |                 |     |  6,094 |    6,094 |       0
01-31 23:59 |          | debit   | magic-mentor |    247 |                 |     |  5,847 |    5,847 |       0
02-01       |          | expire  | expiry       |  5,847 |                 |     |      0 |        0 |       0
02-01       |          | grant   | renewal      | 10,000 | allowance 03-01 |     | 10,000 |   10,000 |       0
02-01       | 01-31    | close   | cycle_close  |        |                 |     | 10,000 |   10,000 |       0
02-02       |          | refund  | experiment   |  3,892 |                 | 4   | 13,892 |   13,892 |       0
02-03       |          | debit   | experiment   |    900 |                 |     | 12,992 |   12,992 |       0
02-03       |          | grant   | purchase     | 14,500 | purchased       |     | 27,492 |   12,992 |  14,500
02-04       |          | debit   | magic-mentor |    247 |                 |     | 27,245 |   12,745 |  14,500
02-05       |          | debit   | magic-mentor |    300 |                 |     | 26,945 |   12,445 |  14,500
02-06       |          | refund  | magic-mentor |     53 |                 | 13  | 26,998 |   12,498 |  14,500
02-07       |          | reverse | charge_back  |  4,500 |                 | 11  | 22,498 |   12,498 |  10,000
02-07       |          | memo    | old-log      |     99 |                 |     | 22,498 |   12,498 |  10,000
02-08       | 01-30    | debit   | quiz         |    498 |                 |     | 22,000 |   12,000 |  10,000
04-09       |          | grant   | apology      |    100 | gift            |     | 22,100 |   12,000 |  10,100
"""
STREAM = lines_of(TABLE, totals={8: JANUARY})
ENTRIES = [replace(made, cost=Cost(micro_dollars=made.tokens * TOKEN_VALUE)) for _, made in STREAM]


def test_the_figures_of_a_month_re_add() -> None:
    """January: 10,000 granted, 14 + 3,892 + 247 and a late 498 used; February opens with the rest."""
    january, february, april = months(ENTRIES)

    assert ("2026-01", "UTC", 0, 10_000, 4_651, 5_349) == (
        january.month,
        january.zone,
        january.opening,
        january.granted,
        january.used,
        january.closing,
    )
    assert (5_349, 10_000, 14_500, 1_447, 3_945, 5_847, 4_500, 22_000) == (
        february.opening,
        february.granted,
        february.purchased,
        february.used,
        february.refunded,
        february.expired,
        february.reversed,
        february.closing,
    )
    assert ("2026-04", 22_000, 22_100, 1) == (april.month, april.opening, april.closing, april.count)


def test_a_row_is_one_activity_net_of_its_refunds() -> None:
    """February: the refund of January's experiment outweighs the new one; magic-mentor is 547 − 53."""
    february = month_statement(ENTRIES, "2026-02")

    assert (
        ActivityRow(activity="magic-mentor", count=2, tokens=494, micro_dollars=741_000, share=100),
        ActivityRow(activity="experiment", count=1, tokens=-2_992, micro_dollars=-4_488_000, share=0),
    ) == february.rows
    assert -3_747_000 == february.micro_dollars


def test_the_shares_of_a_month_add_to_a_hundred() -> None:
    """3,892 + 512 + 247 are 84, 11 and 5 percent, the largest first."""
    january = month_statement(ENTRIES, "2026-01")

    assert [("experiment", 3_892, 84), ("quiz", 512, 11), ("magic-mentor", 247, 5)] == [
        (row.activity, row.tokens, row.share) for row in january.rows
    ]


def test_a_month_in_which_nothing_happened_opens_and_closes_with_the_same() -> None:
    """March has no entries: it is not among the months, and can be asked for."""
    march = month_statement(ENTRIES, "2026-03")

    assert (22_000, 22_000, 0, ()) == (march.opening, march.closing, march.count, march.rows)
    assert (0, 0) == tuple(
        getattr(month_statement(ENTRIES, "2025-12"), name) for name in ("opening", "closing")
    )
    assert ["2026-01", "2026-02", "2026-04"] == [found.month for found in months(ENTRIES)]


def test_a_month_is_that_of_the_zone_that_is_asked_for() -> None:
    """One minute to midnight in London is February in Berlin."""
    january = month_statement(ENTRIES, "2026-01", zone="Europe/Berlin")

    assert 4_651 - 247 == january.used
    assert "Europe/Berlin" == january.zone


def test_a_zone_that_is_none_is_refused() -> None:
    """By both functions."""
    with pytest.raises(UnknownNameError):
        month_statement(ENTRIES, "2026-01", zone="Europe/Atlantis")
    with pytest.raises(UnknownNameError):
        list(months(ENTRIES, zone="Europe/Atlantis"))


def test_the_activities_of_any_entries_can_be_listed() -> None:
    """Ties are in alphabetical order."""
    made = [
        entry(Operation.DEBIT, type="quiz", tokens=5),
        entry(Operation.DEBIT, type="chat", tokens=5),
        entry(Operation.GRANT, tokens=100),
    ]

    assert [("chat", 1, 5, 50), ("quiz", 1, 5, 50)] == [
        (row.activity, row.count, row.tokens, row.share) for row in activity_rows(made)
    ]
    assert () == activity_rows([])


def test_a_time_beyond_every_calendar_has_a_month_all_the_same() -> None:
    """An entry of the last second of 9999 has no local time in the east; its statement does not fail."""
    made = entry(Operation.DEBIT, tokens=5, at=253_402_300_799)

    assert ["9999-12"] == [found.month for found in months([made], zone="Pacific/Kiritimati")]


entries = st.builds(
    entry,
    st.sampled_from(Operation),
    tokens=st.integers(0, 1_000),
    at=st.integers(unix("01-01"), unix("2027-01-01")),
    type=st.sampled_from(["chat", "quiz"]),
    lot=st.builds(LotTerms, source=st.sampled_from(Source), expires_at=st.none()),
    cost=st.builds(Cost, micro_dollars=st.integers(0, 1_000)),
)


@given(st.lists(entries, max_size=30), st.sampled_from(["UTC", "Asia/Kathmandu", "America/St_Johns"]))
def test_months_follow_each_other_and_add_to_the_balance(made: list[Entry], zone: str) -> None:
    """Each closing is the next opening, rows add to used − refunded, and the last closing is the sum."""
    found = list(months(made, zone=zone))

    assert sum(moved.signed_tokens for moved in made) == (found[-1].closing if found else 0)
    assert all(earlier.closing == later.opening for earlier, later in pairwise(found))
    for statement in found:
        assert statement.used - statement.refunded == sum(row.tokens for row in statement.rows)
        assert sum(row.share for row in statement.rows) in {0, 100}
        assert statement == month_statement(made, statement.month, zone=zone)
    assert len(made) == sum(statement.count for statement in found)


def test_the_last_closing_is_the_balance() -> None:
    """The stream that the months are made of is right, and ends with what they end with."""
    result = fold(STREAM)

    assert () == result.problems
    assert balance_of(result.state).total == [*months(ENTRIES)][-1].closing
