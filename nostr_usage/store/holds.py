"""Holds: tokens promised to actions that are running.

open ─▶ settled (its debit is an entry)      open ─▶ voided
  └──▶ expired ─▶ settled, voided, or open again
"""

from enum import StrEnum
from typing import NamedTuple

from nostr_usage.ledger.names import EntryId
from nostr_usage.store.database import Connected
from nostr_usage.store.memory import Remembered


class HoldState(StrEnum):
    """How far a hold has come."""

    OPEN = "open"
    SETTLED = "settled"
    VOIDED = "voided"
    EXPIRED = "expired"


class HoldRow(NamedTuple):
    """A hold: `tokens` of a stream for one action; digests are hex, times unix seconds.

    `add_ons` are separated by spaces. `entry_id` and `settle_digest` are those of the debit that settled it.
    """

    hold_no: int
    hold_id: str
    account_no: int
    stream_no: int
    tokens: int
    activity: str
    add_ons: str
    actor: str | None
    group: str | None
    model: str | None
    key: str
    body_digest: str
    state: HoldState
    created_at: int
    expires_at: int
    settle_digest: str | None
    entry_id: EntryId | None


class HoldReads(Connected):
    """Holds, and what they keep back."""

    __slots__ = ()

    def held(self, stream_no: int, *, now: int) -> int:
        """Tokens of a stream that open holds keep back at `now`; a hold that has expired keeps none."""
        return self._connection.execute(
            "SELECT coalesce(sum(tokens), 0) FROM holds"
            " WHERE stream_no = ? AND state = 'open' AND expires_at > ?",
            (stream_no, now),
        ).fetchone()[0]

    def held_by(self, stream_no: int, *, scope: str, subject: str, now: int) -> tuple[int, int]:
        """How many open holds of a stream a subject has at `now`, and their tokens; an account has all."""
        count, tokens = self._connection.execute(
            "SELECT count(*), coalesce(sum(tokens), 0) FROM holds"
            " WHERE stream_no = ?1 AND state = 'open' AND expires_at > ?2 AND CASE ?3"
            " WHEN 'account' THEN 1 WHEN 'member' THEN actor IS ?4 WHEN 'group' THEN member_group IS ?4"
            " WHEN 'model' THEN model IS ?4 ELSE activity = ?4 END",
            (stream_no, now, scope, subject),
        ).fetchone()
        return count, tokens

    def hold(self, hold_id: str) -> HoldRow | None:
        """The hold with this id (32 hex digits)."""
        row = self._connection.execute(
            "SELECT hold_no, hold_id, account_no, stream_no, tokens, activity, add_ons, actor, member_group,"
            " model, key, body_digest, state, created_at, expires_at, settle_digest,"
            " (SELECT entry_id FROM entries WHERE entries.entry_no = holds.entry_no)"
            " FROM holds WHERE hold_id = ?",
            (bytes.fromhex(hold_id),),
        ).fetchone()
        return _hold_row(row) if row else None

    def hold_of_key(self, account_no: int, key_digest: bytes) -> HoldRow | None:
        """The hold that was asked for with this idempotency key."""
        if not self._recall(Remembered.HOLDS, account_no, lambda: self._has_holds(account_no)):
            return None
        row = self._connection.execute(
            "SELECT hold_no, hold_id, account_no, stream_no, tokens, activity, add_ons, actor, member_group,"
            " model, key, body_digest, state, created_at, expires_at, settle_digest,"
            " (SELECT entry_id FROM entries WHERE entries.entry_no = holds.entry_no)"
            " FROM holds WHERE account_no = ? AND key_digest = ?",
            (account_no, key_digest),
        ).fetchone()
        return _hold_row(row) if row else None

    def _has_holds(self, account_no: int) -> bool:
        row = self._connection.execute("SELECT 1 FROM holds WHERE account_no = ? LIMIT 1", (account_no,))
        return row.fetchone() is not None

    def open_holds(self, stream_no: int, *, now: int) -> tuple[HoldRow, ...]:
        """The holds of a stream that keep tokens back at `now`, oldest first."""
        rows = self._connection.execute(
            "SELECT hold_no, hold_id, account_no, stream_no, tokens, activity, add_ons, actor, member_group,"
            " model, key, body_digest, state, created_at, expires_at, settle_digest, NULL"
            " FROM holds WHERE stream_no = ? AND state = 'open' AND expires_at > ? ORDER BY hold_no",
            (stream_no, now),
        )
        return tuple(map(_hold_row, rows))


