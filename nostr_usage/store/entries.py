"""Reading entries, the events that carry them, and what is known beside them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from nostr_usage.ledger.names import EntryId, Operation, Source
from nostr_usage.ledger.state import draws_from_json
from nostr_usage.store.database import Connected

if TYPE_CHECKING:
    from nostr_usage.ledger.holdings import Referred

SEQ_MAX = 2**63 - 1
_UNDONE_MAX = 2**53
"""More than any entry holds, and exact in the floating point that SQLite does not give up on."""


class EntryRow(NamedTuple):
    """An entry in columns, as screens and sums need it; the whole of it is in its event.

    `cost` is micro-dollars, `balance` the total after the entry, `month` that of `occurred_at` (`2026-02`,
    UTC), `lot_source` where the tokens of a grant's lot came from.
    """

    entry_no: int
    stream_no: int
    seq: int
    entry_id: EntryId
    operation: Operation
    type: str
    tokens: int
    cost: int
    balance: int
    occurred_at: int
    created_at: int
    month: str
    request: str
    ref: EntryId | None
    lot_source: Source | None
    actor: str | None
    group: str | None
    prompt: str | None

    @property
    def signed_tokens(self) -> int:
        """What the entry adds to the balance of its stream."""
        return self.operation.sign * self.tokens


class EventRow(NamedTuple):
    """A signed event as raw JSON; `event_no` grows in the order of commit and is an entry's `entry_no`."""

    event_no: int
    event_id: str
    event_json: bytes
    sig_checked: bool


class RequestRow(NamedTuple):
    """The entry that answered a request, and the digest (hex) of what was asked."""

    entry_no: int
    entry_id: EntryId
    body_digest: str


class DetailsRow(NamedTuple):
    """The private text of an entry; `salt` is hex, `metadata_json` a JSON object."""

    description: str | None
    salt: str | None
    metadata_json: str | None


