"""Whether an action may run: the account, its stream and the catalogue ─▶ facts ─▶ a decision with its help.

The decision holds for the snapshot or transaction that it was made in, and no longer: who acts on it does so
in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from nostr_usage.amount import checked_amount
from nostr_usage.errors import UnknownNameError
from nostr_usage.ledger.guardrail import BudgetFact, Facts, Guardrails, RateFact, RateLimit, Scope, decide
from nostr_usage.ledger.projection import state_at
from nostr_usage.ledger.refusal import Refusal
from nostr_usage.ledger.state import balance_of, next_allowance_at, state_from_json
from nostr_usage.ledger.window import window_at
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.price_book import price_of
from nostr_usage.pricing.tables import ChargeMode
from nostr_usage.spending.relief import with_help
from nostr_usage.store import AccountRow, Reader, StreamRow
from nostr_usage.writing.alerting import spent_of, subjects_of
from nostr_usage.writing.intent import Clearance, Intent
from nostr_usage.writing.request import check_action
from nostr_usage.writing.seating import Seat, seat_of
from nostr_usage.writing.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """An account that wants to act, with its stream as it is stored, and its rules.

    `seat` says who acts for it, or why they may not.
    """

    account: AccountRow
    stream: StreamRow
    rules: Guardrails
    seat: Seat | Refusal

    def seated(self, intent: Intent) -> Intent:
        """The intent under the pseudonyms of whoever acts."""
        if isinstance(self.seat, Refusal):
            return intent
        return replace(intent, actor=self.seat.actor, group=self.seat.group)

    def called(self, pseudonym: str) -> str:
        """What the operator calls whoever acts; the pseudonym where there is no other name."""
        names = () if isinstance(self.seat, Refusal) else self.seat.names
        return dict(names).get(pseudonym, pseudonym)


class Admission:
    """Decides; shared by whoever only asks and whoever reserves."""

    def __init__(self, *, terms: Terms, catalogue: Catalogue) -> None:
        self._terms = terms
        self._catalogue = catalogue

    def applicant(self, reader: Reader, intent: Intent) -> Applicant:
        """The account of an intent.

        Raises:
            UnknownNameError: if there is no such account, or it has no stream.
        """
        account = self._terms.account(reader, intent.account)
        meter = self._terms.meter_of(reader, intent.account, intent.activity)
        stream = reader.stream(intent.account, meter)
        if stream is None:
            raise UnknownNameError("stream", f"{intent.account}/{meter}")
        rules = self._terms.rules(reader, account, meter=meter)
        seat = seat_of(reader, account, actor=intent.actor, group=intent.group)
        return Applicant(account=account, stream=stream, rules=rules, seat=seat)

    def needed(self, intent: Intent, *, at: int) -> int:
        """Tokens that an action is expected to use: those stated, else the catalogue's typical figure.

        Raises:
            UnknownNameError: no such activity or add-on.
            AmountError: the stated tokens are no amount.
            InputError: an add-on twice, or a pseudonym that no entry can carry.
            PricingError: it could not be charged afterwards: its model has no price at `at`.
        """
        check_action(intent)
        rule = self._catalogue.activity(intent.activity)
        add_ons = rule.chosen_add_ons(intent.add_ons)
        if intent.model is not None and ChargeMode.MEASURED in rule.accepts:
            price_of(intent.model, at=at, own=self._catalogue.own_prices)
        if intent.tokens is not None:
            return checked_amount(intent.tokens, name="tokens")
        return rule.expected.typical + sum(add_on.tokens for add_on in add_ons)

    def decision(
        self, reader: Reader, applicant: Applicant, intent: Intent, *, needed: int, now: int
    ) -> Refusal | Clearance:
        """Whether the action may run at `now` (unix seconds), and what would help if not."""
        facts = self.facts(reader, applicant, intent, needed=needed, now=now)
        return self.decision_on(facts, applicant, intent, now=now)

    def decision_on(
        self, facts: Facts, applicant: Applicant, intent: Intent, *, now: int
    ) -> Refusal | Clearance:
        """The same from facts that were read already."""
        if isinstance(applicant.seat, Refusal):
            return applicant.seat
        decided = decide(applicant.rules, facts)
        if isinstance(decided, Refusal):
            return with_help(
                decided,
                self._catalogue,
                activity=intent.activity,
                add_ons=intent.add_ons,
                model=intent.model,
                at=now,
            )
        left, needed = facts.available, facts.needed
        return Clearance(needed=needed, left=left, left_afterwards=left - needed, cautions=decided)

    def facts(self, reader: Reader, applicant: Applicant, intent: Intent, *, needed: int, now: int) -> Facts:
        """What a decision about `needed` tokens is made from, at `now` (unix seconds)."""
        stream, account, intent = applicant.stream, applicant.account, applicant.seated(intent)
        plan = self._terms.plan(account.plan, meter=stream.meter)
        state = state_at(state_from_json(stream.state_json), plan, anchor=account.anchor, now=now)
        resets_at = next_allowance_at(state, now=now)
        return Facts(
            needed=needed,
            balance=balance_of(state).total,
            held=reader.held(stream.stream_no, now=now),
            resets_at=resets_at if plan is not None and plan.allowance > 0 else None,
            rates=tuple(_rates(reader, applicant, intent, now=now)),
            budgets=tuple(_budgets(reader, applicant, intent, now=now)),
        )


def _rates(reader: Reader, applicant: Applicant, intent: Intent, *, now: int) -> Iterator[RateFact]:
    for limit in applicant.rules.rate_limits:
        subject = intent.actor if limit.scope is Scope.MEMBER else ""
        if subject is not None:
            yield _rate(reader, applicant.stream, limit, subject=subject, now=now)


def _rate(reader: Reader, stream: StreamRow, limit: RateLimit, *, subject: str, now: int) -> RateFact:
    """Whether the window (now − window_s, now] is full of actions that were charged or are running."""
    running, _ = reader.held_by(stream.stream_no, scope=limit.scope.value, subject=subject, now=now)
    if running >= limit.actions:
        return RateFact(limit=limit, actions=running, frees_at=now + limit.window_s, subject=subject)
    before = reader.seq_before(stream.stream_no, seq=stream.seq, created_at=now - limit.window_s + 1)
    may_run = limit.actions - running
    if stream.seq - before < may_run:
        # Not even if every entry of the window were such an action: there is nothing to count.
        return RateFact(limit=limit, actions=running, frees_at=now, subject=subject)
    count, oldest = reader.debits_after(
        stream.stream_no,
        after_seq=before,
        scope=limit.scope.value,
        subject=subject,
        newest=may_run,
    )
    frees_at = now if oldest is None else oldest + limit.window_s
    return RateFact(limit=limit, actions=running + count, frees_at=frees_at, subject=subject)


def _budgets(reader: Reader, applicant: Applicant, intent: Intent, *, now: int) -> Iterator[BudgetFact]:
    stream, rules = applicant.stream, applicant.rules
    models = () if intent.model is None else (intent.model,)
    for budget in rules.budgets:
        subjects = subjects_of(
            budget, activity=intent.activity, actor=intent.actor, group=intent.group, models=models
        )
        if not subjects:
            continue
        window = window_at(budget.period, at=now, zone=rules.zone)
        for subject in subjects:
            spent = spent_of(
                reader,
                stream_no=stream.stream_no,
                seq=stream.seq,
                budget=budget,
                subject=subject,
                window=window,
            )
            _, held = reader.held_by(stream.stream_no, scope=budget.scope.value, subject=subject, now=now)
            yield BudgetFact(
                budget=budget, spent=spent + held, ends_at=window.end, subject=applicant.called(subject)
            )
