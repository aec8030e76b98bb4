"""The tables of a catalogue: activities with their add-ons, plans with their cycles, packs, prices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from nostr_usage.errors import InputError, UnknownNameError
from nostr_usage.pricing.fields import (
    AddOnName,
    Label,
    MicroDollars,
    NanoDollars,
    OptionalLabel,
    PositiveTokens,
    Slug,
    Tokens,
    Zone,
)
from nostr_usage.pricing.usage import MODEL_NAME_MAX, Bucket

CYCLE_DAYS_MAX = 3_660

Named = TypeVar("Named", "Activity", "AddOn", "Plan", "Pack")


class Table(BaseModel):
    """A table of a catalogue: strict types, no unknown keys, never changed."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ChargeMode(StrEnum):
    """How the tokens of an action are found."""

    FIXED = "fixed"
    """The catalogue says."""
    STATED = "stated"
    """The product says, when the action is done."""
    MEASURED = "measured"
    """From what the models reported: their price, plus the markup, in tokens, rounded up once."""


class Burn(StrEnum):
    """Which tokens are spent first."""

    EXPIRING_FIRST = "expiring_first"
    PURCHASED_FIRST = "purchased_first"


class CycleKind(StrEnum):
    """How a plan's cycles follow each other."""

    CALENDAR_MONTH = "calendar_month"
    EVERY_DAYS = "every_days"
    ANNIVERSARY_MONTH = "anniversary_month"
    ANNUAL = "annual"


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

    `accepts` says how it may be charged: `fixed` (by itself, with `tokens`), or `stated` and `measured`, one
    or both (with an `estimate`). `markup_percent` is added to what the models cost: 100 doubles it.
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
    add_ons: tuple[AddOn, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        fixed = ChargeMode.FIXED in self.accepts
        if fixed and len(self.accepts) > 1:
            raise ValueError("an activity at a fixed price accepts nothing else")
        if fixed in (self.tokens is None, self.estimate is not None):
            raise ValueError('"fixed" goes with tokens; "stated" and "measured" go with an estimate')
        if (ChargeMode.MEASURED in self.accepts) == (self.markup_percent is None):
            raise ValueError('markup_percent goes with "measured"')
        refuse_twice("charge mode", self.accepts)
        refuse_twice("add-on", (add_on.name for add_on in self.add_ons))
        return self

    @property
    def expected(self) -> Estimate:
        """The estimate; of a fixed price, the price."""
        if self.estimate is not None:
            return self.estimate
        assert self.tokens is not None, "an activity has a fixed price or an estimate"
        return Estimate(low=self.tokens, typical=self.tokens, high=self.tokens)

    def chosen_add_ons(self, names: Sequence[str]) -> tuple[AddOn, ...]:
        """The add-ons of those names, in that order.

        Raises:
            UnknownNameError: there is none of one of these names.
            InputError: a name is there twice.
        """
        if len(set(names)) < len(names):
            raise InputError(f"an add-on of {self.name} is chosen twice: {', '.join(names)}")
        return tuple(named(f"add-on of {self.name}", name, self.add_ons) for name in names)


class Cycle(Table):
    """When a plan's allowance is renewed, in an IANA time zone; `days` only for `every_days`."""

    kind: CycleKind
    days: Annotated[int, Field(ge=1, le=CYCLE_DAYS_MAX)] | None = None
    zone: Zone

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.kind is CycleKind.EVERY_DAYS) == (self.days is None):
            raise ValueError('days goes with kind = "every_days"')
        return self


class Plan(Table):
    """What an account is granted each cycle, in tokens of the first meter, and what it pays for that."""

    name: Slug
    title: Label
    price_micro_dollars: MicroDollars = Field(alias="price")
    cycle: Cycle
    allowance: Tokens


class Pack(Table):
    """Tokens to buy, of the first meter."""

    name: Slug
    price_micro_dollars: Annotated[MicroDollars, Field(ge=1, alias="price")]
    tokens: PositiveTokens


class OwnPrice(Table):
    """What a model costs from the start of a day (UTC) on: dollars per million units, by bucket."""

    model: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]+$", max_length=MODEL_NAME_MAX)]
    valid_from: date
    dollars_per_million: Annotated[dict[Bucket, NanoDollars], Field(min_length=1)]


def refuse_twice(sort: str, names: Iterable[str]) -> None:
    """Raise a ValueError, which pydantic turns into a finding, if a name is there twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{sort} {name} is there twice")
        seen.add(name)


def named(sort: str, name: str, known: tuple[Named, ...]) -> Named:
    """The one of `known` with that name.

    Raises:
        UnknownNameError: there is none.
    """
    for one in known:
        if one.name == name:
            return one
    raise UnknownNameError(sort, name, known=tuple(one.name for one in known))
