"""The tables of a catalogue that say what is charged: activities with their add-ons, and prices of models."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from nostr_usage.errors import InputError
from nostr_usage.pricing.fields import (
    AddOnName,
    Label,
    NanoDollars,
    OptionalLabel,
    PositiveTokens,
    Slug,
    Tokens,
)
from nostr_usage.pricing.meters import ModelName
from nostr_usage.pricing.offers import BulkStep, refuse_steps_down
from nostr_usage.pricing.table import Misfit, Table, named, refuse_twice
from nostr_usage.pricing.usage import Bucket

# What a vendor's total adds up: everything that a model reads or writes, as tokens of its own.
COUNTED_BUCKETS = frozenset(Bucket) - {
    Bucket.IMAGES,
    Bucket.SECONDS,
    Bucket.CHARACTERS,
    Bucket.WEB_SEARCHES,
}
UNIT_TOKENS_MAX = 1_000_000


class ChargeMode(StrEnum):
    """How the tokens of an action are found."""

    FIXED = "fixed"
    """The catalogue says."""
    STATED = "stated"
    """The product says, when the action is done."""
    MEASURED = "measured"
    """From what the models reported: their price, plus the markup, in tokens, rounded up once."""
    COUNTED = "counted"
    """From what the models reported: a token for a unit, or as many as `tokens_per_unit` says."""


class Burn(StrEnum):
    """Which tokens are spent first."""

    EXPIRING_FIRST = "expiring_first"
    PURCHASED_FIRST = "purchased_first"


class Estimate(Table):
    """What an action is expected to cost before it runs, in tokens; no limit to what it may cost."""

    low: Tokens
    typical: PositiveTokens
    high: Tokens

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.low <= self.typical <= self.high:
            raise ValueError("low, typical and high must not descend")
        return self


class AddOn(Table):
    """An option of an activity at a fixed number of tokens; 0 is free."""

    name: AddOnName
    label: Label
    tokens: Tokens


class Activity(Table):
    """Something customers do with AI: the `type` of the debit it leads to.

    `accepts` says how it may be charged: `fixed` (by itself, with `tokens`), or `stated` and one of
    `measured` and `counted`, one or both (with an `estimate`). `markup_percent` is added to what the models
    cost: 100 doubles it. `tokens_per_unit` are the only units that are counted; without it, every token of a
    model is one. `bulk` is for several at a fixed price at once.
    """

    name: Slug
    label: Label
    icon: OptionalLabel = ""
    detail: OptionalLabel = ""
    meter: Slug = "tokens"
    accepts: Annotated[tuple[ChargeMode, ...], Field(min_length=1)]
    tokens: PositiveTokens | None = None
    estimate: Estimate | None = None
    markup_percent: Annotated[int, Field(ge=0, le=100_000)] | None = None
    tokens_per_unit: dict[Bucket, Annotated[int, Field(ge=0, le=UNIT_TOKENS_MAX)]] | None = None
    add_ons: tuple[AddOn, ...] = ()
    bulk: tuple[BulkStep, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        fixed = ChargeMode.FIXED in self.accepts
        if fixed and len(self.accepts) > 1:
            raise ValueError("an activity at a fixed price accepts nothing else")
        if fixed in (self.tokens is None, self.estimate is not None):
            raise ValueError('"fixed" goes with tokens; all others go with an estimate')
        if {ChargeMode.MEASURED, ChargeMode.COUNTED} <= set(self.accepts):
            raise Misfit("usage is either measured or counted", "accepts")
        if (ChargeMode.MEASURED in self.accepts) == (self.markup_percent is None):
            raise ValueError('markup_percent goes with "measured"')
        if self.tokens_per_unit is not None and ChargeMode.COUNTED not in self.accepts:
            raise Misfit('tokens_per_unit goes with "counted"', "tokens_per_unit")
        if self.bulk and not fixed:
            raise Misfit('bulk goes with "fixed"', "bulk")
        refuse_steps_down(self.bulk)
        refuse_twice("charge mode", self.accepts, path=("accepts",))
        refuse_twice("add-on", (add_on.name for add_on in self.add_ons), path=("add_ons",))
        return self

    @property
    def expected(self) -> Estimate:
        """The estimate; of a fixed price, the price."""
        if self.estimate is not None:
            return self.estimate
        assert self.tokens is not None, "an activity has a fixed price or an estimate"
        return Estimate(low=self.tokens, typical=self.tokens, high=self.tokens)

    @property
    def unit_tokens(self) -> dict[Bucket, int]:
        """The tokens of each unit that is counted; a unit that is not here cannot be charged."""
        return self.tokens_per_unit or dict.fromkeys(COUNTED_BUCKETS, 1)

    def chosen_add_ons(self, names: Sequence[str]) -> tuple[AddOn, ...]:
        """The add-ons of those names, in that order.

        Raises:
            UnknownNameError: there is none of one of these names.
            InputError: a name is there twice.
        """
        if not names:
            return ()
        if len(set(names)) < len(names):
            raise InputError(f"an add-on of {self.name} is chosen twice: {', '.join(names)}")
        return tuple(named(f"add-on of {self.name}", name, self.add_ons) for name in names)


class OwnPrice(Table):
    """What a model costs from the start of a day (UTC) on: dollars per million units, by bucket.

    `source` says where the figures are from.
    """

    model: ModelName
    valid_from: date
    source: OptionalLabel = ""
    dollars_per_million: Annotated[dict[Bucket, NanoDollars], Field(min_length=1)]
