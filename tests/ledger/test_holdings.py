"""What each operation does to lots and debt: scenarios whose stated balances the fold must reach."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nostr_usage.ledger.entry import Operation, Source
from nostr_usage.ledger.fold import fold
from nostr_usage.ledger.holdings import Referred, referred_to
from tests.ledger.scenario import entry, entry_id, lines_of, lot_terms, problems_of, unix

TWO_ACTIONS = """
written | occurred | op    | type            | tokens | lot             | ref | total  | expiring | lasting
02-01   |          | open  | open            |        |                 |     |      0 |        0 |       0
02-01   |          | grant | subscription    | 10,000 | allowance 03-01 |     | 10,000 |   10,000 |       0
02-02   |          | debit | quiz-generation |     14 |                 |     |  9,986 |    9,986 |       0
02-03   |          | debit | experiment      |  3,892 |                 |     |  6,094 |    6,094 |       0
02-14   |          | debit | magic-mentor    |    247 |                 |     |  5,847 |    5,847 |       0
"""

TOP_UP = """
written | occurred | op    | type            | tokens | lot             | ref | total  | expiring | lasting
02-01   |          | open  | open            |        |                 |     |      0 |        0 |       0
02-01   |          | grant | subscription    |  5,000 | allowance 03-01 |     |  5,000 |    5,000 |       0
02-10   |          | debit | magic-mentor    |  4,153 |                 |     |    847 |      847 |       0
02-14   |          | grant | purchase        | 14,500 | purchased       |     | 15,347 |      847 |  14,500
02-15   |          | debit | quiz-generation |  1,000 |                 |     | 14,347 |        0 |  14,347
"""

PURCHASE_SURVIVES = """
written | occurred | op     | type          | tokens | lot             | ref | total  | expiring | lasting
02-01   |          | open   | open          |        |                 |     |      0 |        0 |       0
02-01   |          | grant  | subscription  |  5,000 | allowance 03-01 |     |  5,000 |    5,000 |       0
02-14   |          | grant  | purchase      | 14,500 | purchased       |     | 19,500 |    5,000 |  14,500
02-20   |          | debit  | experiment    |  6,000 |                 |     | 13,500 |        0 |  13,500
03-02   | 03-01    | grant  | renewal_grant |  5,000 | allowance 04-01 |     | 18,500 |    5,000 |  13,500
04-02   | 04-01    | expire | expiry        |  5,000 |                 |     | 13,500 |        0 |  13,500
"""

DEBT = """
written | occurred | op    | type         | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open  | open         |        |                 |     |     0 |        0 |       0
02-01   |          | grant | subscription |    300 | allowance 03-01 |     |   300 |      300 |       0
02-02   |          | debit | experiment   |  1,000 |                 |     |  -700 |        0 |       0
02-03   |          | debit | magic-mentor |    100 |                 |     |  -800 |        0 |       0
02-04   |          | grant | gift         |    500 | gift            |     |  -300 |        0 |       0
02-05   |          | grant | purchase     |  5,800 | purchased       |     | 5,500 |        0 |   5,500
"""

ONE_DEBIT_OVER_THREE_LOTS = """
written | occurred | op    | type       | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open  | open       |        |                 |     |     0 |        0 |       0
02-01   |          | grant | promotion  |    100 | promo 02-20     |     |   100 |      100 |       0
02-01   |          | grant | allowance  |    200 | allowance 03-01 |     |   300 |      300 |       0
02-01   |          | grant | purchase   |    400 | purchased       |     |   700 |      300 |     400
02-02   |          | debit | experiment |    500 |                 |     |   200 |        0 |     200
"""

REFUND_BY_PARTS = (
    ONE_DEBIT_OVER_THREE_LOTS
    + """
02-03   |          | refund | experiment |    150 |                 | 5   |   350 |        0 |     350
02-04   |          | refund | experiment |    150 |                 | 5   |   500 |      100 |     400
02-05   |          | refund | experiment |    200 |                 | 5   |   700 |      300 |     400
"""
)

REFUND_AFTER_LAPSE = (
    ONE_DEBIT_OVER_THREE_LOTS
    + """
