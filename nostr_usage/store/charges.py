"""Requests that were charged: each may be charged once."""

from typing import NamedTuple

from nostr_usage.ledger.names import EntryId
from nostr_usage.store.database import Connected

CHARGED_AGAIN_MAX = 1_000


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
        first_seqs = dict(
            self._connection.execute(
                "SELECT request, min(seq) FROM entries WHERE stream_no = ?1 AND seq > ?2"
                " AND operation = 'debit' GROUP BY request HAVING count(*) > 1 LIMIT ?3",
                (stream_no, after_seq, CHARGED_AGAIN_MAX),
            )
        )
        # Later, since what is below comes first.
        first_seqs |= dict(
            self._connection.execute(
                "SELECT request, min(seq) FROM entries WHERE stream_no = ?1 AND seq <= ?2"
                " AND operation = 'debit' AND request IN (SELECT request FROM entries"
                " WHERE stream_no = ?1 AND seq > ?2 AND operation = 'debit') GROUP BY request LIMIT ?3",
                (stream_no, after_seq, CHARGED_AGAIN_MAX),
            )
        )
        if not first_seqs:
            return ()
        debits = self._iterate(
            "SELECT seq, entry_id, request FROM entries WHERE stream_no = ? AND seq > ?"
            " AND operation = 'debit' ORDER BY seq",
            (stream_no, after_seq),
        )
        again = (
            ChargedAgain(seq, EntryId(entry_id.hex()), request.hex(), first_seqs[request])
            for seq, entry_id, request in debits
            if request in first_seqs and first_seqs[request] < seq
        )
        return tuple(found for found, _ in zip(again, range(CHARGED_AGAIN_MAX), strict=False))
