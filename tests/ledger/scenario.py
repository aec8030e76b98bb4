"""Streams for tests: scenarios as aligned tables, and a simulated service that writes what is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from nostr_usage.ledger.cycle import CalendarMonth
from nostr_usage.ledger.entry import (
    NO_ENTRY,
    AccountId,
    Balance,
    Cost,
    CycleTotals,
    Entry,
    EntryId,
    LotTerms,
    Operation,
    Source,
)
from nostr_usage.ledger.fold import EMPTY_STATE, Referred, StreamState, balance_of, fold, referred_to
from nostr_usage.ledger.lot import burn_order
from nostr_usage.ledger.plan import Plan
from nostr_usage.ledger.posting import Draft, first_grant, next_due, post

ACCOUNT = AccountId("a" * 64)
FREE = Cost(micro_dollars=0)
MONTHLY = Plan(name="starter", cycle=CalendarMonth(), allowance=5_000)
COLUMNS = ("written", "occurred", "op", "type", "tokens", "lot", "ref", "total", "expiring", "lasting")

Line = tuple[EntryId, Entry]


def unix(text: str) -> int:
    """Unix seconds of `02-14`, `02-14 09:30` (2026, UTC) or `2027-02-14 09:30`."""
    day, _, clock = text.partition(" ")
    date = day if day.count("-") == 2 else f"2026-{day}"
    return int(datetime.fromisoformat(f"{date}T{clock or '00:00'}").replace(tzinfo=UTC).timestamp())


def entry_id(seq: int) -> EntryId:
    """An id that is higher for later entries."""
    return EntryId(f"{seq:064x}")


def entry(operation: Operation, *, seq: int = 1, tokens: int = 0, at: int = 0, **fields: object) -> Entry:
    """An entry in which only what matters to a test is given."""
    given: dict[str, object] = {
        "account": ACCOUNT,
        "meter": "tokens",
        "seq": seq,
        "prev": entry_id(seq - 1),
        "operation": operation,
        "type": operation.value,
        "tokens": tokens,
        "cost": FREE,
        "balance": Balance(total=0, expiring=0, lasting=0),
        "created_at": at,
        "occurred_at": at,
        "request": f"{seq:032x}",
    }
    return Entry(**(given | fields))  # pyright: ignore[reportArgumentType] — a test names fields freely


def draft(operation: Operation, *, tokens: int = 0, at: int = 0, **fields: object) -> Draft:
    """A draft in which only what matters to a test is given."""
    given: dict[str, object] = {
        "operation": operation,
        "type": operation.value,
        "tokens": tokens,
        "cost": FREE,
        "occurred_at": at,
        "key": f"{operation}:{at}",
    }
    return Draft(**(given | fields))  # pyright: ignore[reportArgumentType] — a test names fields freely


def lot_terms(text: str) -> LotTerms | None:
    """The terms that `allowance 03-01`, `purchased` or `gift 03-15 1` (priority last) writes."""
    if not text:
        return None
    source, *rest = text.split()
    return LotTerms(
        source=Source(source),
        expires_at=unix(rest[0]) if rest else None,
        priority=int(rest[1]) if len(rest) > 1 else 0,
    )


def lines_of(table: str, *, totals: dict[int, CycleTotals] | None = None) -> list[Line]:
    """The entries of a table, one a row: its columns are `COLUMNS`, and the last three are what it states.

    `occurred` is `written` where it is blank, `ref` is the seq of another row.
    """
    header, *rows = [[cell.strip() for cell in row.split("|")] for row in table.splitlines() if row]
    assert list(COLUMNS) == header[: len(COLUMNS)], "a table has the columns of every table"
    lines: list[Line] = []
    for seq, cells in enumerate(rows, start=1):
        row = dict(zip(COLUMNS, cells, strict=False))
        written = unix(row["written"])
        made = entry(
            Operation(row["op"]),
            seq=seq,
            type=row["type"],
            tokens=number(row["tokens"]),
            created_at=written,
            occurred_at=unix(row["occurred"]) if row["occurred"] else written,
            lot=lot_terms(row["lot"]),
            ref=entry_id(int(row["ref"])) if row["ref"] else None,
            totals=(totals or {}).get(seq),
            balance=Balance(
                total=number(row["total"]),
                expiring=number(row["expiring"]),
                lasting=number(row["lasting"]),
            ),
        )
        lines.append((entry_id(seq), made))
    return lines


def number(text: str) -> int:
    """A whole number as tables write it: `14,500`, `-300`; blank is 0."""
    return int(text.replace(",", "") or "0")


def problems_of(lines: Sequence[Line]) -> list[tuple[int | None, str]]:
    """Seq and code of each problem in `lines`."""
    return [(problem.seq, problem.code.value) for problem in fold(lines).problems]


def assert_sound(state: StreamState, *, total: int) -> None:
    """What holds after every entry of every stream."""
    assert total == balance_of(state).total
    life = state.lifetime
    added, taken = life.granted + life.purchased + life.refunded, life.used + life.expired + life.reversed
    assert total == added - taken
    assert 0 <= state.debt
    assert not (state.debt and state.lots), "debt and lots are never there together"
    assert all(lot.remaining > 0 for lot in state.lots)
    assert sorted(state.lots, key=burn_order) == list(state.lots)
    assert len({burn_order(lot) for lot in state.lots}) == len(state.lots)
    for earlier, later in pairwise(state.cycles):
        assert (earlier.end, earlier.closing) == (later.start, later.opening)
    if state.cycles:
        assert total == state.cycles[-1].closing


@dataclass
class Service:
    """A service with one stream, which writes what is due before anything else."""

    plan: Plan | None = None
    anchor: int = 0
    now: int = 0
    state: StreamState = EMPTY_STATE
    lines: list[Line] = field(default_factory=list[Line])
    due_keys: list[str] = field(default_factory=list[str])
    known: dict[EntryId, Referred] = field(default_factory=dict[EntryId, Referred])

    def open(self) -> None:
        """Open the stream now."""
        self.anchor = self.now
        self.write(draft(Operation.OPEN, at=self.now, open_number=1))

    def write_due(self) -> list[Draft]:
        """Write all that is due, and return it."""
        written: list[Draft] = []
        while due := next_due(self.state, self.plan, anchor=self.anchor, now=self.now):
            self.write(due)
            written.append(due)
            self.due_keys.append(due.key)
        return written

    def write(self, made: Draft) -> Entry:
        """Write one entry now; ids rise with seq."""
        referred = None if made.ref is None else self.known[made.ref]
        written, posting = post(
            self.state,
            made,
            account=ACCOUNT,
            meter="tokens",
            prev=self.lines[-1][0] if self.lines else NO_ENTRY,
            created_at=max(self.now, self.state.created_at),
            request=f"{self.state.seq:032x}",
            referred=referred,
        )
        self.state = posting.state
        identity = entry_id(written.seq)
        self.lines.append((identity, written))
        if referred and made.ref:
            self.known[made.ref] = referred_to(
                dict(self.lines)[made.ref], referred.draws, undone=referred.undone + made.tokens
            )
        self.known[identity] = referred_to(written, posting.draws)
        return written


def subscribed(plan: Plan = MONTHLY, *, at: str = "02-10") -> Service:
    """A service with an account that was opened on `plan`."""
    service = Service(plan=plan, now=unix(at))
    service.open()
    service.write(first_grant(plan, anchor=service.anchor, at=service.now))
    return service
