"""Opens streams: `open`, `plan`, and the first allowance, one stream for each meter of the account."""

from __future__ import annotations

from dataclasses import replace

from nostr_usage.ledger.entry import Cost, LotTerms, Operation, Source
from nostr_usage.ledger.plan import Plan
from nostr_usage.ledger.posting import Draft, first_grant
from nostr_usage.store import Line
from nostr_usage.writing.stream_writer import StreamWriter

NO_PLAN = "none"
"""The type of a `plan` entry from which no plan holds."""

_FREE = Cost(micro_dollars=0)


def open_stream(
    writer: StreamWriter,
    *,
    key: str,
    number: int,
    operator_key: str,
    plan: Plan | None,
    anchor: int,
    now: int,
    allowance_left: int | None = None,
) -> Line:
    """Begin a stream; the line of its `open` entry.

    Args:
        writer: at the start of the stream.
        key: of the `open` entry.
        number: the next open number of the ledger.
        operator_key: the public half of the account's operator key.
        plan: in the meter of the stream; None for no allowance.
        anchor: what the plan's boundaries are counted from, `now` or earlier.
        now: unix seconds.
        allowance_left: of the first allowance; all of it if None.
    """
    line = writer.write_own(
        Draft(
            operation=Operation.OPEN,
            type="open",
            tokens=0,
            cost=_FREE,
            occurred_at=now,
            key=key,
            open_number=number,
            operator_key=operator_key,
        )
    )
    if plan is not None:
        writer.write_own(plan_draft(plan.name, at=now))
        grant = first_grant(plan, anchor=anchor, at=now)
        writer.write_own(grant if allowance_left is None else replace(grant, tokens=allowance_left))
    return line


def opening_balance(tokens: int, *, priority: int, now: int) -> Draft:
    """What a customer brings along from another system: an adjustment that never expires."""
    return Draft(
        operation=Operation.GRANT,
        type="opening_balance",
        tokens=tokens,
        cost=_FREE,
        occurred_at=now,
        key=f"opening:{now}",
        lot=LotTerms(source=Source.ADJUSTMENT, expires_at=None, priority=priority),
    )


def plan_draft(name: str | None, *, at: int) -> Draft:
    """The entry from which a plan holds, or none."""
    named = name or NO_PLAN
    return Draft(
        operation=Operation.PLAN,
        type=named,
        tokens=0,
        cost=_FREE,
        occurred_at=at,
        key=f"plan:{named}:{at}",
    )
