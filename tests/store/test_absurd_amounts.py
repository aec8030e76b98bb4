"""Amounts that nobody signs but to break readers: sums end somewhere, and nothing is raised."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nostr_usage.amount import AMOUNT_MAX
from nostr_usage.ledger.entry import LotTerms, Operation, Source
from nostr_usage.store import Store, Transaction, UnitSumRow, UseSumRow
from nostr_usage.store.totals import SUM_MAX
from tests.store.ledger_lines import NOON, Stream, account_numbered

ENTRIES = 10_000
"""So many of the largest amount are more than a 64-bit integer holds."""
FEBRUARY = "2026-02"


def append_absurd(store: Store, stream: Stream, *, at_once: int) -> int:
    """Debits of the largest amount there is, some in each transaction; the number of the stream."""
    stream_no = 0
    for _ in range(ENTRIES // at_once):
        some = [stream.line(tokens=AMOUNT_MAX, cost=AMOUNT_MAX) for _ in range(at_once)]
        stream_no, _ = store.write(lambda transaction, some=some: stream.append(transaction, some))
    return stream_no


@pytest.mark.parametrize("at_once", [1_000, ENTRIES])
def test_a_sum_that_no_integer_holds_ends_at_its_bound(store: Store, at_once: int) -> None:
    """Whether it grows beyond it at once or step by step; and the store names it."""
    stream_no = append_absurd(store, Stream(), at_once=at_once)
    with store.read() as reader:
        (total,) = reader.month_totals(stream_no, FEBRUARY)
        assert (ENTRIES, SUM_MAX, SUM_MAX) == (total.count, total.tokens, total.cost)
        assert (total,) == reader.uncountable(stream_no)
        (day,) = reader.daily_use(stream_no, FEBRUARY)
        assert (ENTRIES * AMOUNT_MAX, ENTRIES * AMOUNT_MAX) == (day.tokens, day.cost)


def test_many_such_streams_are_added_up(store: Store) -> None:
    """The sum over a ledger is exact of what is saved, however much that is."""
    for number in range(12):
        stream = Stream(account=account_numbered(number))
        some = [stream.line(tokens=AMOUNT_MAX) for _ in range(1_001)]
        store.write(lambda transaction, stream=stream, some=some: stream.append(transaction, some))
    with store.read() as reader:
        (total,) = reader.ledger_month_totals(FEBRUARY, meter="tokens")
    assert 12 * SUM_MAX == total.tokens


def test_refunds_without_end_are_added_up(store: Store) -> None:
    """What was undone of a debit is more than the debit, and that is all that anyone must know."""
    stream = Stream()
    debit = stream.line(tokens=AMOUNT_MAX)
    refunds = [
        stream.line(operation=Operation.REFUND, tokens=AMOUNT_MAX, ref=debit.entry_id) for _ in range(ENTRIES)
    ]
    stream_no, _ = store.write(lambda transaction: stream.append(transaction, [debit, *refunds]))
    with store.read() as reader:
        referred = reader.referred(debit.entry_id, stream_no=stream_no)
        assert referred is not None
        assert referred.undone > AMOUNT_MAX
        (day,) = reader.daily_use(stream_no, FEBRUARY)
        assert (1 - ENTRIES) * AMOUNT_MAX == day.tokens


def test_saved_sums_of_use_end_at_their_bounds(store: Store) -> None:
    """In both directions: refunds make use negative."""
    stream_no = append_absurd(store, Stream(), at_once=ENTRIES)
    for step, sign in enumerate((1, 1, -1, -1, -1, -1)):
        amount = sign * 10 * SUM_MAX

        def save(transaction: Transaction, amount: int = amount, step: int = step) -> bool:
            use = UseSumRow("day", "activity", 1, "chat", 1, amount, amount)
            unit = UnitSumRow("day", 1, "gpt-4o", "output", abs(amount))
            return transaction.add_to_use_sums(
                stream_no, after_seq=step, through_seq=step + 1, uses=[use], units=[unit]
            )

        assert store.write(save)
    with store.read() as reader:
        (use,) = reader.use_sums(stream_no, span="day", dimension="activity", first=1, last=1)
        (unit,) = reader.unit_sums(stream_no, span="day", first=1, last=1)
    assert (-SUM_MAX, -SUM_MAX, SUM_MAX) == (use.tokens, use.cost, unit.units)


def test_plain_sums_would_be_noticed(store: Store, tmp_path: Path) -> None:
    """Control: added up without a bound, or in one piece, the database raises an error."""
    append_absurd(store, Stream(), at_once=ENTRIES)
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as connection:
        connection.execute("UPDATE month_totals SET tokens = 9 * tokens")
        with pytest.raises(sqlite3.IntegrityError, match="REAL value"):
            connection.execute("UPDATE month_totals SET tokens = tokens + tokens")
        with pytest.raises(sqlite3.OperationalError, match="integer overflow"):
            connection.execute("SELECT sum(tokens) FROM entries").fetchone()


def test_purchases_are_known_by_their_lots(store: Store) -> None:
    """Not by what the grant was called; those of other months and other sources are left out."""
    stream = Stream()
    bought = LotTerms(source=Source.PURCHASED, expires_at=None, priority=0)
    given = LotTerms(source=Source.GIFT, expires_at=None, priority=0)
    made = [
        stream.line(operation=Operation.GRANT, type="purchase", tokens=1, lot=bought),
        stream.line(operation=Operation.GRANT, type="gift-card", tokens=20, lot=bought),
        stream.line(operation=Operation.GRANT, type="purchase", tokens=300, lot=given),
        stream.line(tokens=4_000),
        stream.line(operation=Operation.GRANT, type="gift-card", tokens=50_000, lot=bought),
        stream.line(
            operation=Operation.GRANT, type="purchase", tokens=6, lot=bought, occurred_at=NOON + 30 * 86_400
        ),
    ]
    stream_no, _ = store.write(lambda transaction: stream.append(transaction, made))
    with store.read() as reader:
        assert 50_021 == reader.purchased_in(stream_no, FEBRUARY)
        assert 6 == reader.purchased_in(stream_no, "2026-03")
        assert 0 == reader.purchased_in(stream_no, "2026-04")
