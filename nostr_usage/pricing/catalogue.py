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
from nostr_usage.pricing.price import Price, completed_rates, price_id
from nostr_usage.pricing.tables import Activity, AddOn, Burn, OwnPrice, Pack, Plan, Table, named, refuse_twice

DEFAULT_CATALOGUE = "transparency"
BUILT_IN_CATALOGUES = (DEFAULT_CATALOGUE,)
CATALOGUE_BYTES_MAX = 256 * 1024
PROBLEMS_SHOWN_MAX = 5


class Catalogue(Table):
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
        refuse_twice("meter", self.meters)
        refuse_twice("activity", (activity.name for activity in self.activities))
        refuse_twice("plan", (plan.name for plan in self.plans))
        refuse_twice("pack", (pack.name for pack in self.packs))
        refuse_twice("price of", (f"{price.model} from {price.valid_from}" for price in self.prices))
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
        "string_pattern_mismatch": "Names are lower-case letters, digits, - and _; labels are printable.",
    }
    return CatalogueError(
        f"{file}: {'; '.join(lines[:PROBLEMS_SHOWN_MAX])}{more}",
        advice=fixes.get(first, "Correct that value."),
    )


def _key_path(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        shown = part if isinstance(part, int) or part.isprintable() else repr(part)
        path += f"[{shown}]" if isinstance(part, int) else f".{shown}"
    return path.removeprefix(".") or "catalogue"
