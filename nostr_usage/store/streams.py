"""Streams: the head of each, with the fold's state after it."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from nostr_usage.ledger.names import AccountId, EntryId
from nostr_usage.store.database import Connected
from nostr_usage.store.memory import Remembered


class StreamStatus(StrEnum):
    """How much of a stream is proved (PROTOCOL.md, "Reading")."""

    VERIFIED = "verified"
    PROVISIONAL = "provisional"
    INCOMPLETE = "incomplete"
    STALE = "stale"
    CONFLICT = "conflict"


class StreamRow(NamedTuple):
    """A stream: its last entry (`seq`, `head_id`, `created_at`) and `state_json` after it."""

    stream_no: int
    account_no: int
    account: AccountId
    meter: str
    seq: int
    head_id: EntryId
    created_at: int
    state_json: str
    status: StreamStatus


class StreamReads(Connected):
    """The heads of streams."""

    __slots__ = ()

    def stream(self, account: AccountId, meter: str) -> StreamRow | None:
        """The stream of an account and a meter; None before its first entry."""
        return self._recall(Remembered.STREAM, (account, meter), lambda: self._read_stream(account, meter))

    def _read_stream(self, account: AccountId, meter: str) -> StreamRow | None:
        row = self._connection.execute(
            "SELECT stream_no, account_no, account, meter, seq, head_id, streams.created_at, state, status"
            " FROM accounts JOIN streams USING (account_no) WHERE account = ? AND meter = ?",
            (bytes.fromhex(account), meter),
        ).fetchone()
        return _stream_row(row) if row else None

    def stream_numbered(self, stream_no: int) -> StreamRow:
        """The stream with a number that the store gave."""
        row = self._connection.execute(
            "SELECT stream_no, account_no, account, meter, seq, head_id, streams.created_at, state, status"
            " FROM streams JOIN accounts USING (account_no) WHERE stream_no = ?",
            (stream_no,),
        ).fetchone()
        return _stream_row(row)

    def streams(self, *, account_no: int | None = None) -> Iterator[StreamRow]:
        """The streams of one account, or of all, in the order of their first entries."""
        if account_no is None:
            rows = self._iterate(
                "SELECT stream_no, account_no, account, meter, seq, head_id, streams.created_at, state,"
                " status FROM streams JOIN accounts USING (account_no) ORDER BY stream_no"
            )
        else:
            rows = self._iterate(
                "SELECT stream_no, account_no, account, meter, seq, head_id, streams.created_at, state,"
                " status FROM streams JOIN accounts USING (account_no) WHERE account_no = ?"
                " ORDER BY stream_no",
                (account_no,),
            )
        return map(_stream_row, rows)


class StreamWrites(StreamReads):
    """Changes to what is known of a stream, beside its entries."""

    __slots__ = ()

    def set_status(self, stream_no: int, status: StreamStatus) -> None:
        """Note how much of a stream is proved."""
        self._connection.execute(
            "UPDATE streams SET status = ? WHERE stream_no = ?", (status.value, stream_no)
        )
        self._forget(Remembered.STREAM)


_STATUS = {status.value: status for status in StreamStatus}


def _stream_row(row: tuple[int, int, bytes, str, int, bytes, int, str, str]) -> StreamRow:
    stream_no, account_no, account, meter, seq, head_id, created_at, state, status = row
    return StreamRow(
        stream_no=stream_no,
        account_no=account_no,
        account=AccountId(account.hex()),
        meter=meter,
        seq=seq,
        head_id=EntryId(head_id.hex()),
        created_at=created_at,
        state_json=state,
        status=_STATUS[status],
    )
