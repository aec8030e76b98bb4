"""What was spent within a window of time, by whom and on what; budgets, and the alerts already given.

A tally is a saved sum that says through which entry it adds; asking reads only the entries after that. So
nothing has to be written with every debit, whoever writes it, and a tally that is lost costs one addition.
"""

from typing import NamedTuple

from nostr_usage.store.database import Connected
from nostr_usage.store.memory import Remembered

# Fewer new entries than this are added up again sooner than a row is written.
_SAVED_FROM_ENTRIES = 32


class Tally(NamedTuple):
    """`tokens` spent since `start` by the entries of a stream through `through_seq`."""

    start: int
    tokens: int
    through_seq: int


class BudgetRow(NamedTuple):
    """A budget of an account's own."""

    scope: str
    subject: str
    period: str
    tokens: int
    enforcement: str


class AlertRow(NamedTuple):
    """An alert that was given: once for each cycle or window (`since`), again after a top-up."""

    kind: str
    subject: str
    threshold: int
    since: int
    remaining: int
    given_at: int


class SpendingReads(Connected):
    """Sums and counts of a stream's newest debits, and an account's own budgets."""

    __slots__ = ()

    def seq_before(self, stream_no: int, *, seq: int, created_at: int) -> int:
        """The last entry written before `created_at`, going back from `seq`; 0 if there is none.

        Times do not go back within a stream, so steps that double find it, however long the stream is.
        """
        step, low = 1, seq
        while low > 0 and self._created_at(stream_no, low) >= created_at:
            low = max(low - step, 0)
            step *= 2
        high = min(low + step, seq)
        while low < high:
            middle = (low + high + 1) // 2
            if self._created_at(stream_no, middle) >= created_at:
                high = middle - 1
            else:
                low = middle
        return low

    def debits_after(
        self, stream_no: int, *, after_seq: int, scope: str, subject: str, newest: int
    ) -> tuple[int, int | None]:
        """How many debits of a subject come after an entry, and when the `newest`-th newest was written.

        Counting stops at `newest`, which is all that a limit needs to know.
        """
        rows = self._connection.execute(
            "SELECT created_at FROM entries WHERE stream_no = ?1 AND seq > ?2 AND operation = 'debit'"
            " AND (?3 = 'account' OR actor IS ?4) ORDER BY seq DESC LIMIT ?5",
            (stream_no, after_seq, scope, subject, newest),
        ).fetchall()
        return len(rows), rows[-1][0] if rows and len(rows) == newest else None

    def tally(
        self, stream_no: int, *, seq: int, scope: str, subject: str, period: str, start: int
    ) -> tuple[Tally, int]:
        """What a subject spent since `start`, through entry `seq`, and how many entries were new to that.

        It adds the debits whose occurred_at lies at or after `start`, in full, refunded or not.
        """
        row = self._connection.execute(
            "SELECT start, tokens, through_seq FROM tallies"
            " WHERE stream_no = ? AND scope = ? AND subject = ? AND period = ?",
            (stream_no, scope, subject, period),
        ).fetchone()
        saved = Tally(*row) if row else None
        if saved is None or saved.start != start or saved.through_seq > seq:
            # Nothing is dated in the future, so nothing written before the window lies in it.
            saved = Tally(start, 0, self.seq_before(stream_no, seq=seq, created_at=start))
        added = 0
        if saved.through_seq < seq:
            added = self._connection.execute(
                "SELECT coalesce(sum(tokens), 0) FROM entries WHERE stream_no = ?1 AND seq > ?2 AND seq <= ?3"
                " AND operation = 'debit' AND occurred_at >= ?4 AND CASE ?5"
                " WHEN 'account' THEN 1 WHEN 'member' THEN actor IS ?6 WHEN 'group' THEN member_group IS ?6"
                " WHEN 'activity' THEN type = ?6 ELSE EXISTS (SELECT 1 FROM entry_models"
                " WHERE entry_models.entry_no = entries.entry_no AND model = ?6) END",
                (stream_no, saved.through_seq, seq, start, scope, subject),
            ).fetchone()[0]
        return Tally(start, saved.tokens + added, seq), seq - saved.through_seq

    def budgets(self, account_no: int) -> tuple[BudgetRow, ...]:
        """The budgets of an account's own."""
        return self._recall(Remembered.BUDGETS, account_no, lambda: self._read_budgets(account_no))

    def _read_budgets(self, account_no: int) -> tuple[BudgetRow, ...]:
        rows = self._connection.execute(
            "SELECT scope, subject, period, tokens, enforcement FROM budgets WHERE account_no = ?"
            " ORDER BY scope, subject, period",
            (account_no,),
        )
        return tuple(BudgetRow(*row) for row in rows)

    def alerts(self, stream_no: int, *, limit: int = -1) -> tuple[AlertRow, ...]:
        """The alerts that were given about a stream, newest first."""
        rows = self._connection.execute(
            "SELECT kind, subject, threshold, since, remaining, given_at FROM alerts WHERE stream_no = ?"
            " ORDER BY given_at DESC, kind, subject, threshold DESC LIMIT ?",
            (stream_no, limit),
        )
        return tuple(AlertRow(*row) for row in rows)

    def _created_at(self, stream_no: int, seq: int) -> int:
        return self._connection.execute(
            "SELECT created_at FROM entries WHERE stream_no = ? AND seq = ?", (stream_no, seq)
        ).fetchone()[0]


class SpendingWrites(SpendingReads):
    """Saving tallies, budgets, and which alerts were given."""

    __slots__ = ()

    def save_tally(
        self, stream_no: int, tally: Tally, *, scope: str, subject: str, period: str, new_entries: int
    ) -> None:
        """Save a sum, where that spares the next question enough entries."""
        if new_entries < _SAVED_FROM_ENTRIES:
            return
        self._connection.execute(
            "INSERT OR REPLACE INTO tallies (stream_no, scope, subject, period, start, tokens, through_seq)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (stream_no, scope, subject, period, *tally),
        )

    def set_budget(self, account_no: int, budget: BudgetRow) -> None:
        """Give an account a budget of its own, in place of an earlier one."""
        self._connection.execute(
            "INSERT OR REPLACE INTO budgets (account_no, scope, subject, period, tokens, enforcement)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (account_no, *budget),
        )
        self._forget(Remembered.BUDGETS)

    def drop_budget(self, account_no: int, *, scope: str, subject: str, period: str) -> bool:
        """Take a budget of an account's own away; whether there was one."""
        cursor = self._connection.execute(
            "DELETE FROM budgets WHERE account_no = ? AND scope = ? AND subject = ? AND period = ?",
            (account_no, scope, subject, period),
        )
        self._forget(Remembered.BUDGETS)
        return cursor.rowcount == 1

    def give_alert(
        self,
        stream_no: int,
        *,
        kind: str,
        subject: str,
        threshold: int,
        since: int,
        armed_by: int,
        remaining: int,
        now: int,
    ) -> bool:
        """Whether an alert whose threshold was crossed is to be given now; remembered if so.

        It is not if it was given in the same cycle or window, unless `armed_by` grew since: the tokens
        ever granted to the stream, or the size of the budget.
        """
        cursor = self._connection.execute(
            "INSERT INTO alerts (stream_no, kind, subject, threshold, since, armed_by, remaining,"
            " given_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (stream_no, kind, subject, threshold, since) DO UPDATE"
            " SET armed_by = excluded.armed_by, remaining = excluded.remaining,"
            " given_at = excluded.given_at WHERE excluded.armed_by > alerts.armed_by",
            (stream_no, kind, subject, threshold, since, armed_by, remaining, now),
        )
        return cursor.rowcount == 1
