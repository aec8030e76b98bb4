"""Sums by month, kept with the entries, so that a report never adds up a history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from nostr_usage.ledger.entry import Operation
from nostr_usage.store.database import Connected


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthTotal:
    """All entries of one operation and type in one month (`2026-02`, UTC); `cost` is micro-dollars."""

    month: str
    operation: Operation
    type: str
    count: int
    tokens: int
    cost: int


class DayUse(NamedTuple):
    """What one day (UTC, counted from 1970-01-01) used: debits less refunds; `cost` is micro-dollars."""

    day: int
    tokens: int
    cost: int


class TotalReads(Connected):
    """Sums by month of `occurred_at`, operation and type."""

    __slots__ = ()

    def month_totals(self, stream_no: int, month: str | None = None) -> tuple[MonthTotal, ...]:
        """The sums of one month of a stream, or of all its months in order."""
        rows = self._connection.execute(
            "SELECT month, operation, type, count, tokens, cost FROM month_totals"
            " WHERE stream_no = ?1 AND (?2 IS NULL OR month = ?2) ORDER BY month, operation, type",
            (stream_no, month),
        )
        return tuple(map(_month_total, rows))

    def ledger_month_totals(self, month: str, *, meter: str) -> tuple[MonthTotal, ...]:
        """The sums of one month over every stream of a meter."""
        rows = self._connection.execute(
            "SELECT month, operation, type, sum(count), sum(tokens), sum(cost)"
            " FROM month_totals JOIN streams USING (stream_no) WHERE month = ? AND meter = ?"
            " GROUP BY operation, type ORDER BY operation, type",
            (month, meter),
        )
        return tuple(map(_month_total, rows))

    def daily_use(self, stream_no: int, month: str) -> tuple[DayUse, ...]:
        """What each day of a month used, oldest first; days without debits and refunds are left out."""
        rows = self._connection.execute(
            "SELECT occurred_at / 86400,"
            " sum(CASE WHEN operation = 'debit' THEN tokens ELSE -tokens END),"
            " sum(CASE WHEN operation = 'debit' THEN cost ELSE -cost END) FROM entries"
            " WHERE stream_no = ?1 AND month = ?2 AND (operation = 'debit' OR operation = 'refund')"
            " AND seq >= (SELECT min(first_seq) FROM month_totals WHERE stream_no = ?1 AND month = ?2)"
            " AND seq <= (SELECT max(last_seq) FROM month_totals WHERE stream_no = ?1 AND month = ?2)"
            " GROUP BY occurred_at / 86400 ORDER BY occurred_at / 86400",
            (stream_no, month),
        )
        return tuple(DayUse(*row) for row in rows)

    def months(self, stream_no: int) -> tuple[str, ...]:
        """The months in which a stream has entries, oldest first."""
        rows = self._connection.execute(
            "SELECT DISTINCT month FROM month_totals WHERE stream_no = ? ORDER BY month", (stream_no,)
        )
        return tuple(month for (month,) in rows)


def _month_total(row: tuple[str, str, str, int, int, int]) -> MonthTotal:
    month, operation, type_, count, tokens, cost = row
    return MonthTotal(
        month=month, operation=Operation(operation), type=type_, count=count, tokens=tokens, cost=cost
    )
