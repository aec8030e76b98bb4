"""What earlier actions were charged, for estimates of the next one; and what was estimated against that."""

from nostr_usage.store.database import Connected


class EstimateReads(Connected):
    """Charges of a stream's newest debits and holds."""

    __slots__ = ()

    def newest_debits(
        self, stream_no: int, *, after_seq: int, activity: str, model: str | None, limit: int
    ) -> list[tuple[int, bytes]]:
        """(tokens, raw event) of the newest debits for an activity after an entry, newest first.

        With a model, only those that name it.
        """
        return self._connection.execute(
            "SELECT tokens, event FROM entries JOIN events ON event_no = entry_no"
            " WHERE stream_no = ?1 AND seq > ?2 AND operation = 'debit' AND type = ?3"
            " AND (?4 IS NULL OR EXISTS (SELECT 1 FROM entry_models"
            " WHERE entry_models.entry_no = entries.entry_no AND model = ?4))"
            " ORDER BY seq DESC LIMIT ?5",
            (stream_no, after_seq, activity, model, limit),
        ).fetchall()

    def settled_holds(
        self, stream_no: int, *, activity: str | None, limit: int
    ) -> list[tuple[str, int, int]]:
        """(activity, tokens held, tokens charged) of the holds made last that were settled, newest first.

        Of one activity, or of all.
        """
        return self._connection.execute(
            "SELECT activity, holds.tokens, entries.tokens FROM holds JOIN entries USING (entry_no)"
            " WHERE holds.stream_no = ?1 AND state = 'settled' AND (?2 IS NULL OR activity = ?2)"
            " ORDER BY hold_no DESC LIMIT ?3",
            (stream_no, activity, limit),
        ).fetchall()

    def subjects_after(self, stream_no: int, *, after_seq: int, scope: str) -> list[str]:
        """The members, groups, models or activities that debits after an entry name, sorted."""
        if scope == "model":
            rows = self._connection.execute(
                "SELECT DISTINCT model FROM entries JOIN entry_models USING (entry_no)"
                " WHERE stream_no = ? AND seq > ? AND operation = 'debit' ORDER BY model",
                (stream_no, after_seq),
            )
        else:
            rows = self._connection.execute(
                "SELECT DISTINCT CASE ?3 WHEN 'member' THEN actor WHEN 'group' THEN member_group"
                " ELSE type END AS subject FROM entries WHERE stream_no = ?1 AND seq > ?2"
                " AND operation = 'debit' AND subject IS NOT NULL ORDER BY subject",
                (stream_no, after_seq, scope),
            )
        return [row[0] for row in rows]
