"""Sums by month, kept with the entries, so that a report never adds up a history."""

from collections.abc import Iterable
from typing import NamedTuple

from nostr_usage.ledger.names import Operation
from nostr_usage.store.database import Connected

SUM_MAX = 10**18
"""Saved sums end here: only whoever signs absurd amounts comes this far, and SQLite's integers reach not much
farther. Two such sums can still be added."""


class MonthTotal(NamedTuple):
    """All entries of one operation and type in one month (`2026-02`, UTC); `cost` is micro-dollars."""

    month: str
    operation: Operation
    type: str
    count: int  # pyright: ignore[reportIncompatibleMethodOverride]  # of entries; nobody counts items
    tokens: int
    cost: int


class DayUse(NamedTuple):
    """What one day (UTC, counted from 1970-01-01) used: debits less refunds; `cost` is micro-dollars."""

    day: int
    tokens: int
    cost: int


class UseSumRow(NamedTuple):
    """Debits less refunds of one part of a stream's use: one name of a dimension in one day or month.

    `span` is `day` or `month`, `period` counts them since January 1970 (UTC), `cost` is micro-dollars.
    """

    span: str
    dimension: str
    period: int
    name: str
    actions: int
    tokens: int
    cost: int


class UnitSumRow(NamedTuple):
    """What one model reported in one bucket, in one day or month."""

    span: str
    period: int
    model: str
    bucket: str
    units: int


class TotalReads(Connected):
    """Sums by month of `occurred_at`, operation and type; saved sums of use."""

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
            "SELECT month, operation, type, sum(count), sum(tokens / 1000000000), sum(tokens % 1000000000),"
            " sum(cost / 1000000000), sum(cost % 1000000000)"
            " FROM month_totals JOIN streams USING (stream_no) WHERE month = ? AND meter = ?"
            " GROUP BY operation, type ORDER BY operation, type",
            (month, meter),
        )
        return tuple(
            _month_total((month, operation, type_, count, _whole(tokens, of_tokens), _whole(cost, of_cost)))
            for month, operation, type_, count, tokens, of_tokens, cost, of_cost in rows
        )

    def uncountable(self, stream_no: int) -> tuple[MonthTotal, ...]:
        """The sums by month of a stream that ended at `SUM_MAX`, so that nobody knows the true ones."""
        rows = self._connection.execute(
            "SELECT month, operation, type, count, tokens, cost FROM month_totals"
            " WHERE stream_no = ?1 AND (tokens >= ?2 OR cost >= ?2) ORDER BY month, operation, type",
            (stream_no, SUM_MAX),
        )
        return tuple(map(_month_total, rows))

    def purchased_in(self, stream_no: int, month: str) -> int:
        """The tokens that were granted in a month and bought, whatever the grants were called."""
        rows = self._connection.execute(
            "SELECT grants.tokens FROM month_totals AS sums JOIN entries AS grants"
            " ON grants.stream_no = sums.stream_no AND seq BETWEEN first_seq AND last_seq"
            " AND grants.month = sums.month AND grants.operation = 'grant' AND grants.type = sums.type"
            " WHERE sums.stream_no = ? AND sums.month = ? AND sums.operation = 'grant'"
            " AND lot_source = 'purchased'",
            (stream_no, month),
        )
        return sum(tokens for (tokens,) in rows)

    def daily_use(self, stream_no: int, month: str) -> tuple[DayUse, ...]:
        """What each day of a month used, oldest first; days without debits and refunds are left out."""
        rows = self._connection.execute(
            "SELECT day, sum(tokens / 1000000000), sum(tokens % 1000000000), sum(cost / 1000000000),"
            " sum(cost % 1000000000) FROM (SELECT occurred_at / 86400 AS day,"
            " CASE operation WHEN 'debit' THEN tokens ELSE -tokens END AS tokens,"
            " CASE operation WHEN 'debit' THEN cost ELSE -cost END AS cost FROM entries"
            " WHERE stream_no = ?1 AND month = ?2 AND (operation = 'debit' OR operation = 'refund')"
            " AND seq >= (SELECT min(first_seq) FROM month_totals WHERE stream_no = ?1 AND month = ?2)"
            " AND seq <= (SELECT max(last_seq) FROM month_totals WHERE stream_no = ?1 AND month = ?2)"
            ") GROUP BY day ORDER BY day",
            (stream_no, month),
        )
        return tuple(
            DayUse(day=day, tokens=_whole(tokens, of_tokens), cost=_whole(cost, of_cost))
            for day, tokens, of_tokens, cost, of_cost in rows
        )

    def months(self, stream_no: int) -> tuple[str, ...]:
        """The months in which a stream has entries, oldest first."""
        rows = self._connection.execute(
            "SELECT DISTINCT month FROM month_totals WHERE stream_no = ? ORDER BY month", (stream_no,)
        )
        return tuple(month for (month,) in rows)

    def use_sums_through(self, stream_no: int) -> int:
        """The seq through which the saved sums of use go; 0 if none are saved."""
        row = self._connection.execute(
            "SELECT seq FROM use_sums_through WHERE stream_no = ?", (stream_no,)
        ).fetchone()
        return row[0] if row else 0

    def use_sums(
        self, stream_no: int, *, span: str, dimension: str, first: int, last: int
    ) -> tuple[UseSumRow, ...]:
        """The saved sums of a stream in one dimension, in the periods from `first` to `last`."""
        rows = self._connection.execute(
            "SELECT span, dimension, period, name, count, tokens, cost FROM use_sums"
            " WHERE stream_no = ? AND span = ? AND dimension = ? AND period BETWEEN ? AND ?"
            " ORDER BY period, name",
            (stream_no, span, dimension, first, last),
        )
        return tuple(UseSumRow(*row) for row in rows)

    def unit_sums(self, stream_no: int, *, span: str, first: int, last: int) -> tuple[UnitSumRow, ...]:
        """The saved sums of what models reported, in the periods from `first` to `last`."""
        rows = self._connection.execute(
            "SELECT span, period, model, bucket, units FROM unit_sums"
            " WHERE stream_no = ? AND span = ? AND period BETWEEN ? AND ? ORDER BY period, model, bucket",
            (stream_no, span, first, last),
        )
        return tuple(UnitSumRow(*row) for row in rows)