02-21   |          | refund | experiment |    500 |                 | 5   |   700 |      300 |     400
"""
)

REFUND_OF_UNCOVERED = """
written | occurred | op     | type       | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open   | open       |        |                 |     |     0 |        0 |       0
02-01   |          | grant  | allowance  |    100 | allowance 03-01 |     |   100 |      100 |       0
02-02   |          | debit  | experiment |    300 |                 |     |  -200 |        0 |       0
02-03   |          | refund | experiment |     50 |                 | 3   |  -150 |        0 |       0
02-04   |          | grant  | purchase   |    400 | purchased       |     |   250 |        0 |     250
02-05   |          | refund | experiment |    150 |                 | 3   |   400 |        0 |     400
02-06   |          | refund | experiment |    100 |                 | 3   |   500 |      100 |     400
"""

REVERSED_PURCHASE = """
written | occurred | op      | type        | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open    | open        |        |                 |     |     0 |        0 |       0
02-01   |          | grant   | allowance   |    500 | allowance 03-01 |     |   500 |      500 |       0
02-02   |          | grant   | purchase    |  1,000 | purchased       |     | 1,500 |      500 |   1,000
02-03   |          | debit   | experiment  |    900 |                 |     |   600 |        0 |     600
02-04   |          | grant   | gift        |    300 | gift 02-20      |     |   900 |      300 |     600
02-05   |          | reverse | charge_back |    400 |                 | 3   |   500 |      300 |     200
02-06   |          | reverse | charge_back |    600 |                 | 3   |  -100 |        0 |       0
"""

PROBLEMLESS = {
    "two actions": TWO_ACTIONS,
    "a top-up": TOP_UP,
    "a purchase survives the month": PURCHASE_SURVIVES,
    "debt": DEBT,
    "partial refunds": REFUND_BY_PARTS,
    "a refund after a lapse": REFUND_AFTER_LAPSE,
    "a refund of what no lot covered": REFUND_OF_UNCOVERED,
    "a reversed purchase": REVERSED_PURCHASE,
}


@pytest.mark.parametrize("table", PROBLEMLESS.values(), ids=PROBLEMLESS)
def test_a_scenario_reaches_the_balances_that_it_states(table: str) -> None:
    """After every row the fold has the total and both parts that the row states."""
    assert [] == problems_of(lines_of(table))


@pytest.mark.parametrize("table", PROBLEMLESS.values(), ids=PROBLEMLESS)
def test_a_scenario_that_states_one_token_too_many_is_found_out(table: str) -> None:
    """The control: with another figure in its last row, every scenario fails there."""
    *lines, (last_id, last) = lines_of(table)
    stated = last.balance
    wrong = replace(last, balance=stated._replace(total=stated.total + 1, lasting=stated.lasting + 1))

    assert [(last.seq, "balance_mismatch")] == problems_of([*lines, (last_id, wrong)])


def lots_after(table: str) -> list[tuple[str, int, str, int]]:
    """Source, seq, expiry and tokens of each lot at the end of a scenario."""
    lots = fold(lines_of(table)).state.lots
    return [(lot.source.value, lot.seq, str(lot.expires_at), lot.remaining) for lot in lots]


def test_a_debit_remembers_what_it_drew_from_which_lot() -> None:
    """500 of 100 + 200 + 400 draw 100, 200 and 200, in burn order."""
    draws = fold(lines_of(ONE_DEBIT_OVER_THREE_LOTS)).draws[entry_id(5)]

    assert [(Source.PROMO, 100), (Source.ALLOWANCE, 200), (Source.PURCHASED, 200)] == [
        (draw.source, draw.tokens) for draw in draws
    ]


def test_partial_refunds_return_what_was_drawn_last_first() -> None:
    """A refund in three parts ends with the lots as they were before the debit, seq by seq."""
    *_, last = REFUND_BY_PARTS.strip().splitlines()
    half_way = REFUND_BY_PARTS.replace(last, "")

    assert [("allowance", 3, str(unix("03-01")), 100), ("purchased", 4, "None", 400)] == lots_after(half_way)
    assert [
        ("promo", 2, str(unix("02-20")), 100),
        ("allowance", 3, str(unix("03-01")), 200),
        ("purchased", 4, "None", 400),
    ] == lots_after(REFUND_BY_PARTS)


def test_what_would_return_to_a_lapsed_lot_lasts_to_the_end_of_the_cycle() -> None:
    """The promotion lapsed on the 20th: what was drawn from it comes back as a lot of the refund."""
    assert [
        ("promo", 6, str(unix("03-01")), 100),
        ("allowance", 3, str(unix("03-01")), 200),
        ("purchased", 4, "None", 400),
    ] == lots_after(REFUND_AFTER_LAPSE)


def test_what_would_return_to_a_lapsed_lot_lasts_for_ever_without_a_cycle_to_end() -> None:
    """In a cycle without an end, and after the end of the last one, the new lot never lapses."""
    without_plan = """
