"""Estimates: settled holds ─▶ what was quoted, against what was charged.

A hold is the quote that somebody acted on: what it kept back was said before the action, what it was settled
with is what came of it; one that was raised meanwhile counts as raised. So nothing is kept of quotes
themselves, and one that led to nothing is no estimate. Holds are the operator's own;
whoever follows a ledger has none.
"""

from __future__ import annotations

from nostr_usage.insight.accuracy import Accuracy, Estimate, accuracy
from nostr_usage.store import Reader, StreamRow

HOLDS_READ_MAX = 1_000


def accuracy_of(reader: Reader, stream: StreamRow, *, activity: str | None = None) -> tuple[Accuracy, ...]:
    """How good the newest `HOLDS_READ_MAX` estimates of a stream were: by activity, then all together."""
    return accuracy(
        Estimate(activity=name, quoted=held, charged=charged)
        for name, held, charged in reader.settled_holds(
            stream.stream_no, activity=activity, limit=HOLDS_READ_MAX
        )
    )