class EntryReads(Connected):
    """Entries, their events, the requests that they answered."""

    __slots__ = ()

    def entry(self, entry_id: EntryId) -> EntryRow | None:
        """The entry with this id."""
        row = self._connection.execute(
            "SELECT entry_no, stream_no, seq, entry_id, operation, type, tokens, cost, balance, occurred_at,"
            " created_at, month, request, ref, lot_source, actor, member_group, prompt"
            " FROM events JOIN entries ON entry_no = event_no WHERE substr(event_id, 1, 8) = substr(?1, 1, 8)"
            " AND event_id = ?1",
            (bytes.fromhex(entry_id),),
        ).fetchone()
        return entry_row(row) if row else None

    def entries_beginning(self, digits: str, *, limit: int) -> tuple[EntryRow, ...]:
        """The entries whose ids begin with `digits` (hex), by id."""
        first, last = (bytes.fromhex(digits[:16].ljust(16, fill)) for fill in "0f")
        rows = self._connection.execute(
            "SELECT entry_no, stream_no, seq, entry_id, operation, type, tokens, cost, balance, occurred_at,"
            " created_at, month, request, ref, lot_source, actor, member_group, prompt"
            " FROM events JOIN entries ON entry_no = event_no WHERE substr(event_id, 1, 8) BETWEEN ? AND ?"
            " AND lower(substr(hex(event_id), 1, ?)) = ? ORDER BY event_id LIMIT ?",
            (first, last, len(digits), digits, limit),
        )
        return tuple(map(entry_row, rows))

    def entry_at(self, stream_no: int, seq: int) -> EntryRow | None:
        """The entry at this place of a stream."""
        return next(self.entries(stream_no, after_seq=seq - 1, until_seq=seq), None)

    def entries(
        self,
        stream_no: int,
        *,
        after_seq: int = 0,
        until_seq: int = SEQ_MAX,
        newest_first: bool = False,
        limit: int = -1,
    ) -> Iterator[EntryRow]:
        """The entries of a stream with `after_seq < seq <= until_seq`, at most `limit` (-1: all of them)."""
        return map(
            entry_row,
            self._iterate(
                _NEWEST_FIRST if newest_first else _OLDEST_FIRST, (stream_no, after_seq, until_seq, limit)
            ),
        )

    def entries_of_month(self, stream_no: int, month: str) -> Iterator[EntryRow]:
        """The entries of a stream whose `occurred_at` lies in `month` (`2026-02`), oldest first."""
        rows = self._iterate(
            "SELECT entry_no, stream_no, seq, entry_id, operation, type, tokens, cost, balance, occurred_at,"
            " created_at, month, request, ref, lot_source, actor, member_group, prompt FROM entries"
            " WHERE stream_no = ?1 AND month = ?2"
            " AND seq >= (SELECT min(first_seq) FROM month_totals WHERE stream_no = ?1 AND month = ?2)"
            " AND seq <= (SELECT max(last_seq) FROM month_totals WHERE stream_no = ?1 AND month = ?2)"
            " ORDER BY seq",
            (stream_no, month),
        )
        return map(entry_row, rows)

    def entry_count(self) -> int:
        """How many entries are held, over all streams."""
        return self._connection.execute("SELECT coalesce(sum(seq), 0) FROM streams").fetchone()[0]

    def event_no(self, event_id: str) -> int | None:
        """The number of the event with this id; an entry has the same."""
        row = self._connection.execute(
            "SELECT event_no FROM events WHERE substr(event_id, 1, 8) = substr(?1, 1, 8) AND event_id = ?1",
            (bytes.fromhex(event_id),),
        ).fetchone()
        return row[0] if row else None

    def event_json(self, event_id: str) -> bytes | None:
        """The raw JSON of the event with this id."""
        row = self._connection.execute(
            "SELECT event FROM events WHERE substr(event_id, 1, 8) = substr(?1, 1, 8) AND event_id = ?1",
            (bytes.fromhex(event_id),),
        ).fetchone()
        return row[0] if row else None

    def events(self, *, after_event_no: int = 0, limit: int = -1) -> Iterator[EventRow]:
        """All signed events in the order of commit."""
        rows = self._iterate(
            "SELECT event_no, event_id, event, sig_checked FROM events WHERE event_no > ?"
            " ORDER BY event_no LIMIT ?",
            (after_event_no, limit),
        )
        return map(_event_row, rows)

    def events_without_entries(self) -> Iterator[EventRow]:
        """Our signed events that carry no entry, such as manifests, in the order of commit."""
        rows = self._iterate(
            "SELECT event_no, event_id, event, sig_checked FROM events WHERE has_entry = 0 ORDER BY event_no"
        )
        return map(_event_row, rows)

    def events_of_stream(self, stream_no: int, *, after_seq: int = 0) -> Iterator[EventRow]:
        """The events that carry the entries of a stream, in its order."""
        rows = self._iterate(
            "SELECT event_no, event_id, event, sig_checked FROM entries JOIN events ON event_no = entry_no"
            " WHERE stream_no = ? AND seq > ? ORDER BY seq",
            (stream_no, after_seq),
        )
        return map(_event_row, rows)

    def measured_events(
        self, stream_no: int, *, after_seq: int = 0, until_seq: int = SEQ_MAX
    ) -> Iterator[tuple[int, bytes]]:
        """(seq, raw event) of the entries with `after_seq < seq <= until_seq` that name a model, in order."""
        return self._iterate(
            "SELECT seq, event FROM entries JOIN events ON event_no = entry_no"
            " WHERE stream_no = ? AND seq > ? AND seq <= ?"
            " AND EXISTS (SELECT 1 FROM entry_models WHERE entry_models.entry_no = entries.entry_no)"
            " ORDER BY seq",
            (stream_no, after_seq, until_seq),
        )

    def referred(self, entry_id: EntryId, *, stream_no: int) -> "Referred | None":
        """What the fold must know of the entry that a refund or reverse in the same stream names."""
        key = bytes.fromhex(entry_id)
        row = self._connection.execute(
            "SELECT operation, tokens, draws, seq, lot_source FROM events JOIN entries ON entry_no = event_no"
            " WHERE substr(event_id, 1, 8) = substr(?1, 1, 8) AND event_id = ?1 AND stream_no = ?2",
            (key, stream_no),
        ).fetchone()
        if row is None:
            return None
        undone = self._connection.execute(
            "SELECT CAST(min(total(tokens), ?) AS INTEGER) FROM entries"
            " WHERE ref = ? AND stream_no = ? AND operation IN ('refund', 'reverse')",
            (_UNDONE_MAX, key, stream_no),
        ).fetchone()[0]
        operation, tokens, draws, seq, source = row
        from nostr_usage.ledger.holdings import Referred  # noqa: PLC0415  # 7 ms that `balance` does without

        return Referred(
            operation=Operation(operation),
            tokens=tokens,
            draws=draws_from_json(draws) if draws else (),
            lot_seq=seq,
            undone=undone,
            source=Source(source) if source else None,
        )

    def referring(self, entry_id: EntryId) -> tuple[EntryRow, ...]:
        """The entries that name this one in `ref`, in the order of commit."""
        rows = self._connection.execute(
            "SELECT entry_no, stream_no, seq, entry_id, operation, type, tokens, cost, balance, occurred_at,"
            " created_at, month, request, ref, lot_source, actor, member_group, prompt FROM entries"
            " WHERE ref = ? ORDER BY entry_no",
            (bytes.fromhex(entry_id),),
        )
        return tuple(map(entry_row, rows))

    def named_entries(self, stream_no: int) -> tuple[EntryId, ...]:
        """The entries that others of a stream name in `ref`."""
        rows = self._connection.execute(
            "SELECT DISTINCT ref FROM entries WHERE stream_no = ? AND ref IS NOT NULL", (stream_no,)
        )
        return tuple(EntryId(ref.hex()) for (ref,) in rows)

    def request(self, account_no: int, key_digest: bytes) -> RequestRow | None:
        """The entry that answered the request with this idempotency key."""
        row = self._connection.execute(
            "SELECT entry_no, entry_id, body_digest FROM requests JOIN entries USING (entry_no)"
            " WHERE account_no = ? AND key_digest = ?",
            (account_no, key_digest),
        ).fetchone()
        if row is None:
            return None
        entry_no, entry_id, body_digest = row
        return RequestRow(entry_no=entry_no, entry_id=EntryId(entry_id.hex()), body_digest=body_digest.hex())

    def details(self, entry_no: int) -> DetailsRow | None:
        """The private text of an entry, as far as it is known here."""
        row = self._connection.execute(
            "SELECT description, salt, metadata FROM details WHERE entry_no = ?", (entry_no,)
        ).fetchone()
        if row is None:
            return None
        description, salt, metadata = row
        return DetailsRow(
            description=description, salt=None if salt is None else salt.hex(), metadata_json=metadata
        )


