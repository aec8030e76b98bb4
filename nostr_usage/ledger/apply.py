"""One step of the fold: state + entry ─▶ state, draws, problems.

Nothing is looked up and nothing is raised: an entry that cannot be right still moves the balance by its
tokens, and what is wrong with it comes back as problems. Where an entry states other figures than the fold
computes, the computed ones stand.
"""

from __future__ import annotations

from dataclasses import dataclass

from nostr_usage.ledger import holdings
from nostr_usage.ledger.entry import CycleTotals, Entry, EntryId, Operation, Source
from nostr_usage.ledger.holdings import Finding, Holdings, Referred
from nostr_usage.ledger.lot import Draw
from nostr_usage.ledger.problems import Problem, ProblemCode
from nostr_usage.ledger.state import Lifetime, StreamState, balance_of
from nostr_usage.ledger.totals import Movement, close_oldest, count_movement, first_cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One entry applied: the state after it, what it drew if it is a debit, and what is wrong with it."""

    state: StreamState
    draws: tuple[Draw, ...] = ()
    problems: tuple[Problem, ...] = ()


def apply(
    state: StreamState,
    entry: Entry,
    *,
    entry_id: EntryId | None = None,
    referred: Referred | None = None,
) -> Posting:
    """`entry` applied to the stream that ends with the entry before it.

    Args:
        state: the stream before it.
        entry: the next entry; whether its seq and `prev` follow is for `fold` and the chain to say.
        entry_id: for the problems to name.
        referred: the entry that `ref` names, if it is in this stream.
    """
    posting = move(
        state, entry, seq=entry.seq, created_at=entry.created_at, entry_id=entry_id, referred=referred
    )
    computed, stated = balance_of(posting.state), entry.balance
    if computed == stated:
        return posting
    message = (
        f"seq {entry.seq}: it states a balance of {stated.total} (expiring {stated.expiring}, lasting"
        f" {stated.lasting}), its entries give {computed.total} ({computed.expiring}, {computed.lasting})"
    )
    problem = Problem(code=ProblemCode.BALANCE_MISMATCH, message=message, seq=entry.seq, entry_id=entry_id)
    return Posting(state=posting.state, draws=posting.draws, problems=(*posting.problems, problem))


def move(
    state: StreamState,
    movement: Movement,
    *,
    seq: int,
    created_at: int,
    entry_id: EntryId | None = None,
    referred: Referred | None = None,
) -> Posting:
    """Like `apply`, for a movement that states no balance yet: a draft about to become an entry."""
    findings: list[Finding] = []
    if created_at < state.created_at:
        message = f"it was written at {created_at}, before the entry before it at {state.created_at}"
        findings.append(Finding(ProblemCode.TIME_BACKWARDS, message))
    is_of_purchase = _is_of_purchase(movement, referred)
    cycles = _cycles_after(state, movement, seq, findings, is_of_purchase=is_of_purchase)
    end = cycles[-1].end if cycles else None
    held = _holdings_after(
        state, movement, seq=seq, at=created_at, cycle_end=end, referred=referred, findings=findings
    )
    after = StreamState(
        seq=seq,
        created_at=max(created_at, state.created_at),
        lots=held.lots,
        debt=held.debt,
        cycles=cycles,
        lifetime=_lifetime_after(state.lifetime, movement, is_of_purchase=is_of_purchase),
    )
    if not findings:
        return Posting(state=after, draws=held.draws)
    problems = tuple(
        Problem(code=finding.code, message=f"seq {seq}: {finding.message}", seq=seq, entry_id=entry_id)
        for finding in findings
    )
    return Posting(state=after, draws=held.draws, problems=problems)


def _holdings_after(
    state: StreamState,
    movement: Movement,
    *,
    seq: int,
    at: int,
    cycle_end: int | None,
    referred: Referred | None,
    findings: list[Finding],
) -> Holdings:
    match movement.operation:
        case Operation.DEBIT:
            return holdings.debit(state, movement, at=at, findings=findings)
        case Operation.GRANT:
            return holdings.grant(state, movement, seq=seq, findings=findings)
        case Operation.REFUND:
            return holdings.refund(
                state, movement, seq=seq, at=at, cycle_end=cycle_end, referred=referred, findings=findings
            )
        case Operation.REVERSE:
            return holdings.reverse(state, movement, at=at, referred=referred, findings=findings)
        case Operation.EXPIRE:
            return holdings.expire(state, movement, at=at, findings=findings)
        case _:
            return Holdings(state.lots, state.debt)


def _cycles_after(
    state: StreamState, movement: Movement, seq: int, findings: list[Finding], *, is_of_purchase: bool
) -> tuple[CycleTotals, ...]:
    if not state.cycles:
        if movement.operation is Operation.OPEN:
            return first_cycle(movement, seq=seq, opening=balance_of(state).total)
        findings.append(Finding(ProblemCode.NOT_OPENED, "it comes before the stream was opened"))
        return ()
    if movement.operation is Operation.CLOSE:
        cycles, wrong = close_oldest(state.cycles, movement.totals)
        if wrong:
            findings.append(Finding(ProblemCode.TOTALS_MISMATCH, wrong))
        return cycles
    if movement.operation is Operation.OPEN:
        findings.append(Finding(ProblemCode.MALFORMED, "it opens a stream that is open"))
    return count_movement(state.cycles, movement, seq=seq, is_of_purchase=is_of_purchase)


def _is_of_purchase(movement: Movement, referred: Referred | None) -> bool:
    if movement.operation is Operation.GRANT:
        return movement.lot is not None and movement.lot.source is Source.PURCHASED
    return (
        movement.operation is Operation.REVERSE
        and referred is not None
        and referred.source is Source.PURCHASED
    )


def _lifetime_after(lifetime: Lifetime, movement: Movement, *, is_of_purchase: bool) -> Lifetime:
    tokens = movement.tokens
    granted, purchased, used = lifetime.granted, lifetime.purchased, lifetime.used
    refunded, expired, reversed_ = lifetime.refunded, lifetime.expired, lifetime.reversed
    match movement.operation:
        case Operation.DEBIT:
            used += tokens
        case Operation.GRANT if is_of_purchase:
            purchased += tokens
        case Operation.GRANT:
            granted += tokens
        case Operation.REFUND:
            refunded += tokens
        case Operation.EXPIRE:
            expired += tokens
        case Operation.REVERSE:
            reversed_ += tokens
        case _:
            return lifetime
    return Lifetime(
        granted=granted,
        purchased=purchased,
        used=used,
        refunded=refunded,
        expired=expired,
        reversed=reversed_,
    )
