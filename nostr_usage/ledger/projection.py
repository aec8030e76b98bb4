"""A stream as it stands at a moment: what time has brought about is counted before anybody wrote it down."""

from __future__ import annotations

from nostr_usage.ledger.apply import move
from nostr_usage.ledger.plan import Plan
from nostr_usage.ledger.posting import due_together
from nostr_usage.ledger.state import StreamState

# A stream idle for ten years of monthly cycles owes about 360 entries; more than this is a bug.
DUE_MAX = 10_000


def state_at(state: StreamState, plan: Plan | None, *, anchor: int, now: int) -> StreamState:
    """`state` after every expiry, renewal and close that is due by `now` (unix seconds).

    It is what the stream will be once its writer has written those; nothing is written here.

    Args:
        state: after the stream's last entry.
        plan: None where no allowance is to be renewed.
        anchor: what the plan's boundaries are counted from.
        now: unix seconds; a clock behind the last entry counts as that entry's time.
    """
    now = max(now, state.created_at)
    for _ in range(DUE_MAX):
        together = due_together(state, plan, anchor=anchor, now=now)
        if not together:
            return state
        for due in together:
            state = move(state, due, seq=state.seq + 1, created_at=now).state
    raise AssertionError(f"more than {DUE_MAX} entries due")
