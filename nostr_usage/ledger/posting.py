"""From what happened, or is due, to the entry that must be written: drafts, and posting them.

A draft is an entry without its place in the stream. `due_together` names what time alone makes due next;
whoever writes to a stream writes that first, until there is no more, and `post` takes it for granted.
"""

from __future__ import annotations

from dataclasses import dataclass

from nostr_usage.ledger.apply import Posting, move
from nostr_usage.ledger.cycle import next_boundary
from nostr_usage.ledger.entry import (
    AccountId,
    Cost,
    CycleTotals,
    Entry,
    EntryId,
    LotTerms,
    Operation,
    Source,
    UsageLine,
)
from nostr_usage.ledger.holdings import Referred
from nostr_usage.ledger.lot import is_lapsed, tokens_of
from nostr_usage.ledger.plan import GRACE_S, Plan, Rollover
from nostr_usage.ledger.state import StreamState, balance_of

_NO_COST = Cost(micro_dollars=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry before it has its place in the stream; fields as in `Entry`.

    Attributes:
        key: the idempotency key: one key, one entry. `request` on the wire is its HMAC.
    """

    operation: Operation
    type: str
    tokens: int
    cost: Cost
    occurred_at: int
    key: str
    open_number: int | None = None
    operator_key: str | None = None
    lot: LotTerms | None = None
    ref: EntryId | None = None
    totals: CycleTotals | None = None
    level: int | None = None
    description: str | None = None
    description_hash: str | None = None
    usage: tuple[UsageLine, ...] = ()
    prices: tuple[str, ...] = ()
    actor: str | None = None
    group: str | None = None
    prompt: str | None = None
    payment: str | None = None
    orphans: tuple[EntryId, ...] = ()
    content: str = ""


def post(
    state: StreamState,
    draft: Draft,
    *,
    account: AccountId,
    meter: str,
    prev: EntryId,
    created_at: int,
    request: str,
    referred: Referred | None = None,
) -> tuple[Entry, Posting]:
    """The next entry of the stream, with its seq and balance, and the state after it.

    The caller has checked that the stream is open, a refund at most `referred.left`, `created_at` not going
    back, and nothing due at it. So a problem here is a fault of the program, and an assertion fails.

    Args:
        state: the stream before it.
        draft: what happened.
        account: the stream's account.
        meter: the stream's meter.
        prev: id of the entry that `state` ends with.
        created_at: unix seconds.
        request: 32 hex digits made of `draft.key`.
        referred: what `draft.ref` names, for a refund or a reverse.
    """
    seq = state.seq + 1
    posting = move(state, draft, seq=seq, created_at=created_at, referred=referred)
    assert not posting.problems, posting.problems[0].message
    entry = Entry(
        account=account,
        meter=meter,
        seq=seq,
        prev=prev,
        operation=draft.operation,
        type=draft.type,
        tokens=draft.tokens,
        cost=draft.cost,
        balance=balance_of(posting.state),
        created_at=created_at,
        occurred_at=draft.occurred_at,
        request=request,
        open_number=draft.open_number,
        operator_key=draft.operator_key,
        lot=draft.lot,
        ref=draft.ref,
        totals=draft.totals,
        level=draft.level,
        description=draft.description,
        description_hash=draft.description_hash,
        usage=draft.usage,
        prices=draft.prices,
        actor=draft.actor,
        group=draft.group,
        prompt=draft.prompt,
        payment=draft.payment,
        orphans=draft.orphans,
        content=draft.content,
    )
    return entry, posting


def first_grant(plan: Plan, *, anchor: int, at: int) -> Draft:
    """The allowance of the first cycle of a plan, which begins `at`; later ones are `next_due`'s.

    Args:
        plan: the plan.
        anchor: what its boundaries are counted from, usually `at` itself.
        at: unix seconds.
    """
    return _allowance(plan, "subscription_grant", anchor=anchor, at=at, key=f"subscription:{at}")


def upgrade_grant(state: StreamState, old: Plan, new: Plan, *, anchor: int, at: int) -> Draft | None:
    """What a larger plan adds at once, in the middle of a cycle: the difference; None where there is none.

    It lapses where the next allowance of `new` begins, counted from `anchor`.
    """
    more = new.allowance - old.allowance
    if more <= 0:
        return None
    end = state.cycles[-1].end if state.cycles else None
    counted = next_boundary(new.cycle, anchor=anchor, after=at)
    return Draft(
        operation=Operation.GRANT,
        type="upgrade_grant",
        tokens=more,
        cost=_NO_COST,
        occurred_at=at,
        key=f"upgrade:{new.name}:{at}",
        lot=LotTerms(
            source=Source.ALLOWANCE,
            expires_at=counted if end is None or end <= at else max(end, counted),
            priority=new.priority,
        ),
    )


def next_due(state: StreamState, plan: Plan | None, *, anchor: int, now: int) -> Draft | None:
    """What is due first by `now` and not written yet, or None: an `expire`, a renewal, a `close`.

    In order of the moments at which they fall due, `expire` before the renewal before `close` in a tie. The
    keys say what is due, not when it was noticed, so two writers who notice it write one entry.

    Args:
        state: the stream so far.
        plan: None where no allowance is to be renewed.
        anchor: what the plan's boundaries are counted from.
        now: unix seconds; a clock behind the last entry counts as that entry's time.
    """
    now = max(now, state.created_at)
    expiry_at = min((lot.expires_at for lot in state.lots if lot.expires_at is not None), default=now + 1)
    renewal_at = _renewal_at(state, plan, anchor=anchor, now=now)
    close_at = _close_at(state, plan)
    moment = min(at for at in (expiry_at, renewal_at, close_at, now + 1) if at is not None)
    if moment > now:
        return None
    if moment == expiry_at:
        return _expiry(state, at=moment)
    if plan and moment == renewal_at:
        return _allowance(plan, "renewal_grant", anchor=anchor, at=moment, key=f"renewal:{moment}")
    return _close(state.cycles[0])


def due_together(state: StreamState, plan: Plan | None, *, anchor: int, now: int) -> tuple[Draft, ...]:
    """`next_due`, and what is written with it: after an expiry that rolls over, the renewal and the rollover.

    What rolls over is known only while the lapsed allowance is still there. Arguments as for `next_due`.
    """
    due = next_due(state, plan, anchor=anchor, now=now)
    if due is None:
        return ()
    at = due.occurred_at
    if plan is None or plan.rollover is None or due.operation is not Operation.EXPIRE:
        return (due,)
    if at != _renewal_at(state, plan, anchor=anchor, now=max(now, state.created_at)):
        return (due,)
    tokens = min(
        sum(lot.remaining for lot in state.lots if lot.source is Source.ALLOWANCE and is_lapsed(lot, at=at)),
        plan.rollover.cap
        - sum(
            lot.remaining for lot in state.lots if lot.source is Source.ROLLOVER and not is_lapsed(lot, at=at)
        ),
    )
    if tokens <= 0:
        return (due,)
    renewal = _allowance(plan, "renewal_grant", anchor=anchor, at=at, key=f"renewal:{at}")
    return (due, renewal, _rollover(plan, plan.rollover, tokens, anchor=anchor, at=at))


def _renewal_at(state: StreamState, plan: Plan | None, *, anchor: int, now: int) -> int | None:
    """When the next allowance is due, exact up to `now`.

    The end of the cycle, but not before a boundary of the plan: one that was changed within a cycle may count
    its boundaries from a later anchor. Where that anchor is a boundary of the plan before, which nothing that
    was granted outlives, the first allowance is due at the anchor itself.
    """
    if plan is None or not state.cycles:
        return None
    cycle = state.cycles[-1]
    if cycle.end is not None and cycle.end > now:
        return cycle.end
    if cycle.end is not None and anchor >= cycle.end:
        return anchor
    if cycle.end is None and anchor > cycle.start and not _has_allowance_after(state, anchor):
        return anchor
    counted = next_boundary(plan.cycle, anchor=anchor, after=max(anchor, cycle.start))
    return counted if cycle.end is None else max(cycle.end, counted)


def _has_allowance_after(state: StreamState, at: int) -> bool:
    return any(lot.source is Source.ALLOWANCE and not is_lapsed(lot, at=at) for lot in state.lots)


def _rollover(plan: Plan, rollover: Rollover, tokens: int, *, anchor: int, at: int) -> Draft:
    expires_at = at
    for _ in range(rollover.cycles):
        expires_at = next_boundary(plan.cycle, anchor=anchor, after=expires_at)
    return Draft(
        operation=Operation.GRANT,
        type="rollover",
        tokens=tokens,
        cost=_NO_COST,
        occurred_at=at,
        key=f"rollover:{at}",
        lot=LotTerms(source=Source.ROLLOVER, expires_at=expires_at, priority=plan.priority),
    )


def _close_at(state: StreamState, plan: Plan | None) -> int | None:
    """When the oldest open cycle is final, if a later one has begun."""
    if len(state.cycles) < 2:
        return None
    end = state.cycles[0].end
    assert end is not None, "a cycle ends where the next one begins"
    return end + (plan.grace_s if plan else GRACE_S)


def _expiry(state: StreamState, *, at: int) -> Draft:
    return Draft(
        operation=Operation.EXPIRE,
        type="expiry",
        tokens=tokens_of(tuple(lot for lot in state.lots if is_lapsed(lot, at=at))),
        cost=_NO_COST,
        occurred_at=at,
        key=f"expire:{at}",
    )


def _allowance(plan: Plan, reason: str, *, anchor: int, at: int, key: str) -> Draft:
    expires_at = next_boundary(plan.cycle, anchor=anchor, after=at)
    return Draft(
        operation=Operation.GRANT,
        type=reason,
        tokens=plan.allowance,
        cost=_NO_COST,
        occurred_at=at,
        key=key,
        lot=LotTerms(source=Source.ALLOWANCE, expires_at=expires_at, priority=plan.priority),
    )


def _close(totals: CycleTotals) -> Draft:
    """Dated in the last second of the cycle, so that the month is that of the cycle."""
    assert totals.end is not None, "a cycle ends where the next one begins"
    return Draft(
        operation=Operation.CLOSE,
        type="cycle_close",
        tokens=0,
        cost=_NO_COST,
        occurred_at=totals.end - 1,
        key=f"close:{totals.start}",
        totals=totals,
    )