_OLDEST_FIRST = (
    "SELECT entry_no, stream_no, seq, entry_id, operation, type, tokens, cost, balance, occurred_at,"
    " created_at, month, request, ref, lot_source, actor, member_group, prompt FROM entries"
    " WHERE stream_no = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
)
_NEWEST_FIRST = _OLDEST_FIRST.replace("ORDER BY seq", "ORDER BY seq DESC")
_OPERATIONS = {operation.value: operation for operation in Operation}
_SOURCES = {source.value: source for source in Source}

_EntryColumns = tuple[
    int, int, int, bytes, str, str, int, int, int, int, int, str, bytes,
    bytes | None, str | None, str | None, str | None, str | None,
]  # fmt: skip


def entry_row(row: _EntryColumns) -> EntryRow:
    """A row of `entries`, its columns in the order that every statement here selects them."""
    return EntryRow(
        entry_no=row[0],
        stream_no=row[1],
        seq=row[2],
        entry_id=EntryId(row[3].hex()),
        operation=_OPERATIONS[row[4]],
        type=row[5],
        tokens=row[6],
        cost=row[7],
        balance=row[8],
        occurred_at=row[9],
        created_at=row[10],
        month=row[11],
        request=row[12].hex(),
        ref=None if row[13] is None else EntryId(row[13].hex()),
        lot_source=None if row[14] is None else _SOURCES[row[14]],
        actor=row[15],
        group=row[16],
        prompt=row[17],
    )


def _event_row(row: tuple[int, bytes, bytes, int]) -> EventRow:
    event_no, event_id, event, sig_checked = row
    return EventRow(
        event_no=event_no, event_id=event_id.hex(), event_json=event, sig_checked=bool(sig_checked)
    )
