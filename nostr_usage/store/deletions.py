"""Requests of the ledger key to delete what it signed: evidence, kept as it came."""

from typing import NamedTuple

from nostr_usage.store.database import Connected
from nostr_usage.store.memory import Remembered

_PREFIX = "deletion:"
_AFTER_PREFIX = "deletion;"


class DeletionRow(NamedTuple):
    """A signed request to delete, as raw JSON."""

    event_id: str
    event_json: str


class DeletionReads(Connected):
    """The requests that any relay showed."""

    __slots__ = ()

    def deletion_requests(self) -> tuple[DeletionRow, ...]:
        """All that are kept, by id."""
        rows = self._connection.execute(
            "SELECT substr(name, ?), value FROM settings WHERE name > ? AND name < ? ORDER BY name",
            (len(_PREFIX) + 1, _PREFIX, _AFTER_PREFIX),
        )
        return tuple(DeletionRow(event_id=event_id, event_json=value) for event_id, value in rows)


class DeletionWrites(DeletionReads):
    """Keeping them."""

    __slots__ = ()

    def add_deletion_request(self, event_id: str, event_json: str) -> None:
        """Keep a request whose signature was checked; one that is kept stays as it is."""
        self._connection.execute(
            "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (_PREFIX + event_id, event_json),
        )
        self._forget(Remembered.SETTING)
