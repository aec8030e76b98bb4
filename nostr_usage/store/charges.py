"""Requests that were charged: each may be charged once."""

from typing import NamedTuple

from nostr_usage.ledger.names import EntryId
from nostr_usage.store.database import Connected

CHARGED_AGAIN_MAX = 1_000
COMPARED_AT_ONCE_MAX = 50_000
"""Debits that are sorted at a time: a few megabytes, however long the history is."""


class ChargedAgain(NamedTuple):
    """A debit for a request which the entry at `first_seq` has charged."""

    seq: int
    entry_id: EntryId
    request: str
    first_seq: int


class ChargeReads(Connected):
    """Debits by request. There is no index for that: each entry written would pay for it, every time.

    So a search goes over the stream once, a millisecond for 5,000 entries. It is made when something new was
    read on top of what was held, and not where a stream is read for the first time.
    """

    __slots__ = ()

    def charged_again(self, stream_no: int, *, after_seq: int) -> tuple[ChargedAgain, ...]:
        """The debits after an entry whose request an earlier debit of the stream has charged, by seq.

        At most `CHARGED_AGAIN_MAX`.
        """
        (head,) = self._connection.execute(
            "SELECT seq FROM streams WHERE stream_no = ?", (stream_no,)
        ).fetchone()
        found: list[ChargedAgain] = []
        for lower in range(after_seq, head, COMPARED_AT_ONCE_MAX):
            found += self._charged_again(stream_no, lower, lower + COMPARED_AT_ONCE_MAX)
            if len(found) >= CHARGED_AGAIN_MAX:
                break
        return tuple(found[:CHARGED_AGAIN_MAX])

    def _charged_again(self, stream_no: int, lower: int, upper: int) -> list[ChargedAgain]:
        """The same of the debits with `lower < seq <= upper`."""
        first_seqs = dict(
            self._connection.execute(
                "SELECT request, min(seq) FROM entries WHERE stream_no = ? AND seq > ? AND seq <= ?"
                " AND operation = 'debit' GROUP BY request HAVING count(*) > 1 LIMIT ?",
                (stream_no, lower, upper, CHARGED_AGAIN_MAX),
            )
        )
        # Later, since what is below comes first.
        first_seqs |= dict(
            self._connection.execute(
                "SELECT request, min(seq) FROM entries WHERE stream_no = ?1 AND seq <= ?2"
                " AND operation = 'debit' AND request IN (SELECT request FROM entries"
                " WHERE stream_no = ?1 AND seq > ?2 AND seq <= ?3 AND operation = 'debit')"
                " GROUP BY request LIMIT ?4",
                (stream_no, lower, upper, CHARGED_AGAIN_MAX),
            )
        )
        if not first_seqs:
            return []
        debits = self._iterate(
            "SELECT seq, entry_id, request FROM entries WHERE stream_no = ? AND seq > ? AND seq <= ?"
            " AND operation = 'debit' ORDER BY seq",
            (stream_no, lower, upper),
        )
        return [
            ChargedAgain(seq, EntryId(entry_id.hex()), request.hex(), first_seqs[request])
            for seq, entry_id, request in debits
            if request in first_seqs and first_seqs[request] < seq
        ]
