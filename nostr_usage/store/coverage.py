"""Which relays have which entries of a stream: what they confirmed to an operator, showed to a follower."""

from typing import NamedTuple

from nostr_usage.store.database import Connected


class MonthHeld(NamedTuple):
    """How many entries of one month (`2026-02`, UTC) one relay has."""

    month: str
    relay_no: int
    held: int


class CoverageReads(Connected):
    """Entries by month and relay, and those that a relay lacks."""

    __slots__ = ()

    def entries_by_month(self, stream_no: int) -> dict[str, int]:
        """How many entries each month of a stream has, the oldest month first."""
        rows = self._connection.execute(
            "SELECT month, sum(count) FROM month_totals WHERE stream_no = ? GROUP BY month ORDER BY month",
            (stream_no,),
        )
        return dict(rows.fetchall())

    def held_by_month(self, stream_no: int) -> tuple[MonthHeld, ...]:
        """How many entries of each month each relay confirmed or showed; none is left out."""
        rows = self._connection.execute(_HELD_BY_MONTH, (stream_no,))
        return tuple(MonthHeld(*row) for row in rows)

    def entry_nos_missing(
        self, stream_no: int, relay_no: int, *, after_entry_no: int, limit: int
    ) -> tuple[int, ...]:
        """Entries of a stream that a relay neither confirmed nor showed, by number, at most `limit`."""
        rows = self._connection.execute(_MISSING, (stream_no, relay_no, after_entry_no, limit))
        return tuple(entry_no for (entry_no,) in rows)


_HELD = (
    "(EXISTS (SELECT 1 FROM outbox WHERE outbox.event_no = entries.entry_no"
    " AND outbox.relay_no = relays.relay_no AND outbox.state = 'confirmed')"
    " OR EXISTS (SELECT 1 FROM sightings WHERE sightings.entry_no = entries.entry_no"
    " AND sightings.relay_mask >> relays.relay_no & 1))"
)
_HELD_BY_MONTH = (
    "SELECT month, relay_no, count(*) FROM entries CROSS JOIN relays WHERE stream_no = ? AND "  # noqa: S608  # fragments of this module
    + _HELD
    + " GROUP BY month, relay_no"
)
_MISSING = (
    "SELECT entry_no FROM entries JOIN (SELECT ?2 AS relay_no) AS relays"  # noqa: S608  # as above
    " WHERE stream_no = ?1 AND entry_no > ?3 AND NOT " + _HELD + " ORDER BY seq LIMIT ?4"
)
