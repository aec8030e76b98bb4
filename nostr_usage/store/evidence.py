"""What speaks for and against a stream: pins, sightings, forks, problems."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from nostr_usage.ledger.names import EntryId
from nostr_usage.store.database import Connected

if TYPE_CHECKING:
    from nostr_usage.ledger.problems import Problem, ProblemCode


class Pin(NamedTuple):
    """The last entry of a stream that was seen here."""

    seq: int
    entry_id: EntryId


class Fork(NamedTuple):
    """An event that claims the place of the entry held."""

    seq: int
    event_id: str
    event_json: bytes
    sig_checked: bool


class EvidenceReads(Connected):
    """Pins, sightings, forks and problems."""

    __slots__ = ()

    def pin(self, stream_no: int) -> Pin | None:
        """The last entry of a stream that was seen here."""
        row = self._connection.execute(
            "SELECT seq, entry_id FROM pins WHERE stream_no = ?", (stream_no,)
        ).fetchone()
        return Pin(seq=row[0], entry_id=EntryId(row[1].hex())) if row else None

    def sightings(self, entry_no: int) -> tuple[int, ...]:
        """The numbers of the relays that showed an entry."""
        row = self._connection.execute(
            "SELECT relay_mask FROM sightings WHERE entry_no = ?", (entry_no,)
        ).fetchone()
        return tuple(number for number in range(63) if row and row[0] >> number & 1)

    def forks(self, stream_no: int) -> tuple[Fork, ...]:
        """The events that claim places of entries held, by seq."""
        rows = self._connection.execute(
            "SELECT seq, event_id, event, sig_checked FROM forks WHERE stream_no = ? ORDER BY seq, event_id",
            (stream_no,),
        )
        return tuple(
            Fork(seq=seq, event_id=event_id.hex(), event_json=event, sig_checked=bool(sig_checked))
            for seq, event_id, event, sig_checked in rows
        )

    def problems(self, stream_no: int) -> "tuple[Problem, ...]":
        """What is wrong with a stream, in the order of discovery."""
        rows = self._connection.execute(
            "SELECT code, message, seq, entry_id FROM problems WHERE stream_no = ? ORDER BY problem_no",
            (stream_no,),
        ).fetchall()
        if not rows:
            return ()
        from nostr_usage.ledger.problems import Problem, ProblemCode  # noqa: PLC0415 (few streams have any)

        return tuple(
            Problem(
                code=ProblemCode(code),
                message=message,
                seq=seq,
                entry_id=None if entry_id is None else EntryId(entry_id.hex()),
            )
            for code, message, seq, entry_id in rows
        )


class EvidenceWrites(EvidenceReads):
    """New pins, sightings, forks and problems."""

    __slots__ = ()

    def move_pin(self, stream_no: int, seq: int, entry_id: EntryId) -> Pin:
        """Move the pin of a stream to a later entry; the pin afterwards.

        A pin never goes back and never changes its id: the one returned differs from what was asked where
        that would be needed.
        """
        self._connection.execute(
            "INSERT INTO pins (stream_no, seq, entry_id) VALUES (?, ?, ?) ON CONFLICT (stream_no)"
            " DO UPDATE SET seq = excluded.seq, entry_id = excluded.entry_id WHERE excluded.seq > seq",
            (stream_no, seq, bytes.fromhex(entry_id)),
        )
        pin = self.pin(stream_no)
        assert pin is not None
        return pin

    def add_first_sightings(self, sightings: Iterable[tuple[int, Iterable[int]]]) -> None:
        """Note of entries that were just appended, by number, which relays showed them."""
        self._connection.executemany(
            "INSERT INTO sightings (entry_no, relay_mask) VALUES (?, ?)",
            [(entry_no, sum(1 << number for number in relay_nos)) for entry_no, relay_nos in sightings],
        )

    def add_sightings(self, entry_ids: Iterable[EntryId], relay_no: int) -> None:
        """Note that a relay showed these entries; those that are not held are passed over."""
        self._connection.executemany(
            "INSERT INTO sightings (entry_no, relay_mask)"
            " SELECT entry_no, ?1 FROM events JOIN entries ON entry_no = event_no"
            " WHERE substr(event_id, 1, 8) = substr(?2, 1, 8) AND event_id = ?2"
            " ON CONFLICT (entry_no) DO UPDATE SET relay_mask = relay_mask | excluded.relay_mask"
            " WHERE relay_mask & excluded.relay_mask = 0",
            [(1 << relay_no, bytes.fromhex(entry_id)) for entry_id in entry_ids],
        )

    def add_fork(
        self, stream_no: int, *, seq: int, event_id: str, event_json: bytes, sig_checked: bool
    ) -> None:
        """Keep an event that claims the place of an entry held; a copy with a checked signature stays."""
        self._connection.execute(
            "INSERT INTO forks (stream_no, seq, event_id, event, sig_checked) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (stream_no, seq, event_id) DO UPDATE SET event = excluded.event, sig_checked = 1"
            " WHERE sig_checked = 0 AND excluded.sig_checked = 1",
            (stream_no, seq, bytes.fromhex(event_id), event_json, sig_checked),
        )

    def add_problems(self, stream_no: int, problems: "Iterable[Problem]") -> None:
        """Note what is wrong with a stream, each finding once."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO problems (stream_no, code, seq, entry_id, message) VALUES (?, ?, ?, ?, ?)",
            [
                (
                    stream_no,
                    problem.code.value,
                    problem.seq,
                    None if problem.entry_id is None else bytes.fromhex(problem.entry_id),
                    problem.message,
                )
                for problem in problems
            ],
        )

    def clear_problems(self, stream_no: int, code: "ProblemCode") -> None:
        """Forget findings that are settled, such as a gap that was filled."""
        self._connection.execute(
            "DELETE FROM problems WHERE stream_no = ? AND code = ?", (stream_no, code.value)
        )
