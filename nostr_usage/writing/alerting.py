"""Alerts of a debit: states before and after ─▶ thresholds crossed ─▶ those not given yet, remembered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nostr_usage.ledger.alert import Alert, alerts_of_budget, alerts_of_debit, granted_ever
from nostr_usage.ledger.entry import Entry
from nostr_usage.ledger.guardrail import Budget, BudgetFact, Guardrails, Scope
from nostr_usage.ledger.state import StreamState
from nostr_usage.ledger.window import Window, window_at
from nostr_usage.store import Reader, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Debit:
    """A debit that was just written, with the states around it."""

    stream_no: int
    entry: Entry
    before: StreamState
    after: StreamState


def alerts_of(transaction: Transaction, debit: Debit, rules: Guardrails, *, now: int) -> tuple[Alert, ...]:
    """What the account's owner should be told because of `debit`, each once a cycle or window."""
    granted = granted_ever(debit.after)
    crossed = [(alert, granted) for alert in alerts_of_debit(debit.before, debit.after, rules)]
    if not crossed and not rules.budgets:
        return ()
    for budget in rules.budgets:
        # What re-arms a budget's alert is a higher budget, as a top-up does those of the balance.
        found = _budget_alerts(transaction, debit, budget, rules, now=now)
        crossed.extend((alert, budget.tokens) for alert in found)
    return tuple(
        alert
        for alert, armed_by in crossed
        if transaction.give_alert(
            debit.stream_no,
            kind=alert.kind.value,
            subject=alert.subject,
            threshold=alert.threshold,
            since=alert.since,
            armed_by=armed_by,
            remaining=alert.left,
            now=now,
        )
    )


def subjects_of(
    budget: Budget, *, activity: str, actor: str | None, group: str | None, models: tuple[str, ...]
) -> tuple[str, ...]:
    """Whose budget an action counts in: one subject, none, or for several models each of them."""
    match budget.scope:
        case Scope.ACCOUNT:
            found: tuple[str | None, ...] = ("",)
        case Scope.MEMBER:
            found = (actor,)
        case Scope.GROUP:
            found = (group,)
        case Scope.ACTIVITY:
            found = (activity,)
        case Scope.MODEL:
            found = models
    return tuple(one for one in found if one is not None and budget.subject in {"", one})


def spent_of(
    reader: Reader, *, stream_no: int, seq: int, budget: Budget, subject: str, window: Window
) -> int:
    """What a subject spent of a budget in `window`, through entry `seq`; saved where that is worth it."""
    place = {"scope": budget.scope.value, "subject": subject, "period": budget.period.value}
    tally, new_entries = reader.tally(stream_no, seq=seq, start=window.start, **place)
    if isinstance(reader, Transaction):
        reader.save_tally(stream_no, tally, new_entries=new_entries, **place)
    return tally.tokens


def _budget_alerts(
    transaction: Transaction, debit: Debit, budget: Budget, rules: Guardrails, *, now: int
) -> Iterator[Alert]:
    entry = debit.entry
    window = window_at(budget.period, at=now, zone=rules.zone)
    if entry.occurred_at < window.start:
        return
    models = tuple(sorted({line.model for line in entry.usage}))
    for subject in subjects_of(
        budget, activity=entry.type, actor=entry.actor, group=entry.group, models=models
    ):
        spent = spent_of(
            transaction,
            stream_no=debit.stream_no,
            seq=entry.seq,
            budget=budget,
            subject=subject,
            window=window,
        )
        called = _called(transaction, debit.stream_no, budget, subject)
        fact = BudgetFact(budget=budget, spent=spent, ends_at=window.end, subject=called)
        yield from alerts_of_budget(
            fact, tokens=entry.tokens, since=window.start, thresholds=rules.thresholds
        )


def _called(transaction: Transaction, stream_no: int, budget: Budget, subject: str) -> str:
    """What its owner calls a member or department; every other subject has one name."""
    if budget.scope not in {Scope.MEMBER, Scope.GROUP}:
        return subject
    number = transaction.stream_numbered(stream_no).account_no
    return transaction.called(number, subject, is_member=budget.scope is Scope.MEMBER)
