"""A catalogue: everything a product decides about selling AI usage, as one TOML file.

    name, version, title    printed in receipts; a changed catalogue gets a new version
    token_value, currency   what one token is shown to be worth
    meters, burn            what is counted; what is spent first
    low_balance, thresholds, grace_hours
    [[activities]]          what customers do, how it is charged, what it may cost; with optional add-ons
    [[plans]]               what an account is granted each cycle, and what it pays; the first is the default
    [[packs]]               tokens to buy; they never expire
    [[prices]]              models at prices of your own; all others are in the public list

Dollars are written as quoted decimals ("0.0015") and kept as integers; a float never enters.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import cache, cached_property
from hashlib import sha256
from importlib.resources import files
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from nostr_usage.errors import CatalogueError, InputError, UnknownNameError
from nostr_usage.pricing.fields import (
    AddOnName,
    CatalogueName,
    CatalogueVersion,
    Label,
    MicroDollars,
    NanoDollars,
    OptionalLabel,
    Percent,
    PositiveTokens,
    Slug,
    Tokens,
    Zone,
)
from nostr_usage.pricing.price import Price, completed_rates, price_id
from nostr_usage.pricing.usage import MODEL_NAME_MAX, Bucket

DEFAULT_CATALOGUE = "transparency"
BUILT_IN_CATALOGUES = (DEFAULT_CATALOGUE,)
CATALOGUE_BYTES_MAX = 256 * 1024
CYCLE_DAYS_MAX = 3_660
PROBLEMS_SHOWN_MAX = 5

_Named = TypeVar("_Named", "Activity", "AddOn", "Plan", "Pack")


class _Table(BaseModel):
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


class Estimate(_Table):
    """What an action is expected to cost before it runs, in tokens; no limit to what it may cost."""

    low: Tokens
    typical: PositiveTokens
    high: Tokens

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.low <= self.typical <= self.high:
            raise ValueError("low, typical and high must not descend")
        return self


class AddOn(_Table):
    """An option of an activity at a fixed number of tokens; 0 is free."""

    name: AddOnName
    label: Label
    tokens: Tokens


class Activity(_Table):
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
        _refuse_twice("charge mode", self.accepts)
        _refuse_twice("add-on", (add_on.name for add_on in self.add_ons))
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
        return tuple(_named(f"add-on of {self.name}", name, self.add_ons) for name in names)


class Cycle(_Table):
    """When a plan's allowance is renewed, in an IANA time zone; `days` only for `every_days`."""

    kind: CycleKind
    days: Annotated[int, Field(ge=1, le=CYCLE_DAYS_MAX)] | None = None
    zone: Zone

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.kind is CycleKind.EVERY_DAYS) == (self.days is None):
            raise ValueError('days goes with kind = "every_days"')
        return self


class Plan(_Table):
    """What an account is granted each cycle, in tokens of the first meter, and what it pays for that."""

    name: Slug
    title: Label
    price_micro_dollars: MicroDollars = Field(alias="price")
    cycle: Cycle
    allowance: Tokens


class Pack(_Table):
    """Tokens to buy, of the first meter."""

    name: Slug
    price_micro_dollars: Annotated[MicroDollars, Field(ge=1, alias="price")]
    tokens: PositiveTokens


class OwnPrice(_Table):
    """What a model costs from the start of a day (UTC) on: dollars per million units, by bucket."""

    model: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]+$", max_length=MODEL_NAME_MAX)]
    valid_from: date
    dollars_per_million: Annotated[dict[Bucket, NanoDollars], Field(min_length=1)]


