"""Writing events: what is kept, what replaces what, and what was deleted, one transaction per batch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nostr_usage.embedded.database import (
    DELETION_KIND,
    address_of,
    coordinates_of,
    open_database,
    tag_key,
    tag_keys,
    tag_salt,
)
from nostr_usage.nostr.event import VerifiedEvent, event_from_json
from nostr_usage.nostr.message_items import event_id
from nostr_usage.nostr.tags import tag_values

# Numbers of authors that are remembered between batches; then they are looked up again.
_AUTHORS_KEPT_MAX = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an event.

    Attributes:
        is_accepted: the third item of its OK.
        reason: the fourth.
        arrival: its place among all events if it is new here, else None.
    """

    is_accepted: bool
    reason: str = ""
    arrival: int | None = None


DUPLICATE = Outcome(is_accepted=True, reason="duplicate: already have this event")
REPLACED = Outcome(is_accepted=False, reason="replaced: have newer event")
DELETED = Outcome(is_accepted=False, reason="deleted: its author asked to delete this event")


class EventStore:
    """The relay's only writer: `begin`, `save` for each event, then `commit` or `rollback`.

    One thread at a time. Any call may raise `sqlite3.Error`; then `rollback`.

    Raises:
        HomeError: if the file cannot be opened.
    """

    def __init__(self, path: Path, *, durable: bool) -> None:
        self._connection = open_database(path, durable=durable)
        self._salt = tag_salt(self._connection)
        self._arrival = 0
        self._author_numbers: dict[str, int] = {}
        # Few authors ever delete; events of all others need no look at deletions.
        self._deleters: set[str] = set()
        self._load_deleters()

    def begin(self) -> None:
        """Start a transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._arrival = self._connection.execute("SELECT coalesce(max(arrival), 0) FROM events").fetchone()[0]

    def save(self, event: VerifiedEvent, json: bytes) -> Outcome:
        """Keep `event`, which is not ephemeral and is written by `json`; not durable before `commit`."""
        coordinates = coordinates_of(event)
        author = self._author_number(event.pubkey)
        if event.pubkey in self._deleters and self._is_deleted(event, author, coordinates):
            return DELETED
        address = None if coordinates is None else address_of(coordinates)
        if address is not None and (refusal := self._make_room(event, address)):
            return refusal
        arrival = self._arrival + 1
        inserted = self._connection.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event_id) DO NOTHING",
            (arrival, bytes.fromhex(event.id), author, event.kind, event.created_at, address, json),
        )
        if not inserted.rowcount:
            return DUPLICATE
        self._arrival = arrival
        self._connection.executemany(
            "INSERT INTO tags VALUES (?, ?, ?, ?, ?)",
            [
                (key, event.created_at, arrival, event.kind, author)
                for key in tag_keys(event.tags, self._salt)
            ],
        )
        if event.kind == DELETION_KIND:
            self._delete_for(event, author)
        return Outcome(is_accepted=True, arrival=arrival)

    def commit(self) -> None:
        """Make what was saved durable. Blocks until the disk has it."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Forget what was saved since `begin`."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._author_numbers.clear()
        self._load_deleters()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _author_number(self, pubkey: str) -> int:
        number = self._author_numbers.get(pubkey)
        if number is None:
            self._connection.execute("INSERT OR IGNORE INTO authors (pubkey) VALUES (?)", (pubkey,))
            found = self._connection.execute("SELECT author_no FROM authors WHERE pubkey = ?", (pubkey,))
            number = int(found.fetchone()[0])
            if len(self._author_numbers) >= _AUTHORS_KEPT_MAX:
                self._author_numbers.clear()
            self._author_numbers[pubkey] = number
        return number

    def _make_room(self, event: VerifiedEvent, address: bytes) -> Outcome | None:
        """Drop the version that `event` replaces; what to answer if it replaces none (NIP-01, "Kinds")."""
        held = self._connection.execute(
            "SELECT arrival, created_at, event_id, json FROM events WHERE address = ?", (address,)
        ).fetchone()
        if held is None:
            return None
        arrival, created_at, held_id, json = held
        if held_id.hex() == event.id:
            return DUPLICATE
        # Of two in the same second the lower id stays.
        if (-created_at, held_id.hex()) < (-event.created_at, event.id):
            return REPLACED
        self._remove(arrival, json)
        return None

    def _is_deleted(self, event: VerifiedEvent, author: int, coordinates: str | None) -> bool:
        """Whether its author asked to delete it; deletions themselves cannot be deleted (NIP-09)."""
        if event.kind == DELETION_KIND:
            return False
        wanted = "SELECT 1 FROM tags WHERE tag_key = ? AND created_at >= ? AND kind = ? AND author_no = ?"
        by_id = (tag_key("e", event.id, self._salt), 0, DELETION_KIND, author)
        if self._connection.execute(wanted, by_id).fetchone():
            return True
        if coordinates is None:
            return False
        by_address = (tag_key("a", coordinates, self._salt), event.created_at, DELETION_KIND, author)
        return self._connection.execute(wanted, by_address).fetchone() is not None

    def _delete_for(self, request: VerifiedEvent, author: int) -> None:
        """Drop what the author of `request` asks to delete, if it is that author's own (NIP-09)."""
        self._deleters.add(request.pubkey)
        for named in filter(event_id, tag_values(request.tags, "e")):
            self._remove_all(
                "event_id = ? AND author_no = ? AND kind != ?", (bytes.fromhex(named), author, DELETION_KIND)
            )
        for coordinates in tag_values(request.tags, "a"):
            self._remove_all(
                "address = ? AND author_no = ? AND created_at <= ?",
                (address_of(coordinates), author, request.created_at),
            )

    def _remove_all(self, condition: str, parameters: tuple[object, ...]) -> None:
        found = self._connection.execute(
            # `condition` is one of two texts above.
            f"SELECT arrival, json FROM events WHERE {condition}",  # noqa: S608 - see above
            parameters,
        )
        for arrival, json in found.fetchall():
            self._remove(arrival, json)

    def _remove(self, arrival: int, json: bytes) -> None:
        event = event_from_json(json, bytes_max=len(json))
        self._connection.execute("DELETE FROM events WHERE arrival = ?", (arrival,))
        self._connection.executemany(
            "DELETE FROM tags WHERE tag_key = ? AND created_at = ? AND arrival = ?",
            [(key, event.created_at, arrival) for key in tag_keys(event.tags, self._salt)],
        )

    def _load_deleters(self) -> None:
        found = self._connection.execute(
            "SELECT DISTINCT pubkey FROM events JOIN authors USING (author_no) WHERE kind = ?",
            (DELETION_KIND,),
        )
        self._deleters = {pubkey for (pubkey,) in found}
