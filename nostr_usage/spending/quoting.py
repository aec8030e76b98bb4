"""Quotes: an intent, its prompt, the account's own history ─▶ a range, what it leaves, what would be refused.

Nothing is kept, neither a quote nor any text. Whoever reserves what was quoted can compare it with what was
charged later (`reporting.estimates`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from nostr_usage.amount import checked_amount
from nostr_usage.clock import Clock
from nostr_usage.errors import InputError
from nostr_usage.ledger.refusal import Refusal
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.expectation import (
    Basis,
    Expected,
    Range,
    Request,
    expected_by_catalogue,
    expected_of_request,
)
from nostr_usage.pricing.quote import Quote, quote_activity, with_balance
from nostr_usage.pricing.tables import Activity
from nostr_usage.spending.admission import Admission, Applicant
from nostr_usage.spending.own_history import expected_from_own
from nostr_usage.store import Reader
from nostr_usage.writing.intent import Clearance, Intent
from nostr_usage.writing.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What goes into a model, and what is expected to come out.

    Attributes:
        tokens: prompt tokens, as `token_count.count_tokens` gives them.
        completion_tokens: what comes out, 0 to `AMOUNT_MAX`; None where nobody knows.
    """

    tokens: Range
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteView:
    """A quote for one account, as a cost preview shows it.

    Attributes:
        quote: the range, its lines and sides, cheaper models, the balance after it, and warnings. Its balance
            is what can be spent now, holds taken off.
        label: what people call the activity.
        meter: what is counted.
        model: the model that was asked about.
        low_balance: where the account's balance is called low.
        decision: whether the action may run at its typical cost; a refusal says why, and what would help.
        refused_at_high: the refusal if it came to the highest cost, where the typical one is allowed.
        is_full: what goes in and out, and cheaper models, were looked at; else they are not there.
    """

    quote: Quote
    label: str
    meter: str
    model: str | None
    low_balance: int
    decision: Clearance | Refusal
    refused_at_high: Refusal | None
    is_full: bool

    @property
    def is_allowed(self) -> bool:
        """The action may run at its typical cost."""
        return isinstance(self.decision, Clearance)


class Quoting:
    """Gives quotes; needs no keys, so whoever reads a ledger can show its costs before an action."""

    def __init__(self, *, clock: Clock, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._terms = Terms(clock=clock, catalogue=catalogue)
        self._admission = Admission(terms=self._terms, catalogue=catalogue)

    def quote(
        self, reader: Reader, intent: Intent, *, prompt: Prompt | None = None, is_full: bool = True
    ) -> QuoteView:
        """What an action is expected to cost an account now, and what that would mean for it.

        Unless `is_full`, what goes in and out and other models are left out.

        Raises:
            UnknownNameError: no such account, activity or add-on.
            InputError: tokens and a prompt are both stated, or a prompt that the charge does not depend on.
            PricingError: the model has no price.
        """
        now = self._terms.now
        self._admission.needed(intent, at=now)  # what could not be charged is not quoted
        applicant = self._admission.applicant(reader, intent)
        quote = quote_activity(
            self._catalogue,
            intent.activity,
            add_ons=intent.add_ons,
            expected=self._expected(reader, applicant, intent, prompt, at=now),
            model=intent.model,
            at=now if is_full else None,
        )
        facts = self._admission.facts(reader, applicant, intent, needed=quote.typical, now=now)
        decision = self._admission.decision_on(facts, applicant, intent, now=now)
        dearest = self._admission.decision_on(replace(facts, needed=quote.high), applicant, intent, now=now)
        rule, rules = self._catalogue.activity(intent.activity), applicant.rules
        return QuoteView(
            quote=with_balance(
                quote,
                facts.available,
                token_value=self._catalogue.token_value_of(rule.meter),
                low_balance=rules.low_balance,
            ),
            label=rule.label,
            meter=rule.meter,
            model=intent.model,
            low_balance=rules.low_balance,
            decision=decision,
            refused_at_high=dearest
            if isinstance(dearest, Refusal) and not isinstance(decision, Refusal)
            else None,
            is_full=is_full,
        )

    def _expected(
        self, reader: Reader, applicant: Applicant, intent: Intent, prompt: Prompt | None, *, at: int
    ) -> Expected:
        """What the action itself is expected to use: as stated, asked, seen before, or in the catalogue."""
        rule = self._catalogue.activity(intent.activity)
        if intent.tokens is not None:
            return _stated(intent, rule, prompt)
        history = expected_from_own(reader, applicant.stream, self._catalogue, rule, model=intent.model)
        if prompt is None:
            return history or expected_by_catalogue(rule)
        completion = prompt.completion_tokens
        request = Request(
            model=intent.model,
            prompt=prompt.tokens,
            completion=None
            if completion is None
            else Range.exactly(checked_amount(completion, name="completion tokens")),
        )
        return expected_of_request(self._catalogue, rule, request, history=history, at=at)


def _stated(intent: Intent, rule: Activity, prompt: Prompt | None) -> Expected:
    assert intent.tokens is not None
    if prompt is not None:
        raise InputError("tokens and a prompt are both stated", advice="State one of them.")
    options = rule.chosen_add_ons(intent.add_ons)
    rest = intent.tokens - sum(option.tokens for option in options)
    if rest < 0:
        raise InputError(
            f"{intent.tokens:,} tokens do not even cover its add-ons",
            advice="State the tokens of the whole action, add-ons included.",
        )
    return Expected(basis=Basis.STATED, tokens=Range.exactly(rest))
