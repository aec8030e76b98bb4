"""Sums by month, kept with the entries, so that a report never adds up a history."""

from __future__ import annotations

from dataclasses import dataclass

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
