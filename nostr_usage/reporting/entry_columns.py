"""An entry of a history as a file or a program gets it: every export writes the same."""

from __future__ import annotations

from nostr_usage.amount import format_dollars_exact
from nostr_usage.clock import iso_time
from nostr_usage.views import HistoryRow

COLUMNS = (
    "entry_id",
    "seq",
    "occurred_at",
    "operation",
    "type",
    "tokens",
    "usd",
    "balance",
    "description",
    "relays_confirmed",
    "relays_queued",
)


def entry_values(row: HistoryRow) -> tuple[str | int | None, ...]:
    """The values of `COLUMNS`; a description that cannot be read here is None."""
    return (
        row.entry_id,
        row.seq,
        iso_time(row.occurred_at),
        row.operation.value,
        row.type,
        row.tokens,
        format_dollars_exact(row.micro_dollars),
        row.balance,
        row.description,
        row.confirmed,
        row.queued,
    )


def entry_object(row: HistoryRow) -> dict[str, str | int | None]:
    """The entry as a JSON object."""
    return dict(zip(COLUMNS, entry_values(row), strict=True))
