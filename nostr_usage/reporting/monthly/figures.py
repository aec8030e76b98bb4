"""The monthly report as figures: what every form of it shows, so that no two can disagree.

    opening + granted + purchased + refunded − used − expired − reversed = closing

The lines re-add too: each one's `running` is that of the line before it and its own tokens, from the opening
to the closing balance. It differs from the `balance` that an entry states where another month's action was
booked in between. Amounts are tokens and micro-dollars; times are unix seconds; months and days are UTC, as
the `m` tag of entries says.
"""

from __future__ import annotations

from dataclasses import dataclass

from nostr_usage.insight.breakdown import Breakdown, Dimension
from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.problems import Problem
from nostr_usage.reporting.analytics import StatementView
from nostr_usage.store import StreamStatus
from nostr_usage.views import STATE_SENTENCES, HistoryRow

ZONE = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An entry of the month.

    Attributes:
        row: as every history has it.
        running: the month's balance after it.
        member, department: by their names, where these are known; empty where nobody is stated.
        description: empty where it is sealed, or left out.
    """

    row: HistoryRow
    running: int
    description: str
    member: str
    department: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterMonth:
    """The month of one meter: of most accounts the only one.

    Attributes:
        seq, head_id, as_of: the newest entry of the stream, whatever its month, with its id and time.
        status: how much of the stream is proved, as in PROTOCOL.md, "Reading".
        signatures_checked: of the month's entries, those whose own signature was checked here; the others are
            vouched for by the one after them, which names them by hash.
        days: tokens net of refunds for each day of the month.
        lines: the entries of the month, in the order of the ledger.
    """

    meter: str
    seq: int
    head_id: str
    as_of: int
    status: StreamStatus
    problems: tuple[Problem, ...]
    signatures_checked: int
    statement: StatementView
    activities: Breakdown
    models: Breakdown
    members: Breakdown
    departments: Breakdown
    days: tuple[int, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyReport:
    """A month of one account.

    Attributes:
        service: the public key that signs the ledger, 64 hex digits.
        label: what the operator calls the account; empty where nobody named it.
        is_organisation: whether members and departments are registered for it.
        is_own: whether the service itself reads its ledger: nobody knows more of it than who signs it.
        month: `2026-02`; `ends_at` is the first second after it.
        made_at: the moment that the report describes: until then, the month was looked at.
        hidden: what the account's plan does not break use down by.
    """

    service: str
    account: AccountId
    label: str
    is_organisation: bool
    is_own: bool
    month: str
    ends_at: int
    made_at: int
    hidden: frozenset[Dimension]
    meters: tuple[MeterMonth, ...]

    @property
    def as_of(self) -> int:
        """When the newest entry that the report knows was written."""
        return max(meter.as_of for meter in self.meters)

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened in the month."""
        return not any(meter.lines for meter in self.meters)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the ledger itself is not proved, the gravest first; none where it is."""
        several = len(self.meters) > 1
        found = [(_GRAVITY[meter.status], _doubt(meter, several=several)) for meter in self.meters]
        return tuple(text for _, text in sorted(found) if text)

    @property
    def reservations(self) -> tuple[str, ...]:
        """Why the figures are not final; none if they are."""
        running = ("The month is not over: this is what has happened so far.",)
        return (*self.doubts, *(running if self.made_at < self.ends_at else ()))

    @property
    def is_final(self) -> bool:
        """Whether nothing speaks against the figures: the month is over, and all of it is proved."""
        return not self.reservations


_GRAVITY = {
    StreamStatus.CONFLICT: 0,
    StreamStatus.INCOMPLETE: 1,
    StreamStatus.STALE: 2,
    StreamStatus.PROVISIONAL: 3,
    StreamStatus.VERIFIED: 4,
}
DOUBTFUL = frozenset({StreamStatus.CONFLICT, StreamStatus.INCOMPLETE, StreamStatus.STALE})
"""States in which no figure is final."""


def _doubt(meter: MeterMonth, *, several: bool) -> str:
    whose = f" ({meter.meter})" if several else ""
    parts = [STATE_SENTENCES[meter.status.value] + whose] if meter.status in DOUBTFUL else []
    if meter.problems:
        many = len(meter.problems)
        parts.append(f"{many} {'problem was' if many == 1 else 'problems were'} found in the ledger{whose}.")
    return " ".join(parts)