written | occurred | op     | type       | tokens | lot         | ref | total | expiring | lasting
02-01   |          | open   | open       |        |             |     |     0 |        0 |       0
02-01   |          | grant  | promotion  |    100 | promo 02-20 |     |   100 |      100 |       0
02-02   |          | debit  | experiment |    100 |             |     |     0 |        0 |       0
02-21   |          | refund | experiment |    100 |             | 3   |   100 |        0 |     100
"""
    late = REFUND_AFTER_LAPSE.replace("02-21   |         ", "03-05   | 02-28   ")

    assert [("promo", 4, "None", 100)] == lots_after(without_plan)
    assert [("promo", 6, "None", 100), ("allowance", 6, "None", 200), ("purchased", 4, "None", 400)] == [
        *lots_after(late)
    ]


def test_a_refund_of_what_no_lot_covered_becomes_a_lasting_adjustment_once_there_is_no_debt() -> None:
    """200 were uncovered: 50 of them pay debt, 150 come after it was paid, then the lot gets its 100."""
    assert [
        ("allowance", 2, str(unix("03-01")), 100),
        ("adjustment", 6, "None", 150),
        ("purchased", 5, "None", 250),
    ] == lots_after(REFUND_OF_UNCOVERED)


def test_a_refund_to_lots_pays_other_debt_first() -> None:
    """A refund of 100 drawn from a lot, in a stream that is 60 in debt, opens the lot with 40."""
    table = """
written | occurred | op     | type       | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open   | open       |        |                 |     |     0 |        0 |       0
02-01   |          | grant  | allowance  |    100 | allowance 03-01 |     |   100 |      100 |       0
02-02   |          | debit  | experiment |    100 |                 |     |     0 |        0 |       0
02-03   |          | debit  | experiment |     60 |                 |     |   -60 |        0 |       0
02-04   |          | refund | experiment |    100 |                 | 3   |    40 |       40 |       0
"""

    assert [] == problems_of(lines_of(table))
    assert [("allowance", 2, str(unix("03-01")), 40)] == lots_after(table)


def test_a_reverse_takes_the_very_lot_first_and_leaves_debt_for_what_is_spent() -> None:
    """Of 1,000 reversed, 600 are in the lot, 300 in a gift, and 100 become debt."""
    *rows, _last = REVERSED_PURCHASE.strip().splitlines()

    assert [("gift", 5, str(unix("02-20")), 300), ("purchased", 3, "None", 200)] == lots_after(
        "\n".join(rows)
    )
    assert 100 == fold(lines_of(REVERSED_PURCHASE)).state.debt


BAD = {
    "a debit before the expire": (
        """
written | occurred | op    | type       | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open  | open       |        |                 |     |     0 |        0 |       0
02-01   |          | grant | allowance  |    100 | allowance 03-01 |     |   100 |      100 |       0
02-01   |          | grant | purchase   |     50 | purchased       |     |   150 |      100 |      50
03-02   |          | debit | experiment |     30 |                 |     |   120 |      100 |      20
03-02   |          | debit | experiment |    110 |                 |     |    10 |       10 |       0
03-02   |          | debit | experiment |     40 |                 |     |   -30 |        0 |       0
""",
        [(4, "expiry_missing"), (5, "expiry_missing"), (6, "expiry_missing")],
    ),
    "a refund and a reverse before the expire": (
        """
written | occurred | op      | type       | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open    | open       |        |                 |     |     0 |        0 |       0
02-01   |          | grant   | allowance  |    100 | allowance 03-01 |     |   100 |      100 |       0
02-01   |          | grant   | purchase   |    100 | purchased       |     |   200 |      100 |     100
02-02   |          | debit   | experiment |    150 |                 |     |    50 |        0 |      50
02-03   |          | grant   | gift       |     10 | gift 02-28      |     |    60 |       10 |      50
03-02   |          | refund  | experiment |     20 |                 | 4   |    80 |       10 |      70
03-02   |          | reverse | fraud      |     75 |                 | 3   |     5 |        5 |       0
""",
        [(6, "expiry_missing"), (7, "expiry_missing")],
    ),
    "a reverse of what is spent, before the expire": (
        """
written | occurred | op      | type       | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open    | open       |        |                 |     |     0 |        0 |       0
02-01   |          | grant   | promotion  |     30 | promo 02-10     |     |    30 |       30 |       0
02-02   |          | debit   | experiment |     30 |                 |     |     0 |        0 |       0
02-03   |          | grant   | allowance  |    100 | allowance 03-01 |     |   100 |      100 |       0
02-03   |          | grant   | purchase   |     50 | purchased       |     |   150 |      100 |      50
03-02   |          | reverse | fraud      |     30 |                 | 2   |   120 |      100 |      20
""",
        [(6, "expiry_missing")],
    ),
    "an expire that takes too much": (
        """
written | occurred | op     | type      | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open   | open      |        |                 |     |     0 |        0 |       0
02-01   |          | grant  | allowance |    100 | allowance 03-01 |     |   100 |      100 |       0
02-01   |          | grant  | purchase  |     50 | purchased       |     |   150 |      100 |      50
03-01   |          | expire | expiry    |    120 |                 |     |    30 |        0 |      30
03-01   |          | expire | expiry    |    100 |                 |     |   -70 |        0 |       0
""",
        [(4, "expiry_mismatch"), (5, "expiry_mismatch")],
    ),
    "an expire that takes too little": (
        """
