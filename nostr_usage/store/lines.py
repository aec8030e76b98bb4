"""Appending entries: event, entry, head, state and month totals, all in one transaction."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from nostr_usage.ledger.lot import Draw
from nostr_usage.ledger.names import NO_ENTRY, AccountId, EntryId
from nostr_usage.ledger.state import draws_to_json
from nostr_usage.store.accounts import AccountWrites
from nostr_usage.store.entries import DetailsRow, EntryReads
from nostr_usage.store.memory import Remembered
from nostr_usage.store.streams import StreamWrites
from nostr_usage.store.totals import SUM_MAX, TotalReads

if TYPE_CHECKING:
    # Nobody who only reads needs the class of entries.
    from nostr_usage.ledger.entry import Entry

_DAY_S = 86_400


class Line(NamedTuple):
    """An entry to append, with the signed event that carries it and what the fold says of it.

    Attributes:
        entry: the entry.
        entry_id: the id of its event.
        event_json: the event as it came, or as it was signed.
        sig_checked: False for an event that only a link of the chain vouches for.
        draws: what a debit took from which lots.
    """

    entry: "Entry"
    entry_id: EntryId
    event_json: bytes
    sig_checked: bool
    draws: tuple[Draw, ...] = ()


class LineWrites(AccountWrites, StreamWrites, EntryReads, TotalReads):
    """Entries, and what is written together with them."""

    __slots__ = ()

    def append(
        self, account: AccountId, meter: str, lines: Sequence[Line], *, state_json: str
    ) -> tuple[int, range]:
        """Append consecutive `lines` to a stream; its number, and the numbers of the entries.

        The stream is made with its first entry, and so is the account, if it is not known yet. `state_json`
        is the fold's state after the last line. Every line must follow the one before it: what does not
        belongs among forks or problems, and is an assertion here.
        """
        _check_order(account, meter, lines)
        stream_no = self._move_head(account, meter, lines, state_json)
        numbers = self._insert(stream_no, lines)
        self._add_to_totals(stream_no, lines)
        return stream_no, numbers

    def add_event(self, event_id: str, event_json: bytes) -> int:
        """Keep a signed event of ours that carries no entry, such as a manifest; its number."""
        known = self.event_no(event_id)
        if known is not None:
            return known
        (number,) = self._next_event_nos(1)
        self._connection.execute(
            "INSERT INTO events (event_no, event_id, event, sig_checked, has_entry) VALUES (?, ?, ?, 1, 0)",
            (number, bytes.fromhex(event_id), event_json),
        )
        return number

    def replace_with_checked(self, event_id: str, event_json: bytes) -> None:
        """Keep `event_json`, whose signature was checked, for the copy held, whose signature was not."""
        self._connection.execute(
            "UPDATE events SET event = ?1, sig_checked = 1"
            " WHERE substr(event_id, 1, 8) = substr(?2, 1, 8) AND event_id = ?2 AND sig_checked = 0",
            (event_json, bytes.fromhex(event_id)),
        )

    def put_request(self, account_no: int, *, key_digest: bytes, body_digest: bytes, entry_no: int) -> None:
        """Remember which entry answered a request; digests are 16 to 32 bytes."""
        self._connection.execute(
            "INSERT INTO requests (account_no, key_digest, body_digest, entry_no) VALUES (?, ?, ?, ?)",
            (account_no, key_digest, body_digest, entry_no),
        )

    def put_details(self, details: Iterable[tuple[int, DetailsRow]]) -> None:
        """Keep the private text of entries, given by `entry_no`; a later text replaces an earlier one."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO details (entry_no, description, salt, metadata) VALUES (?, ?, ?, ?)",
            (
                (
                    entry_no,
                    row.description,
                    None if row.salt is None else bytes.fromhex(row.salt),
                    row.metadata_json,
                )
                for entry_no, row in details
            ),
        )

    def erase_details(self, account_no: int) -> None:
        """Overwrite all private text of an account, its label too. Backups may still hold it."""
        self._connection.execute(
            "DELETE FROM details WHERE entry_no IN"
            " (SELECT entry_no FROM streams JOIN entries USING (stream_no) WHERE account_no = ?)",
            (account_no,),
        )
        self.set_account_label(account_no, None)

    def _move_head(self, account: AccountId, meter: str, lines: Sequence[Line], state_json: str) -> int:
        first, last = lines[0].entry, lines[-1].entry
        head = (last.seq, bytes.fromhex(lines[-1].entry_id), last.created_at, state_json)
        if first.seq == 1:
            return self._start_stream(account, meter, first, head)
        stream = self.stream(account, meter)
        assert stream, f"seq {first.seq} does not follow the head of its stream"
        moved = self._connection.execute(
            "UPDATE streams SET seq = ?, head_id = ?, created_at = ?, state = ?"
            " WHERE stream_no = ? AND seq = ? AND head_id = ?",
            (*head, stream.stream_no, first.seq - 1, bytes.fromhex(first.prev)),
        ).rowcount
        assert moved == 1, f"seq {first.seq} does not follow the head of its stream"
        after = stream._replace(
            seq=last.seq, head_id=lines[-1].entry_id, created_at=last.created_at, state_json=state_json
        )
        self._keep(Remembered.STREAM, (account, meter), after)
        return stream.stream_no

    def _start_stream(
        self, account: AccountId, meter: str, first: "Entry", head: tuple[int, bytes, int, str]
    ) -> int:
        known = self.account(account)
        if known is None:
            account_no = self.add_account(account, created_at=first.created_at, anchor=first.occurred_at)
        else:
            account_no = known.account_no
        self._forget(Remembered.STREAM)
        return self._connection.execute(
            "INSERT INTO streams (account_no, meter, seq, head_id, created_at, state, status)"
            " VALUES (?, ?, ?, ?, ?, ?, 'provisional') RETURNING stream_no",
            (account_no, meter, *head),
        ).fetchone()[0]

    def _next_event_nos(self, count: int) -> range:
        """The numbers of events that are about to be inserted."""
        first = self._recall(Remembered.NEXT_EVENT, None, self._read_next_event_no)
        self._keep(Remembered.NEXT_EVENT, None, first + count)
        return range(first, first + count)

    def _read_next_event_no(self) -> int:
        return self._connection.execute("SELECT coalesce(max(event_no), 0) + 1 FROM events").fetchone()[0]

    def _insert(self, stream_no: int, lines: Sequence[Line]) -> range:
        numbers = self._next_event_nos(len(lines))
        self._connection.executemany(
            "INSERT INTO events (event_no, event_id, event, sig_checked, has_entry) VALUES (?, ?, ?, ?, 1)",
            [
                (number, bytes.fromhex(line.entry_id), line.event_json, line.sig_checked)
                for number, line in zip(numbers, lines, strict=True)
            ],
        )
        self._connection.executemany(
            "INSERT INTO entries (entry_no, stream_no, seq, entry_id, operation, type, tokens, cost, balance,"
            " occurred_at, created_at, month, request, ref, lot_source, actor, member_group, prompt, draws)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_columns(number, stream_no, line) for number, line in zip(numbers, lines, strict=True)],
        )
        models = [
            (number, model)
            for number, line in zip(numbers, lines, strict=True)
            for model in sorted({used.model for used in line.entry.usage})
        ]
        if models:
            self._connection.executemany("INSERT INTO entry_models (entry_no, model) VALUES (?, ?)", models)
        return numbers

    def _add_to_totals(self, stream_no: int, lines: Sequence[Line]) -> None:
        sums: dict[tuple[str, str, str], list[int]] = {}
        for line in lines:
            entry = line.entry
            key = (_month_of_day(entry.occurred_at // _DAY_S), str(entry.operation), entry.type)
            total = sums.setdefault(key, [0, 0, 0, entry.seq, entry.seq])
            total[0] += 1
            total[1] += entry.tokens
            total[2] += entry.cost.micro_dollars
            total[4] = entry.seq
        self._connection.executemany(
            "INSERT INTO month_totals (stream_no, month, operation, type, count, tokens, cost, first_seq,"
            " last_seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
            " ON CONFLICT (stream_no, month, operation, type) DO UPDATE SET count = count + excluded.count,"
            " tokens = min(tokens + excluded.tokens, ?10), cost = min(cost + excluded.cost, ?10),"
            " last_seq = excluded.last_seq",
            [
                (stream_no, *key, count, min(tokens, SUM_MAX), min(cost, SUM_MAX), *seqs, SUM_MAX)
                for key, (count, tokens, cost, *seqs) in sums.items()
            ],
        )


def _check_order(account: AccountId, meter: str, lines: Sequence[Line]) -> None:
    assert lines, "an append of nothing"
    seq = lines[0].entry.seq
    head_id = lines[0].entry.prev
    assert seq > 1 or head_id == NO_ENTRY, "a first entry that follows another"
    for line in lines:
        entry = line.entry
        assert entry.account == account, "an entry of another account"
        assert entry.meter == meter, "an entry of another meter"
        assert entry.seq == seq, f"seq {entry.seq} where {seq} is next"
        assert entry.prev == head_id, f"seq {entry.seq} does not follow the entry before it"
        seq, head_id = seq + 1, line.entry_id


def _columns(number: int, stream_no: int, line: Line) -> tuple[object, ...]:
    entry = line.entry
    return (
        number,
        stream_no,
        entry.seq,
        bytes.fromhex(line.entry_id),
        str(entry.operation),
        entry.type,
        entry.tokens,
        entry.cost.micro_dollars,
        entry.balance.total,
        entry.occurred_at,
        entry.created_at,
        _month_of_day(entry.occurred_at // _DAY_S),
        bytes.fromhex(entry.request),
        None if entry.ref is None else bytes.fromhex(entry.ref),
        _lot_source(entry),
        entry.actor,
        entry.group,
        entry.prompt,
        draws_to_json(line.draws) if line.draws else None,
    )


def _lot_source(entry: "Entry") -> str | None:
    return None if entry.lot is None else str(entry.lot.source)


@lru_cache(maxsize=1024)
def _month_of_day(day: int) -> str:
    return datetime.fromtimestamp(day * _DAY_S, UTC).strftime("%Y-%m")
