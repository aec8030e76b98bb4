"""A catalogue: everything a product decides about selling AI usage, as one TOML file.

    name, version, title    printed in receipts; a changed catalogue gets a new version
    token_value, currency   what one token is shown to be worth
    meters, burn            what is counted; what is spent first
    low_balance, thresholds, grace_hours
    refusals                the HTTP status that each refusal is given
    [[activities]]          what customers do, how it is charged, what it may cost; with optional add-ons
    [[features]]            what some plans include and others do not
    [[plans]]               what an account is granted each cycle, may do, and pays; the first is the default
      [plans.guardrails]    rates, the largest action, budgets, when a balance is low; plans without AI
    [[packs]]               tokens to buy; they never expire
    [[models]]              the models on offer, each with the source of its price
    [[prices]]              models at prices of your own; all others are in the public list
    [aims]                  what the operator aims at: a budget for what the models cost

Dollars are written as quoted decimals ("0.0015") and kept as integers; a float never enters.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from functools import cache, cached_property
from hashlib import sha256
from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from nostr_usage.errors import CatalogueError, UnknownNameError
from nostr_usage.pricing.fields import (
    CatalogueName,
    CatalogueVersion,
    Label,
    NanoDollars,
    Percent,
    Slug,
    Tokens,
)
from nostr_usage.pricing.findings import catalogue_error
from nostr_usage.pricing.meters import Aims, Feature, Meter, Model
from nostr_usage.pricing.offers import Pack, Plan
from nostr_usage.pricing.price import Price, completed_rates, price_id
from nostr_usage.pricing.table import Misfit, Table, named, refuse_twice
from nostr_usage.pricing.tables import Activity, AddOn, Burn, OwnPrice
from nostr_usage.pricing.toml_lines import line_of

DEFAULT_CATALOGUE = "transparency"
BUILT_IN_CATALOGUES = (DEFAULT_CATALOGUE, "vibrationfit", "koffers", "bright_audio", "prompt_lab")
CATALOGUE_BYTES_MAX = 256 * 1024
PAYMENT_REQUIRED = 402


class Catalogue(Table):
    """A catalogue that has been checked; made by `load_catalogue` or `catalogue_from_toml`.

    Attributes:
        token_value: nano-dollars that one token is shown to be worth.
        low_balance: tokens below which a balance is called low.
        thresholds: percents of an allowance used at which its owner is told.
        grace_hours: how long after its end a cycle still takes late actions.
        refusals: the HTTP status by the code of a refusal.
        digest: SHA-256, hex, of the file's content as JSON with sorted keys and without spaces: comments and
            layout do not change it.
    """

    digest: str
    name: CatalogueName
    version: CatalogueVersion
    title: Label
    token_value: Annotated[NanoDollars, Field(ge=1)]
    currency: Literal["USD"]
    meters: Annotated[tuple[Meter, ...], Field(min_length=1)] = (Meter(name="tokens"),)
    burn: Burn = Burn.EXPIRING_FIRST
    low_balance: Tokens
    thresholds: tuple[Percent, ...]
    grace_hours: Annotated[int, Field(ge=0, le=24 * 31)]
    activities: Annotated[tuple[Activity, ...], Field(min_length=1)]
    plans: Annotated[tuple[Plan, ...], Field(min_length=1)]
    refusals: dict[Slug, Annotated[int, Field(ge=400, le=599)]] = Field(default_factory=dict[str, int])
    features: tuple[Feature, ...] = ()
    packs: tuple[Pack, ...] = ()
    models: tuple[Model, ...] = ()
    prices: tuple[OwnPrice, ...] = ()
    aims: Aims | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse_twice("meter", (meter.name for meter in self.meters), path=("meters",))
        refuse_twice("activity", (activity.name for activity in self.activities), path=("activities",))
        refuse_twice("feature", (feature.name for feature in self.features), path=("features",))
        refuse_twice("plan", (plan.name for plan in self.plans), path=("plans",))
        refuse_twice("pack", (pack.name for pack in self.packs), path=("packs",))
        refuse_twice("model", (model.name for model in self.models), path=("models",))
        dated = (f"{price.model} from {price.valid_from}" for price in self.prices)
        refuse_twice("price of", dated, path=("prices",))
        if self.meters[0].is_level:
            raise Misfit("the first meter must be one that is spent", "meters", 0)
        self._check_meters()
        self._check_features_and_models()
        if list(self.thresholds) != sorted(set(self.thresholds)):
            raise Misfit("thresholds must ascend", "thresholds")
        return self

    def _check_meters(self) -> None:
        """Tokens are granted, sold and charged in meters that are spent; only levels have limits."""
        spent = {meter.name for meter in self.meters if not meter.is_level}
        levels = {meter.name for meter in self.meters if meter.is_level}
        for index, activity in enumerate(self.activities):
            if activity.meter not in spent:
                message = f"activity {activity.name} counts in meter {activity.meter}, not in meters"
                raise Misfit(message, "activities", index, "meter")
        for index, pack in enumerate(self.packs):
            if pack.meter is not None and pack.meter not in spent:
                message = f"pack {pack.name} fills meter {pack.meter}, not in meters"
                raise Misfit(message, "packs", index, "meter")
        for index, plan in enumerate(self.plans):
            for sort, names, known in (
                ("allowances", [one.meter for one in plan.allowances], spent),
                ("limits", [one.meter for one in plan.limits], levels),
            ):
                for place, name in enumerate(names):
                    if name not in known:
                        message = f"plan {plan.name} names meter {name} in {sort}, where it cannot be"
                        raise Misfit(message, "plans", index, sort, place, "meter")

    def _check_features_and_models(self) -> None:
        features = {feature.name for feature in self.features}
        for index, plan in enumerate(self.plans):
            for feature in plan.features:
                if feature not in features:
                    message = f"plan {plan.name} includes {feature}, which is not in features"
                    raise Misfit(message, "plans", index, "features")
        own = {price.model for price in self.prices}
        for index, model in enumerate(self.models):
            if model.price == "own" and model.name not in own:
                message = f"model {model.name} has its own price, but there is none in prices"
                raise Misfit(message, "models", index, "price")

    @property
    def default_meter(self) -> str:
        """The meter of a plan's short `allowance`, and of packs that name none."""
        return self.meters[0].name

    @property
    def spent_meters(self) -> tuple[str, ...]:
        """The meters that tokens are granted in and spent from; an account has a stream for each."""
        return tuple(meter.name for meter in self.meters if not meter.is_level)

    def meter(self, name: str) -> Meter:
        """The meter of that name.

        Raises:
            UnknownNameError: there is none.
        """
        return named("meter", name, self.meters)

    def token_value_of(self, meter: str) -> int:
        """What a token of that meter is shown to be worth, in nano-dollars.

        Raises:
            UnknownNameError: there is no such meter.
        """
        return self.meter(meter).token_value or self.token_value

    def allowance_of(self, plan: Plan, meter: str) -> int:
        """What `plan` grants in `meter` every cycle; 0 for a meter that it does not name."""
        if plan.allowance is not None:
            return plan.allowance if meter == self.default_meter else 0
        return next((one.tokens for one in plan.allowances if one.meter == meter), 0)

    def meter_of_pack(self, pack: Pack) -> str:
        """The meter that `pack` fills."""
        return pack.meter or self.default_meter

    def includes(self, plan: Plan, feature: str) -> bool:
        """Whether `plan` has `feature`; what is not among the `features` is not sold, so all have it."""
        is_sold = any(one.name == feature for one in self.features)
        return not is_sold or feature in plan.features

    def refusal_status(self, code: str) -> int:
        """The HTTP status for a refusal with that code."""
        return self.refusals.get(code, PAYMENT_REQUIRED)

    def activity(self, name: str) -> Activity:
        """The activity of that name.

        Raises:
            UnknownNameError: there is none.
        """
        return named("activity", name, self.activities)

    def plan(self, name: str) -> Plan:
        """The plan of that name.

        Raises:
            UnknownNameError: there is none.
        """
        return named("plan", name, self.plans)

    def pack(self, name: str) -> Pack:
        """The pack of that name.

        Raises:
            UnknownNameError: there is none.
        """
        return named("pack", name, self.packs)

    def rule_id(self, activity: Activity, add_on: AddOn | None = None) -> str:
        """What an entry's `price` tag says of a charge by this catalogue: name, version, activity, digest."""
        what = f"{activity.name}+{add_on.name}" if add_on else activity.name
        return price_id(self.name, self.version, what, self.digest[:8])

    def add_ons_charged(self, activity: Activity, prices: Sequence[str]) -> tuple[AddOn, ...] | None:
        """The add-ons of a charge for `activity` whose entry has these `price` tags.

        None if it was not charged by this version of the catalogue, so that it tells nothing about the next.
        """
        rule = f"{self.name}:{self.version}:{activity.name}"
        if not any(price.startswith(f"{rule}:") for price in prices):
            return None
        return tuple(
            option
            for option in activity.add_ons
            if any(price.startswith(f"{rule}+{option.name}:") for price in prices)
        )

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
    return catalogue_from_toml(built_in_text(name), file=f"{name}.toml")


def built_in_text(name: str) -> str:
    """The TOML of a catalogue that comes with the package; `name` is one of `BUILT_IN_CATALOGUES`."""
    resource = files("nostr_usage.pricing") / "catalogues" / f"{name}.toml"
    return resource.read_text(encoding="utf-8")


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
        where = f"line {line_of(text, ('digest',))}: digest"
        raise CatalogueError(f"{file}: {where}: is computed, not written", advice="Remove the key.")
    digest = sha256(canonical.encode()).hexdigest()
    try:
        return Catalogue.model_validate_json(_canonical_json({**content, "digest": digest}))
    except ValidationError as error:
        raise catalogue_error(file, text, error) from None


def catalogue_schema() -> dict[str, object]:
    """The JSON Schema of a catalogue file, for editors that check TOML as it is written."""
    schema = Catalogue.model_json_schema(by_alias=True)
    del schema["properties"]["digest"]
    schema["required"].remove("digest")
    meters = schema["properties"]["meters"]
    meters["items"] = {"anyOf": [{"type": "string"}, meters["items"]]}
    meters["default"] = ["tokens"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _canonical_json(content: dict[str, object]) -> str:
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_iso_time, allow_nan=False
    )


def _iso_time(value: date | time) -> str:
    return value.isoformat()