class HoldWrites(HoldReads):
    """Making holds and ending them."""

    __slots__ = ()

    def add_hold(
        self,
        hold_id: str,
        *,
        account_no: int,
        stream_no: int,
        tokens: int,
        activity: str,
        add_ons: str,
        actor: str | None,
        group: str | None,
        model: str | None,
        key: str,
        key_digest: bytes,
        body_digest: bytes,
        created_at: int,
        expires_at: int,
    ) -> None:
        """Keep `tokens` of a stream back until `expires_at`; its key was not used before."""
        self._connection.execute(
            "INSERT INTO holds (hold_id, account_no, stream_no, tokens, activity, add_ons, actor,"
            " member_group, model, key, key_digest, body_digest, state, created_at, expires_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?)",
            (
                bytes.fromhex(hold_id),
                account_no,
                stream_no,
                tokens,
                activity,
                add_ons,
                actor,
                group,
                model,
                key,
                key_digest,
                body_digest,
                created_at,
                expires_at,
            ),
        )
        self._keep(Remembered.HOLDS, account_no, row=True)

    def reopen_hold(self, hold_no: int, *, tokens: int, expires_at: int) -> None:
        """Keep tokens back again, or for longer, until `expires_at`; only a hold that did not end can."""
        self._connection.execute(
            "UPDATE holds SET state = 'open', tokens = ?, expires_at = ? WHERE hold_no = ?",
            (tokens, expires_at, hold_no),
        )

    def settle_hold(self, hold_no: int, *, entry_no: int, settle_digest: bytes) -> None:
        """End a hold with the debit that it became."""
        self._connection.execute(
            "UPDATE holds SET state = 'settled', entry_no = ?, settle_digest = ? WHERE hold_no = ?",
            (entry_no, settle_digest, hold_no),
        )

    def expire_hold(self, hold_no: int) -> None:
        """Let a hold that did not end keep nothing back, whatever its time."""
        self._connection.execute(
            "UPDATE holds SET state = 'expired' WHERE hold_no = ? AND state = 'open'", (hold_no,)
        )

    def void_hold(self, hold_no: int) -> None:
        """End a hold without a debit."""
        self._connection.execute("UPDATE holds SET state = 'voided' WHERE hold_no = ?", (hold_no,))

    def expire_holds(self, *, now: int, stream_no: int | None = None) -> int:
        """Mark the holds of one stream, or of all, that ran out by `now`; how many.

        They counted for nothing already: this keeps the index of open holds short.
        """
        return self._connection.execute(
            "UPDATE holds SET state = 'expired'"
            " WHERE state = 'open' AND expires_at <= ?1 AND (?2 IS NULL OR stream_no = ?2)",
            (now, stream_no),
        ).rowcount


_STATES = {state.value: state for state in HoldState}

_HoldColumns = tuple[
    int, bytes, int, int, int, str, str, str | None, str | None, str | None, str, bytes, str, int, int,
    bytes | None, bytes | None,
]  # fmt: skip


def _hold_row(row: _HoldColumns) -> HoldRow:
    settle_digest, entry_id = row[15], row[16]
    return HoldRow(
        hold_no=row[0],
        hold_id=row[1].hex(),
        account_no=row[2],
        stream_no=row[3],
        tokens=row[4],
        activity=row[5],
        add_ons=row[6],
        actor=row[7],
        group=row[8],
        model=row[9],
        key=row[10],
        body_digest=row[11].hex(),
        state=_STATES[row[12]],
        created_at=row[13],
        expires_at=row[14],
        settle_digest=None if settle_digest is None else settle_digest.hex(),
        entry_id=None if entry_id is None else EntryId(entry_id.hex()),
    )
