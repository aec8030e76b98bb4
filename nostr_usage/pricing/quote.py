"""What an action will cost, shown before it runs, and what that leaves of a balance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from nostr_usage.amount import micro_dollars, shares
from nostr_usage.pricing.alternatives import Alternative, cheaper_models
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.expectation import Basis, Expected, Range, expected_by_catalogue, weights
from nostr_usage.pricing.tables import Activity, AddOn


class QuoteWarning(StrEnum):
    """What a customer should know before saying yes, the gravest first."""

    NOT_ENOUGH = "not_enough"
    """The balance does not cover the typical cost."""
    MAY_NOT_BE_ENOUGH = "may_not_be_enough"
    """It covers the typical cost, not the highest."""
    NOT_TWICE = "not_twice"
    """Afterwards it does not cover the same action again."""
    RUNNING_LOW = "running_low"
    """Afterwards it is below the mark where a balance is called low."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteLine:
    """The action itself, or one of its add-ons; all add-ons are listed, so that they can be offered."""

    name: str
    label: str
    tokens: int
    micro_dollars: int
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteSide:
    """What goes in, or what comes out: the model's units, and what they are typically charged.

    Both sides of a quote add up to its first line.
    """

    units: Range
    tokens: int
    micro_dollars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Remainder:
    """A balance before and after an action at its typical cost; negative where it is not enough.

    `after_low` is what is left at the highest cost, `after_high` at the lowest.
    """

    before: int
    before_micro_dollars: int
    after: int
    after_micro_dollars: int
    after_low: int
    after_high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What an action is expected to cost, chosen add-ons included.

    Attributes:
        activity: the name of the activity.
        low, typical, high: tokens; equal where the price is fixed.
        low_micro_dollars, typical_micro_dollars, high_micro_dollars: the same, as shown.
        lines: the action first, then its add-ons; the chosen ones add up to `typical`.
        basis: what the range stands on, and on how many earlier actions (`samples`).
        sides: what goes in and what comes out; None where they are not known, or do not decide the charge.
        is_completion_assumed: how much comes out was taken from what usually does.
        cheaper: models with which the action would be charged less, add-ons left out.
        remainder: of the balance that was passed; None without one.
        warnings: all that apply, the gravest first; none without a balance.
    """

    activity: str
    low: int
    typical: int
    high: int
    low_micro_dollars: int
    typical_micro_dollars: int
    high_micro_dollars: int
    lines: tuple[QuoteLine, ...]
    basis: Basis
    samples: int = 0
    sides: tuple[QuoteSide, QuoteSide] | None = None
    is_completion_assumed: bool = False
    cheaper: tuple[Alternative, ...] = ()
    remainder: Remainder | None = None
    warnings: tuple[QuoteWarning, ...] = ()

    @property
    def is_fixed(self) -> bool:
        """The cost is known to the token."""
        return self.low == self.high


def quote_activity(
    catalogue: Catalogue,
    activity: str,
    *,
    add_ons: Sequence[str] = (),
    expected: Expected | None = None,
    model: str | None = None,
    at: int | None = None,
) -> Quote:
    """What `activity` with `add_ons` is expected to cost, without a look at anybody's balance.

    Args:
        catalogue: what is sold.
        activity: its name there.
        add_ons: the names of those chosen.
        expected: what the action itself is expected to use; the catalogue's estimate if None.
        model: the model that it will ask, to see what goes in and out, and which models cost less.
        at: unix seconds, for the prices of models; without it no model is priced.

    Raises:
        UnknownNameError: no such activity or add-on.
        InputError: an add-on was named twice.
    """
    rule = catalogue.activity(activity)
    chosen = rule.chosen_add_ons(add_ons)
    extra = sum(add_on.tokens for add_on in chosen)
    known, value = expected or expected_by_catalogue(rule), catalogue.token_value_of(rule.meter)
    low, typical, high = (
        figure + extra for figure in (known.tokens.low, known.tokens.typical, known.tokens.high)
    )
    return Quote(
        activity=rule.name,
        low=low,
        typical=typical,
        high=high,
        low_micro_dollars=micro_dollars(low, value),
        typical_micro_dollars=micro_dollars(typical, value),
        high_micro_dollars=micro_dollars(high, value),
        lines=_lines(rule, known.tokens.typical, chosen=chosen, token_value=value),
        basis=known.basis,
        samples=known.samples,
        sides=None if at is None else _sides(catalogue, rule, model, known, at=at),
        is_completion_assumed=known.is_completion_assumed,
        cheaper=() if at is None else cheaper_models(catalogue, rule, model, known, at=at),
    )


def with_balance(quote: Quote, balance: int, *, token_value: int, low_balance: int) -> Quote:
    """`quote` with what would be left of `balance` (tokens), and what should be said of that.

    `token_value` is nano-dollars; a balance below `low_balance` is called low.
    """
    return replace(
        quote,
        remainder=Remainder(
            before=balance,
            before_micro_dollars=micro_dollars(balance, token_value),
            after=balance - quote.typical,
            after_micro_dollars=micro_dollars(balance - quote.typical, token_value),
            after_low=balance - quote.high,
            after_high=balance - quote.low,
        ),
        warnings=tuple(_warnings(quote, balance, low_balance=low_balance)),
    )


def _lines(
    rule: Activity, typical: int, *, chosen: Sequence[AddOn], token_value: int
) -> tuple[QuoteLine, ...]:
    action = QuoteLine(
        name=rule.name,
        label=rule.detail or rule.label,
        tokens=typical,
        micro_dollars=micro_dollars(typical, token_value),
        is_chosen=True,
    )
    options = (
        QuoteLine(
            name=add_on.name,
            label=add_on.label,
            tokens=add_on.tokens,
            micro_dollars=micro_dollars(add_on.tokens, token_value),
            is_chosen=add_on in chosen,
        )
        for add_on in rule.add_ons
    )
    return (action, *options)


def _sides(
    catalogue: Catalogue, rule: Activity, model: str | None, known: Expected, *, at: int
) -> tuple[QuoteSide, QuoteSide] | None:
    if known.prompt is None or known.completion is None:
        return None
    units_in, units_out = known.prompt.typical, known.completion.typical
    weighed = weights(catalogue, rule, model, units_in=units_in, units_out=units_out, at=at)
    if weighed is None:
        return None
    value, typical = catalogue.token_value_of(rule.meter), known.tokens.typical
    tokens_in, _ = shares(weighed, total=typical)
    dollars_in = micro_dollars(tokens_in, value)
    return (
        QuoteSide(units=known.prompt, tokens=tokens_in, micro_dollars=dollars_in),
        QuoteSide(
            units=known.completion,
            tokens=typical - tokens_in,
            micro_dollars=micro_dollars(typical, value) - dollars_in,
        ),
    )


def _warnings(quote: Quote, balance: int, *, low_balance: int) -> Iterator[QuoteWarning]:
    if balance < quote.typical:
        yield QuoteWarning.NOT_ENOUGH
        return
    if balance < quote.high:
        yield QuoteWarning.MAY_NOT_BE_ENOUGH
    after = balance - quote.typical
    if after < quote.typical:
        yield QuoteWarning.NOT_TWICE
    if after < low_balance:
        yield QuoteWarning.RUNNING_LOW
