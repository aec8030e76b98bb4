"""What relays have against events that they did not take."""

from typing import NamedTuple

from nostr_usage.store.database import Connected
from nostr_usage.store.outbox import OutboxState


class ObjectionRow(NamedTuple):
    """How many events a relay refused for a reason, for good or until later."""

    state: OutboxState
    reason: str
    events: int


class ObjectionReads(Connected):
    """The reasons in the outbox."""

    __slots__ = ()

    def objections(self, relay_no: int, *, limit: int) -> tuple[ObjectionRow, ...]:
        """The reasons of one relay for what it did not take, the most frequent first."""
        rows = self._connection.execute(
            "SELECT state, reason, count(*) FROM outbox"
            " WHERE relay_no = ? AND (state = 'pending' OR state = 'refused') AND reason <> ''"
            " GROUP BY state, reason ORDER BY count(*) DESC, state, reason LIMIT ?",
            (relay_no, limit),
        )
        return tuple(
            ObjectionRow(state=OutboxState(state), reason=reason, events=events)
            for state, reason, events in rows
        )
