"""What a catalogue sells: plans with their cycles, allowances and features, packs, discounts for many."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from nostr_usage.amount import divide_half_up, divide_up
from nostr_usage.pricing.fields import Label, MicroDollars, Percent, PositiveTokens, Slug, Tokens, Zone
from nostr_usage.pricing.guardrails import Guardrails
from nostr_usage.pricing.table import Misfit, Table, refuse_twice

CYCLE_DAYS_MAX = 3_660
ROLLOVER_CYCLES_MAX = 120
COUNT_MAX = 1_000_000


class CycleKind(StrEnum):
    """How a plan's cycles follow each other."""

    CALENDAR_MONTH = "calendar_month"
    EVERY_DAYS = "every_days"
    ANNIVERSARY_MONTH = "anniversary_month"
    ANNUAL = "annual"


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

    @property
    def per_year(self) -> int:
        """How many cycles fit into a year of 365 days: 12, 1, or 13 of 28 days."""
        if self.kind is CycleKind.EVERY_DAYS:
            assert self.days is not None, "the catalogue was checked"
            return 365 // self.days
        return 1 if self.kind is CycleKind.ANNUAL else 12


class Allowance(Table):
    """Tokens of one meter that a plan grants every cycle."""

    meter: Slug
    tokens: Tokens


class Limit(Table):
    """The highest level of one meter that a plan allows, such as storage in use."""

    meter: Slug
    level: Tokens


class Rollover(Table):
    """What of an unused allowance goes into the next cycle: at most `cap` tokens, for `cycles` cycles."""

    cap: PositiveTokens
    cycles: Annotated[int, Field(ge=1, le=ROLLOVER_CYCLES_MAX)] = 1


class BulkStep(Table):
    """From so many at once on, each costs so many percent less."""

    from_count: Annotated[int, Field(ge=2, le=COUNT_MAX)]
    percent_off: Annotated[Percent, Field(le=99)]


class Targets(Table):
    """Tokens that an account should use on average in a cycle, and from where the operator is told."""

    average: PositiveTokens
    alert: PositiveTokens

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.alert < self.average:
            raise Misfit("alert must not be below average", "alert")
        return self


class Plan(Table):
    """What an account is granted each cycle, what it may do, and what it pays for that.

    Attributes:
        price_micro_dollars: for one cycle.
        annual_price_micro_dollars: for a year paid in advance; None where that is not sold.
        allowance: tokens of the catalogue's first meter; the short form of `allowances`.
        allowances: by meter; a meter that is not named has none.
        limits: for meters that are levels; one that is not named has none.
        rollover: of each meter's unused allowance; None if all of it lapses.
        features: of the catalogue's `features`, those that the plan includes.
        analytics_days: how far back views reach; None without end. The ledger itself is never cut.
        targets: for the operator's own eyes.
        guardrails: what its accounts may do; None for the common rules.
    """

    name: Slug
    title: Label
    price_micro_dollars: MicroDollars = Field(alias="price")
    annual_price_micro_dollars: MicroDollars | None = Field(alias="annual_price", default=None)
    cycle: Cycle
    allowance: Tokens | None = None
    allowances: tuple[Allowance, ...] = ()
    limits: tuple[Limit, ...] = ()
    rollover: Rollover | None = None
    features: tuple[Slug, ...] = ()
    analytics_days: Annotated[int, Field(ge=1, le=CYCLE_DAYS_MAX)] | None = None
    targets: Targets | None = None
    guardrails: Guardrails | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.allowance is None) != bool(self.allowances):
            raise ValueError("give allowance, or allowances by meter, and not both")
        refuse_twice("allowance of", (one.meter for one in self.allowances), path=("allowances",))
        refuse_twice("limit of", (one.meter for one in self.limits), path=("limits",))
        refuse_twice("feature", self.features, path=("features",))
        return self

    @property
    def year_micro_dollars(self) -> int:
        """What a year costs when every cycle is paid for by itself."""
        return self.price_micro_dollars * self.cycle.per_year

    @property
    def annual_saving_percent(self) -> int:
        """What paying a year in advance saves, in whole percent, never rounded up; 0 where it saves none."""
        annual, year = self.annual_price_micro_dollars, self.year_micro_dollars
        return 0 if annual is None or annual >= year else 100 * (year - annual) // year


class Pack(Table):
    """Tokens to buy; they never expire. Of the first meter, unless it names another."""

    name: Slug
    price_micro_dollars: Annotated[MicroDollars, Field(ge=1, alias="price")]
    tokens: PositiveTokens
    meter: Slug | None = None
    bulk: tuple[BulkStep, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse_steps_down(self.bulk)
        return self

    def price_of(self, count: int) -> int:
        """What `count` packs cost together, in micro-dollars, halves up."""
        return divide_half_up(self.price_micro_dollars * count * (100 - percent_off(self.bulk, count)), 100)


def percent_off(steps: Sequence[BulkStep], count: int) -> int:
    """The discount for `count` at once, in percent."""
    if not steps:
        return 0
    return max((step.percent_off for step in steps if count >= step.from_count), default=0)


def bulk_tokens(tokens: int, steps: Sequence[BulkStep], count: int) -> int:
    """What `count` actions of `tokens` each are charged together, rounded up once."""
    return divide_up(tokens * count * (100 - percent_off(steps, count)), 100)


def refuse_steps_down(steps: Sequence[BulkStep]) -> None:
    """Raise a `Misfit` unless more pieces always mean a larger discount."""
    for index in range(1, len(steps)):
        before, step = steps[index - 1], steps[index]
        if step.from_count <= before.from_count or step.percent_off <= before.percent_off:
            raise Misfit("both from_count and percent_off must ascend", "bulk", index)
