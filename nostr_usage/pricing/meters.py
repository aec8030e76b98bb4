"""What a catalogue counts, and with which models: meters, features, models, and what the operator aims at."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from nostr_usage.pricing.fields import Label, NanoDollars, OptionalLabel, Percent, Slug
from nostr_usage.pricing.table import Table
from nostr_usage.pricing.usage import MODEL_NAME_MAX

ModelName = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]+$", max_length=MODEL_NAME_MAX)]


class MeterKind(StrEnum):
    """How a meter moves."""

    SPENT = "spent"
    """Tokens that are granted and used up."""
    LEVEL = "level"
    """A level that goes up and down, such as storage; it costs no tokens."""


class Meter(Table):
    """Something that is counted by itself; a bare name stands for a meter that is spent.

    `token_value` is nano-dollars, the catalogue's own where it is left out; `unit` is what one of it is
    called on screen.
    """

    name: Slug
    kind: MeterKind = MeterKind.SPENT
    label: OptionalLabel = ""
    unit: OptionalLabel = ""
    token_value: Annotated[NanoDollars, Field(ge=1)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value

    @property
    def is_level(self) -> bool:
        """Whether it is a level, which costs no tokens."""
        return self.kind is MeterKind.LEVEL


class Feature(Table):
    """Something that some plans include and others do not."""

    name: Slug
    label: Label


class Model(Table):
    """A model that the product offers, and where its price comes from: [[prices]], or the public list."""

    name: ModelName
    label: OptionalLabel = ""
    provider: ModelName | None = None
    price: Literal["own", "public"]


class Aims(Table):
    """What the operator aims at; for the operator's own eyes.

    Attributes:
        model: the model by whose price plans are reckoned.
        input_percent: of a typical action's units, those that go in; the rest comes out.
        cost_budget_percent: of a price, what the models may cost.
        power_user_percent: of an allowance, from where an account counts as a power user.
    """

    model: ModelName
    input_percent: Annotated[int, Field(ge=0, le=100)]
    cost_budget_percent: Percent
    power_user_percent: Percent = 80