written | occurred | op     | type      | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open   | open      |        |                 |     |     0 |        0 |       0
02-01   |          | grant  | allowance |    100 | allowance 03-01 |     |   100 |      100 |       0
02-01   |          | grant  | purchase  |     50 | purchased       |     |   150 |      100 |      50
03-01   |          | expire | expiry    |     90 |                 |     |    60 |       10 |      50
""",
        [(4, "expiry_mismatch")],
    ),
    "an expire in advance": (
        """
written | occurred | op     | type      | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open   | open      |        |                 |     |     0 |        0 |       0
02-01   |          | grant  | allowance |    100 | allowance 03-01 |     |   100 |      100 |       0
02-02   | 03-01    | expire | expiry    |    100 |                 |     |     0 |        0 |       0
""",
        [(3, "expiry_mismatch")],
    ),
    "a grant without a lot": (
        """
written | occurred | op    | type    | tokens | lot | ref | total | expiring | lasting
02-01   |          | open  | open    |        |     |     |     0 |        0 |       0
02-01   |          | grant | apology |    100 |     |     |   100 |        0 |     100
""",
        [(2, "lot_missing")],
    ),
    "a refund of more than the debit": (
        """
written | occurred | op     | type       | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open   | open       |        |                 |     |     0 |        0 |       0
02-01   |          | grant  | allowance  |    100 | allowance 03-01 |     |   100 |      100 |       0
02-02   |          | debit  | experiment |     60 |                 |     |    40 |       40 |       0
02-03   |          | refund | experiment |     50 |                 | 3   |    90 |       90 |       0
02-04   |          | refund | experiment |     50 |                 | 3   |   140 |      100 |      40
02-05   |          | refund | experiment |     50 |                 | 3   |   190 |      100 |      90
""",
        [(5, "refund_excess"), (6, "refund_excess")],
    ),
    "a refund of what is no debit": (
        """
written | occurred | op      | type       | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open    | open       |        |                 |     |     0 |        0 |       0
02-01   |          | grant   | allowance  |    100 | allowance 03-01 |     |   100 |      100 |       0
02-02   |          | refund  | experiment |     50 |                 | 2   |   150 |      100 |      50
02-02   |          | refund  | experiment |     50 |                 | 9   |   200 |      100 |     100
02-02   |          | refund  | experiment |     50 |                 |     |   250 |      100 |     150
02-03   |          | reverse | fraud      |    100 |                 | 2   |   150 |        0 |     150
""",
        [(3, "refund_unknown"), (4, "refund_unknown"), (5, "refund_unknown")],
    ),
    "a reverse of what is no grant, or of too much": (
        """
written | occurred | op      | type       | tokens | lot             | ref | total | expiring | lasting
02-01   |          | open    | open       |        |                 |     |     0 |        0 |       0
02-01   |          | grant   | allowance  |    100 | allowance 03-01 |     |   100 |      100 |       0
02-01   |          | grant   | purchase   |    100 | purchased       |     |   200 |      100 |     100
02-02   |          | debit   | experiment |     50 |                 |     |   150 |       50 |     100
02-03   |          | reverse | fraud      |     10 |                 | 4   |   140 |       40 |     100
02-03   |          | reverse | fraud      |     10 |                 |     |   130 |       30 |     100
02-03   |          | reverse | fraud      |     90 |                 | 3   |    40 |       30 |      10
02-03   |          | reverse | fraud      |     20 |                 | 3   |    20 |       20 |       0
02-04   |          | refund  | experiment |     50 |                 | 4   |    70 |       70 |       0
""",
        [(5, "reverse_unknown"), (6, "reverse_unknown"), (8, "reverse_unknown")],
    ),
}


@pytest.mark.parametrize(("table", "expected"), BAD.values(), ids=BAD)
def test_bad_entries_are_named_and_still_move_the_balance(
    table: str, expected: list[tuple[int, str]]
) -> None:
    """What cannot be right is a problem of its row, and the balances of all rows add up all the same."""
    assert expected == problems_of(lines_of(table))


def test_nothing_is_left_of_an_entry_undone_more_than_once() -> None:
    """What may still be refunded is never negative."""
    over = Referred(operation=Operation.DEBIT, tokens=100, lot_seq=1, undone=130)

    assert 0 == over.left
    assert 70 == Referred(operation=Operation.DEBIT, tokens=100, lot_seq=1, undone=30).left


def test_what_a_reverse_needs_comes_from_the_grant() -> None:
    """Its seq, tokens and source, and what was reversed of it before."""
    granted = entry(Operation.GRANT, seq=4, tokens=500, lot=lot_terms("purchased"))

    assert Referred(
        operation=Operation.GRANT, tokens=500, lot_seq=4, undone=200, source=Source.PURCHASED
    ) == referred_to(granted, undone=200)