class TotalWrites(TotalReads):
    """Saving sums of use."""

    __slots__ = ()

    def add_to_use_sums(
        self,
        stream_no: int,
        *,
        after_seq: int,
        through_seq: int,
        uses: Iterable[UseSumRow],
        units: Iterable[UnitSumRow],
    ) -> bool:
        """Add the sums of the entries after `after_seq` through `through_seq`; whether these were next.

        Two who add the same entries at once: the first wins, the other changes nothing.
        """
        if self.use_sums_through(stream_no) != after_seq:
            return False
        self._connection.execute(
            "INSERT INTO use_sums_through (stream_no, seq) VALUES (?, ?)"
            " ON CONFLICT (stream_no) DO UPDATE SET seq = excluded.seq",
            (stream_no, through_seq),
        )
        self._connection.executemany(
            "INSERT INTO use_sums (stream_no, span, dimension, period, name, count, tokens, cost)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (stream_no, span, dimension, period, name)"
            " DO UPDATE SET count = count + excluded.count,"
            " tokens = max(-?9, min(tokens + excluded.tokens, ?9)),"
            " cost = max(-?9, min(cost + excluded.cost, ?9))",
            [(stream_no, *row[:5], _bounded(row.tokens), _bounded(row.cost), SUM_MAX) for row in uses],
        )
        self._connection.executemany(
            "INSERT INTO unit_sums (stream_no, span, period, model, bucket, units)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
            " ON CONFLICT (stream_no, span, period, model, bucket)"
            " DO UPDATE SET units = min(units + excluded.units, ?7)",
            [(stream_no, *row[:4], _bounded(row.units), SUM_MAX) for row in units],
        )
        return True


def _bounded(total: int) -> int:
    return max(-SUM_MAX, min(total, SUM_MAX))


def _whole(high: int, low: int) -> int:
    """A sum that was made in two halves: SQLite gives up on one that its integers do not hold."""
    return high * 1_000_000_000 + low


def _month_total(row: tuple[str, str, str, int, int, int]) -> MonthTotal:
    month, operation, type_, count, tokens, cost = row
    return MonthTotal(
        month=month, operation=Operation(operation), type=type_, count=count, tokens=tokens, cost=cost
    )
