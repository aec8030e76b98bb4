"""The outbox: signed events on their way to relays, one row for each event and relay.

pending ─▶ accepted (the relay said OK) ─▶ confirmed (it serves the event)
   │  ◀────────┘ not served                    pending ─▶ refused (final)
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from nostr_usage.errors import HomeError
from nostr_usage.store.database import Connected
from nostr_usage.store.settings import SettingReads

REASON_LENGTH_MAX = 1000
MUST_RECOVER = "must_recover"
"""The setting that says why a store may be behind what its ledger has published; empty if it is not."""


class OutboxState(StrEnum):
    """How far an event has come with one relay."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class DueEvent(NamedTuple):
    """An event to send to a relay now, or to read back from it."""

    event_no: int
    event_id: str
    event_json: bytes
    attempts: int


class OutboxRow(NamedTuple):
    """One event and one relay; `reason` is what the relay said last."""

    event_no: int
    relay_no: int
    state: OutboxState
    attempts: int
    next_attempt_at: int
    reason: str
    changed_at: int


class OutboxCount(NamedTuple):
    """How many events are in one state with one relay."""

    relay_no: int
    state: OutboxState
    count: int  # pyright: ignore[reportIncompatibleMethodOverride]  # of events; nobody counts items


class OutboxReads(Connected):
    """What is due, and how far each event has come."""

    __slots__ = ()

    def outbox_due(self, relay_no: int, *, now: int, limit: int) -> tuple[DueEvent, ...]:
        """Events to send to a relay, in the order of commit; none whose stream has an earlier one delayed."""
        return self._due(relay_no, OutboxState.PENDING, now, limit)

    def outbox_to_read_back(self, relay_no: int, *, now: int, limit: int) -> tuple[DueEvent, ...]:
        """Events that a relay said to have stored, to be read back from it."""
        return self._due(relay_no, OutboxState.ACCEPTED, now, limit)

    def outbox_next_attempt_at(self, relay_no: int) -> int | None:
        """When the first pending event of a relay is due; None if none is pending."""
        return self._connection.execute(
            "SELECT min(next_attempt_at) FROM outbox WHERE relay_no = ? AND state = 'pending'", (relay_no,)
        ).fetchone()[0]

    def outbox_counts(self) -> tuple[OutboxCount, ...]:
        """How many events are in which state, by relay and state; states without events are left out."""
        rows = self._connection.execute(
            "SELECT relay_no, state, count(*) FROM outbox"
            " WHERE state = 'pending' OR state = 'accepted' OR state = 'refused' GROUP BY relay_no, state"
            " UNION ALL SELECT relay_no, 'confirmed', confirmed FROM relays WHERE confirmed > 0"
        )
        return tuple(
            OutboxCount(relay_no=relay_no, state=OutboxState(state), count=count)
            for relay_no, state, count in sorted(rows)
        )

    def outbox_waiting_since(self, relay_no: int) -> int | None:
        """When the oldest entry that waits for a relay was signed, unix seconds; None if none waits."""
        return self._connection.execute(
            "SELECT min(created_at) FROM outbox JOIN entries ON entry_no = event_no"
            " WHERE relay_no = ? AND (state = 'pending' OR state = 'accepted')",
            (relay_no,),
        ).fetchone()[0]

    def outbox_unqueued(self, relay_no: int) -> int:
        """How many events were never queued for a relay: it joined after they were signed."""
        queued = self._connection.execute(
            "SELECT confirmed + (SELECT count(*) FROM outbox"
            " WHERE relay_no = ?1 AND (state = 'pending' OR state = 'accepted' OR state = 'refused'))"
            " FROM relays WHERE relay_no = ?1",
            (relay_no,),
        ).fetchone()[0]
        return self.last_event_no() - queued

    def last_event_no(self) -> int:
        """The number of the newest event, and so how many there are."""
        return self._connection.execute("SELECT coalesce(max(event_no), 0) FROM events").fetchone()[0]

    def outbox_refused(self, relay_no: int, *, limit: int) -> tuple[int, ...]:
        """Numbers of events that a relay will never take, the first to be signed first."""
        rows = self._connection.execute(
            "SELECT event_no FROM outbox WHERE relay_no = ? AND state = 'refused' ORDER BY event_no LIMIT ?",
            (relay_no, limit),
        )
        return tuple(number for (number,) in rows)

    def outbox_unpublished(self, quorum: int) -> int:
        """How many events were queued, and are confirmed by fewer than `quorum` relays."""
        return self._connection.execute(
            "SELECT count(*) FROM (SELECT DISTINCT event_no FROM outbox"
            " WHERE state = 'pending' OR state = 'accepted' OR state = 'refused') AS open WHERE"
            " (SELECT count(*) FROM outbox WHERE event_no = open.event_no AND state = 'confirmed') < ?",
            (quorum,),
        ).fetchone()[0]

    def outbox_of(self, event_no: int) -> tuple[OutboxRow, ...]:
        """How far one event has come with each relay."""
        rows = self._connection.execute(
            "SELECT event_no, relay_no, state, attempts, next_attempt_at, reason, changed_at FROM outbox"
            " WHERE event_no = ? ORDER BY relay_no",
            (event_no,),
        )
        return tuple(_outbox_row(row) for row in rows)

    def _due(self, relay_no: int, state: OutboxState, now: int, limit: int) -> tuple[DueEvent, ...]:
        rows = self._connection.execute(
            _DUE[state],
            (relay_no, now, limit),
        )
        return tuple(
            DueEvent(event_no=number, event_id=event_id.hex(), event_json=event, attempts=attempts)
            for number, event_id, event, attempts in rows
        )