class Catalogue(_Table):
    """A catalogue that has been checked; made by `load_catalogue` or `catalogue_from_toml`.

    Attributes:
        token_value: nano-dollars that one token is shown to be worth.
        low_balance: tokens below which a balance is called low.
        thresholds: percents of an allowance used at which its owner is told.
        grace_hours: how long after its end a cycle still takes late actions.
        digest: SHA-256, hex, of the file's content as JSON with sorted keys and without spaces: comments and
            layout do not change it.
    """

    digest: str
    name: CatalogueName
    version: CatalogueVersion
    title: Label
    token_value: Annotated[NanoDollars, Field(ge=1)]
    currency: Literal["USD"]
    meters: Annotated[tuple[Slug, ...], Field(min_length=1)] = ("tokens",)
    burn: Burn = Burn.EXPIRING_FIRST
    low_balance: Tokens
    thresholds: tuple[Percent, ...]
    grace_hours: Annotated[int, Field(ge=0, le=24 * 31)]
    activities: Annotated[tuple[Activity, ...], Field(min_length=1)]
    plans: Annotated[tuple[Plan, ...], Field(min_length=1)]
    packs: tuple[Pack, ...] = ()
    prices: tuple[OwnPrice, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        _refuse_twice("meter", self.meters)
        _refuse_twice("activity", (activity.name for activity in self.activities))
        _refuse_twice("plan", (plan.name for plan in self.plans))
        _refuse_twice("pack", (pack.name for pack in self.packs))
        _refuse_twice("price of", (f"{price.model} from {price.valid_from}" for price in self.prices))
        for activity in self.activities:
            if activity.meter not in self.meters:
                raise ValueError(f"activity {activity.name} counts in meter {activity.meter}, not in meters")
        if list(self.thresholds) != sorted(set(self.thresholds)):
            raise ValueError("thresholds must ascend")
        return self

    def activity(self, name: str) -> Activity:
        """The activity of that name.

        Raises:
            UnknownNameError: there is none.
        """
        return _named("activity", name, self.activities)

    def plan(self, name: str) -> Plan:
        """The plan of that name.

        Raises:
            UnknownNameError: there is none.
        """
        return _named("plan", name, self.plans)

    def pack(self, name: str) -> Pack:
        """The pack of that name.

        Raises:
            UnknownNameError: there is none.
        """
        return _named("pack", name, self.packs)

    def rule_id(self, activity: Activity, add_on: AddOn | None = None) -> str:
        """What an entry's `price` tag says of a charge by this catalogue: name, version, activity, digest."""
        what = f"{activity.name}+{add_on.name}" if add_on else activity.name
        return price_id(self.name, self.version, what, self.digest[:8])

    @cached_property
    def own_prices(self) -> tuple[Price, ...]:
        """The `prices` as the price book takes them."""
        return tuple(
            Price(
                id=price_id(self.name, self.version, own.model, own.valid_from.isoformat(), self.digest[:8]),
                model=own.model,
                provider=None,
                valid_from=int(datetime.combine(own.valid_from, time(), UTC).timestamp()),
                rates=completed_rates(own.dollars_per_million),
            )
            for own in self.prices
        )


@cache
def load_catalogue(name: str = DEFAULT_CATALOGUE) -> Catalogue:
    """A catalogue that comes with the package.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in BUILT_IN_CATALOGUES:
        raise UnknownNameError(
            "catalogue",
            name,
            known=BUILT_IN_CATALOGUES,
            advice="For one of your own, give the path of its file.",
        )
    resource = files("nostr_usage.pricing") / "catalogues" / f"{name}.toml"
    return catalogue_from_toml(resource.read_text(encoding="utf-8"), file=f"{name}.toml")


def catalogue_from_toml(text: str, *, file: str) -> Catalogue:
    """The catalogue that `text` writes; `file` names it in errors.

    Raises:
        CatalogueError: not TOML, or not a catalogue; the message names file and keys.
    """
    try:
        if len(text.encode()) > CATALOGUE_BYTES_MAX:
            raise CatalogueError(f"{file}: longer than {CATALOGUE_BYTES_MAX:,} bytes")
        content = tomllib.loads(text)
        canonical = _canonical_json(content)
    except (ValueError, RecursionError) as error:
        raise CatalogueError(f"{file}: {error}", advice="Correct the TOML there.") from None
    if "digest" in content:
        raise CatalogueError(f"{file}: digest: is computed, not written", advice="Remove the key.")
    digest = sha256(canonical.encode()).hexdigest()
    try:
        return Catalogue.model_validate_json(_canonical_json({**content, "digest": digest}))
    except ValidationError as error:
        raise _catalogue_error(file, error) from None


def _canonical_json(content: dict[str, object]) -> str:
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_iso_time, allow_nan=False
    )


def _iso_time(value: date | time) -> str:
    return value.isoformat()


def _catalogue_error(file: str, error: ValidationError) -> CatalogueError:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [f"{_key_path(one['loc'])}: {one['msg'].removeprefix('Value error, ')}" for one in found]
    more = f" (and {len(lines) - PROBLEMS_SHOWN_MAX} more)" if len(lines) > PROBLEMS_SHOWN_MAX else ""
    first = found[0]["type"]
    fixes = {
        "extra_forbidden": "Remove that key, or correct its spelling.",
        "missing": "Add that key.",
    }
    return CatalogueError(
        f"{file}: {'; '.join(lines[:PROBLEMS_SHOWN_MAX])}{more}",
        advice=fixes.get(first, "Correct that value."),
    )


def _key_path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".") or "catalogue"


def _refuse_twice(sort: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{sort} {name} is there twice")
        seen.add(name)


def _named(sort: str, name: str, known: tuple[_Named, ...]) -> _Named:
    for one in known:
        if one.name == name:
            return one
    raise UnknownNameError(sort, name, known=tuple(one.name for one in known))
