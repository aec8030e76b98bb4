"""Budgets of an account: its plan's and its own, what is used of each, and when each begins anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nostr_usage.amount import checked_amount, percent
from nostr_usage.clock import Clock
from nostr_usage.errors import InputError, UnknownNameError
from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.guardrail import Budget, Scope, budget_name
from nostr_usage.ledger.window import Period, Window, window_at
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.store import AccountRow, BudgetRow, Reader, StreamRow, Transaction
from nostr_usage.writing.alerting import spent_of
from nostr_usage.writing.terms import Terms

SUBJECT_LENGTH_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetView:
    """A budget of one subject in one meter, in the window that is open now.

    Attributes:
        budget: the rule; its subject is empty where it holds for each.
        subject: whose use this is; empty for an account, and where nobody has used any of it yet.
        name: what the operator calls a member or department of an organisation; else the subject.
        is_own: the account's own, not its plan's.
        used: tokens of debits in the window, refunded or not.
        held: tokens of running actions.
        left: of the budget; negative where it was passed.
        percent: used and held, of the budget, 0–100.
        starts_at, resets_at: the window, unix seconds; a day or month of `zone`.
    """

    meter: str
    budget: Budget
    subject: str
    name: str
    is_own: bool
    used: int
    held: int
    left: int
    percent: int
    starts_at: int
    resets_at: int
    zone: str


class Budgeting:
    """Looks at budgets, sets and removes them."""

    def __init__(self, *, clock: Clock, catalogue: Catalogue) -> None:
        self._terms = Terms(clock=clock, catalogue=catalogue)
        self._catalogue = catalogue

    def views(
        self, reader: Reader, account: AccountId, *, meter: str | None = None
    ) -> tuple[BudgetView, ...]:
        """Every budget of an account, in one meter or in all that are spent; those for each by subject.

        Raises:
            UnknownNameError: no such account.
        """
        row = self._terms.account(reader, account)
        own = {(one.scope, one.subject, one.period) for one in reader.budgets(row.account_no)}
        return tuple(
            view
            for stream in tuple(reader.streams(account_no=row.account_no))
            if stream.meter == meter or (meter is None and not self._is_level(stream.meter))
            for view in self._of_stream(reader, row, stream, own)
        )

    def set(self, transaction: Transaction, account: AccountId, budget: Budget) -> None:
        """Give an account a budget of its own, in place of its plan's or an earlier one.

        Raises:
            UnknownNameError: no such account.
            AmountError: tokens that are no amount.
            InputError: a subject that does not fit its scope.
        """
        checked_amount(budget.tokens, name="budget")
        if len(budget.subject) > SUBJECT_LENGTH_MAX or (budget.scope is Scope.ACCOUNT and budget.subject):
            raise InputError(
                f"a budget by {budget.scope} cannot be for {budget.subject[:80]!r}",
                advice="Leave the subject out for an account; names have at most 100 characters.",
            )
        row = self._terms.account(transaction, account)
        transaction.set_budget(
            row.account_no,
            BudgetRow(
                scope=budget.scope.value,
                subject=budget.subject,
                period=budget.period.value,
                tokens=budget.tokens,
                enforcement=budget.enforcement.value,
            ),
        )

    def remove(
        self, transaction: Transaction, account: AccountId, *, scope: Scope, subject: str, period: Period
    ) -> None:
        """Take an account's own budget away; its plan's counts again, if it has one.

        Raises:
            UnknownNameError: no such account, or it has no such budget of its own.
        """
        row = self._terms.account(transaction, account)
        if not transaction.drop_budget(
            row.account_no, scope=scope.value, subject=subject, period=period.value
        ):
            raise UnknownNameError(
                "budget",
                budget_name(scope, subject, period),
                advice="An account's own budgets can be removed; a plan's are in the catalogue.",
            )

    def _is_level(self, meter: str) -> bool:
        return any(one.name == meter and one.is_level for one in self._catalogue.meters)

    def _of_stream(
        self, reader: Reader, account: AccountRow, stream: StreamRow, own: set[tuple[str, str, str]]
    ) -> Iterator[BudgetView]:
        rules = self._terms.rules(reader, account, meter=stream.meter)
        for budget in rules.budgets:
            window = window_at(budget.period, at=self._terms.now, zone=rules.zone)
            is_own = (budget.scope.value, budget.subject, budget.period.value) in own
            for subject in _subjects(reader, stream, budget, window):
                used, held = self._used(reader, stream, budget, window, subject=subject)
                yield BudgetView(
                    meter=stream.meter,
                    budget=budget,
                    subject=subject,
                    name=_name(reader, account, budget.scope, subject),
                    is_own=is_own,
                    used=used,
                    held=held,
                    left=budget.tokens - used - held,
                    percent=percent(used + held, budget.tokens) if budget.tokens else 100,
                    starts_at=window.start,
                    resets_at=window.end,
                    zone=rules.zone,
                )

    def _used(
        self, reader: Reader, stream: StreamRow, budget: Budget, window: Window, *, subject: str
    ) -> tuple[int, int]:
        if not subject and budget.scope is not Scope.ACCOUNT:
            return 0, 0
        stream_no, scope = stream.stream_no, budget.scope.value
        used = spent_of(
            reader, stream_no=stream_no, seq=stream.seq, budget=budget, subject=subject, window=window
        )
        _, held = reader.held_by(stream_no, scope=scope, subject=subject, now=self._terms.now)
        return used, held


def _name(reader: Reader, account: AccountRow, scope: Scope, subject: str) -> str:
    number = account.account_no
    if not subject or scope not in {Scope.MEMBER, Scope.GROUP} or not reader.is_organisation(number):
        return subject
    found = reader.member(number, subject) if scope is Scope.MEMBER else reader.department(number, subject)
    return subject if found is None else found.name


def _subjects(reader: Reader, stream: StreamRow, budget: Budget, window: Window) -> tuple[str, ...]:
    """The one that a budget is for; where it is for each, those who used some of it in the window."""
    if budget.subject or budget.scope is Scope.ACCOUNT:
        return (budget.subject,)
    before = reader.seq_before(stream.stream_no, seq=stream.seq, created_at=window.start)
    found = reader.subjects_after(stream.stream_no, after_seq=before, scope=budget.scope.value)
    return tuple(found) or ("",)