class OutboxWrites(OutboxReads, SettingReads):
    """Moves of events through the outbox; an event that is not in a fitting state stays where it is."""

    __slots__ = ()

    def queue_outbox(self, event_nos: Iterable[int], relay_nos: Sequence[int], *, now: int) -> None:
        """Have each event sent to each relay; what was queued before stays as it is.

        Raises:
            HomeError: if the store may be behind the relays: what it signs could contradict what it forgot.
        """
        behind = self.setting(MUST_RECOVER)
        if behind:
            raise HomeError(
                f"this store must recover before it signs: {behind}",
                advice="Run `nostr-usage recover`: it reads what the ledger has published since.",
            )
        self._connection.executemany(
            "INSERT INTO outbox (relay_no, event_no, state, attempts, next_attempt_at, reason, changed_at)"
            " VALUES (?, ?, 'pending', 0, ?, '', ?) ON CONFLICT DO NOTHING",
            [(relay_no, event_no, now, now) for event_no in event_nos for relay_no in relay_nos],
        )

    def mark_accepted(
        self, relay_no: int, event_nos: Iterable[int], *, now: int, read_back_at: int | None = None
    ) -> None:
        """The relay answered OK to pending events; they are to be read back at `read_back_at`, or now."""
        due = now if read_back_at is None else read_back_at
        self._connection.executemany(
            "UPDATE outbox SET state = 'accepted', attempts = attempts + 1, next_attempt_at = ?, reason = '',"
            " changed_at = ? WHERE relay_no = ? AND event_no = ? AND state = 'pending'",
            [(due, now, relay_no, event_no) for event_no in event_nos],
        )

    def mark_confirmed(self, relay_no: int, event_nos: Iterable[int], *, now: int) -> None:
        """The relay served the events, whatever it had said of them."""
        moved = self._connection.executemany(
            "UPDATE outbox SET state = 'confirmed', reason = '', changed_at = ?"
            " WHERE relay_no = ? AND event_no = ? AND state <> 'confirmed'",
            [(now, relay_no, event_no) for event_no in event_nos],
        ).rowcount
        self._count_confirmed(relay_no, moved)

    def mark_later(
        self, relay_no: int, event_nos: Iterable[int], *, reason: str, next_attempt_at: int, now: int
    ) -> None:
        """The relay did not take pending events, or does not serve accepted ones: try again then."""
        self._connection.executemany(
            "UPDATE outbox SET state = 'pending', attempts = attempts + (state = 'pending'),"
            " next_attempt_at = ?, reason = ?, changed_at = ?"
            " WHERE relay_no = ? AND event_no = ? AND state IN ('pending', 'accepted')",
            [
                (next_attempt_at, reason[:REASON_LENGTH_MAX], now, relay_no, event_no)
                for event_no in event_nos
            ],
        )

    def mark_refused(self, relay_no: int, event_nos: Iterable[int], *, reason: str, now: int) -> None:
        """The relay will never take these pending events."""
        self._connection.executemany(
            "UPDATE outbox SET state = 'refused', attempts = attempts + 1, reason = ?, changed_at = ?"
            " WHERE relay_no = ? AND event_no = ? AND state = 'pending'",
            [(reason[:REASON_LENGTH_MAX], now, relay_no, event_no) for event_no in event_nos],
        )

    def requeue_outbox(self, relay_no: int, event_nos: Iterable[int], *, now: int) -> None:
        """Send events again, in whatever state they are: the relay lost them, or somebody asks for it."""
        rows = [(now, now, relay_no, event_no) for event_no in event_nos]
        moved = self._connection.executemany(
            "UPDATE outbox SET state = 'pending', attempts = 0, next_attempt_at = ?, reason = '',"
            " changed_at = ? WHERE relay_no = ? AND event_no = ? AND state = 'confirmed'",
            rows,
        ).rowcount
        self._count_confirmed(relay_no, -moved)
        self._connection.executemany(
            "UPDATE outbox SET state = 'pending', attempts = 0, next_attempt_at = ?, reason = '',"
            " changed_at = ? WHERE relay_no = ? AND event_no = ? AND state <> 'confirmed'",
            rows,
        )

    def hasten_outbox(self, relay_no: int, *, now: int) -> int:
        """Have what waits for another attempt sent or read back now; how many events that is."""
        return self._connection.execute(
            "UPDATE outbox SET next_attempt_at = ?1, changed_at = ?1 WHERE relay_no = ?2"
            " AND (state = 'pending' OR state = 'accepted') AND next_attempt_at > ?1",
            (now, relay_no),
        ).rowcount

    def _count_confirmed(self, relay_no: int, more: int) -> None:
        self._connection.execute(
            "UPDATE relays SET confirmed = confirmed + ? WHERE relay_no = ?", (more, relay_no)
        )


