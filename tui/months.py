"""Months for the subtotals of the history; one is read once as long as no entry comes."""

from __future__ import annotations

from nostr_usage.ledger.entry import AccountId
from nostr_usage.views import MonthView
from tui.contracts import Source

MONTHS_KEPT_MAX = 500


class MonthsKept:
    """The months that were asked for last."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._months: dict[tuple[AccountId, str, str], MonthView | None] = {}

    def month(self, account: AccountId, month: str, *, head_id: str) -> MonthView | None:
        """One month (`2026-02`, UTC) of a stream whose newest entry is `head_id`."""
        key = (account, head_id, month)
        if key not in self._months:
            if len(self._months) >= MONTHS_KEPT_MAX:
                self._months.clear()
            self._months[key] = self._source.month(account, month)
        return self._months[key]