_DUE = {
    OutboxState.PENDING: (
        "WITH delayed AS MATERIALIZED (SELECT stream_no, min(event_no) AS first_no FROM outbox"
        " JOIN entries ON entry_no = event_no"
        " WHERE relay_no = ?1 AND state = 'pending' AND next_attempt_at > ?2 GROUP BY stream_no)"
        " SELECT event_no, event_id, event, attempts FROM (SELECT event_no, attempts FROM outbox"
        " WHERE relay_no = ?1 AND state = 'pending' AND next_attempt_at <= ?2"
        " AND (NOT EXISTS (SELECT 1 FROM delayed) OR NOT EXISTS (SELECT 1 FROM entries"
        " JOIN delayed USING (stream_no) WHERE entry_no = outbox.event_no AND first_no < entry_no))"
        " ORDER BY event_no LIMIT ?3) JOIN events USING (event_no) ORDER BY event_no"
    ),
    OutboxState.ACCEPTED: (
        "SELECT event_no, event_id, event, attempts FROM outbox JOIN events USING (event_no)"
        " WHERE relay_no = ? AND state = 'accepted' AND next_attempt_at <= ?"
        " ORDER BY next_attempt_at, event_no LIMIT ?"
    ),
}


def _outbox_row(row: tuple[int, int, str, int, int, str, int]) -> OutboxRow:
    event_no, relay_no, state, attempts, next_attempt_at, reason, changed_at = row
    return OutboxRow(
        event_no=event_no,
        relay_no=relay_no,
        state=OutboxState(state),
        attempts=attempts,
        next_attempt_at=next_attempt_at,
        reason=reason,
        changed_at=changed_at,
    )
