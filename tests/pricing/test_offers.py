"""Plans, packs and discounts for many: what they cost, and what a catalogue may not say of them."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import tomli_w

from nostr_usage.errors import AmountError, CatalogueError, PricingError, UnknownNameError, UnratedUsageError
from nostr_usage.pricing.catalogue import Catalogue, catalogue_from_toml, catalogue_schema
from nostr_usage.pricing.charge import charge_for
from nostr_usage.pricing.economics import plan_economics
from nostr_usage.pricing.meters import MeterKind
from nostr_usage.pricing.offers import Cycle, CycleKind
from nostr_usage.pricing.usage import Bucket, measured_usage

AT = 1_771_080_300  # 14 February 2026

SHOP = """
name = "shop"
version = "1"
title = "Shop"
token_value = "0.01"
currency = "USD"
meters = ["words", { name = "pictures", token_value = "0.05" }, { name = "storage", kind = "level" }]
low_balance = 10
thresholds = [75]
grace_hours = 48
refusals = { not_enough = 429 }

[[activities]]
name = "write"
label = "Write"
meter = "words"
accepts = ["counted"]
estimate = { low = 1, typical = 2, high = 3 }

[[activities]]
name = "paint"
label = "Paint"
meter = "pictures"
accepts = ["fixed"]
tokens = 3
bulk = [{ from_count = 3, percent_off = 10 }, { from_count = 6, percent_off = 50 }]

[[features]]
name = "export"
label = "Export"

[[plans]]
name = "small"
title = "Small"
price = "10"
annual_price = "100"
cycle = { kind = "calendar_month", zone = "UTC" }
allowances = [{ meter = "words", tokens = 100 }, { meter = "pictures", tokens = 5 }]
limits = [{ meter = "storage", level = 100 }]
features = ["export"]
rollover = { cap = 50, cycles = 2 }
targets = { average = 50, alert = 60 }

[[packs]]
name = "more-words"
price = "2"
tokens = 100

[[packs]]
name = "more-pictures"
price = "1"
tokens = 10
meter = "pictures"
bulk = [{ from_count = 2, percent_off = 25 }]

[[models]]
name = "m"
price = "own"

[[prices]]
model = "m"
valid_from = 2025-01-01
dollars_per_million = { fresh_input = "1", output = "3" }

[aims]
model = "m"
input_percent = 50
cost_budget_percent = 20
"""


def shop(**changes: object) -> str:
    """The shop with some top-level keys changed; None removes one."""
    content = {**tomllib.loads(SHOP), **changes}
    return tomli_w.dumps({key: value for key, value in content.items() if value is not None})


def changed(table: str, **changes: object) -> dict[str, Any]:
    """The shop's lists with the first item of one changed; None removes a key."""
    first, *others = tomllib.loads(SHOP)[table]
    item = {key: value for key, value in {**first, **changes}.items() if value is not None}
    return {table: [item, *others]}


@pytest.fixture(name="catalogue")
def shop_catalogue() -> Catalogue:
    """The shop."""
    return catalogue_from_toml(SHOP, file="shop.toml")


def test_meters_are_spent_unless_they_are_levels(catalogue: Catalogue) -> None:
    """A bare name is one that is spent; the first of them is the default."""
    assert [MeterKind.SPENT, MeterKind.SPENT, MeterKind.LEVEL] == [meter.kind for meter in catalogue.meters]
    assert ("words", "pictures") == catalogue.spent_meters
    assert "words" == catalogue.default_meter
    with pytest.raises(UnknownNameError, match="unknown meter 'tokens'"):
        catalogue.meter("tokens")


def test_a_token_is_worth_what_its_meter_says(catalogue: Catalogue) -> None:
    """Else what the catalogue says; charges follow."""
    assert (10_000_000, 50_000_000) == tuple(map(catalogue.token_value_of, catalogue.spent_meters))
    assert 150_000 == charge_for(catalogue, "paint", at=AT).cost_micro_dollars


def test_an_allowance_is_by_meter(catalogue: Catalogue) -> None:
    """The short form is of the first meter; what is not named has none."""
    plan = catalogue.plan("small")
    assert [100, 5, 0] == [catalogue.allowance_of(plan, meter.name) for meter in catalogue.meters]
    short = catalogue_from_toml(shop(**changed("plans", allowances=None, allowance=7)), file="s.toml")
    assert [7, 0] == [short.allowance_of(short.plans[0], meter) for meter in short.spent_meters]


def test_a_pack_fills_the_first_meter_unless_it_names_one(catalogue: Catalogue) -> None:
    """Two of a pack may cost less than twice one."""
    words, pictures = catalogue.packs
    assert ("words", "pictures") == (catalogue.meter_of_pack(words), catalogue.meter_of_pack(pictures))
    assert (4_000_000, 1_500_000) == (words.price_of(2), pictures.price_of(2))


@pytest.mark.parametrize(
    ("kind", "days", "per_year"),
    [
        (CycleKind.CALENDAR_MONTH, None, 12),
        (CycleKind.ANNIVERSARY_MONTH, None, 12),
        (CycleKind.ANNUAL, None, 1),
        (CycleKind.EVERY_DAYS, 28, 13),
        (CycleKind.EVERY_DAYS, 30, 12),
    ],
)
def test_cycles_a_year(kind: CycleKind, days: int | None, per_year: int) -> None:
    """Whole ones in 365 days."""
    assert per_year == Cycle(kind=kind, days=days, zone="UTC").per_year


def test_a_year_in_advance_saves_what_it_says(catalogue: Catalogue) -> None:
    """$100 instead of $120; a price that saves nothing saves 0 %."""
    assert 16 == catalogue.plan("small").annual_saving_percent
    dear = catalogue_from_toml(shop(**changed("plans", annual_price="130")), file="s.toml")
    assert 0 == dear.plans[0].annual_saving_percent


def test_a_refusal_has_the_status_of_the_catalogue(catalogue: Catalogue) -> None:
    """402 where it gives none."""
    assert (429, 402) == (catalogue.refusal_status("not_enough"), catalogue.refusal_status("other"))


@pytest.mark.parametrize(("count", "tokens"), [(1, 3), (2, 6), (3, 9), (5, 14), (6, 9), (7, 11)])
def test_many_at_once_are_rounded_up_once(catalogue: Catalogue, count: int, tokens: int) -> None:
    """8.1 is 9, 13.5 is 14, 10.5 is 11."""
    assert tokens == charge_for(catalogue, "paint", count=count, at=AT).tokens


@pytest.mark.parametrize("count", [0, 1_000_001, -1])
def test_a_count_has_bounds(catalogue: Catalogue, count: int) -> None:
    """From one to a million."""
    with pytest.raises(AmountError):
        charge_for(catalogue, "paint", count=count, at=AT)


def test_only_fixed_prices_are_charged_several_at_once(catalogue: Catalogue) -> None:
    """What was measured was measured once."""
    usage = measured_usage("m", {Bucket.OUTPUT: 1})
    with pytest.raises(PricingError, match="write has no fixed price") as caught:
        charge_for(catalogue, "write", usage=[usage], count=2, at=AT)
    assert "Charge each by itself." == caught.value.advice


def test_counted_usage_is_its_sum_over_all_steps(catalogue: Catalogue) -> None:
    """One token for each unit of every step; the rule is named, the model's price is not."""
    steps = [measured_usage("m", {Bucket.FRESH_INPUT: 5, Bucket.OUTPUT: 7}) for _ in range(3)]
    charge = charge_for(catalogue, "write", usage=steps, at=AT)
    assert (36, True) == (charge.tokens, charge.is_measured)
    assert (catalogue.rule_id(catalogue.activity("write")),) == charge.price_ids
    assert 78 == charge.provider_cost_micro_dollars


def test_a_unit_that_is_not_counted_is_refused(catalogue: Catalogue) -> None:
    """Pictures are no tokens of a model, and nothing is free by accident."""
    usage = measured_usage("m", {Bucket.IMAGES: 2})
    with pytest.raises(UnratedUsageError, match="write does not count images; model 'm' used 2 of it"):
        charge_for(catalogue, "write", usage=[usage], at=AT)


def test_counted_usage_needs_usage(catalogue: Catalogue) -> None:
    """The advice says what to pass."""
    with pytest.raises(PricingError) as caught:
        charge_for(catalogue, "write", at=AT)
    assert "pass the usage that the models reported" in caught.value.advice


def test_economics_need_aims() -> None:
    """They are the operator's choice."""
    plain = catalogue_from_toml(shop(aims=None), file="s.toml")
    with pytest.raises(PricingError, match="does not say what the operator aims at"):
        plan_economics(plain, plain.plans[0], at=AT)


def test_economics_need_rates_both_ways() -> None:
    """A model without a price for what comes out is not free."""
    prices = [{"model": "m", "valid_from": "2025-01-01", "dollars_per_million": {"fresh_input": "1"}}]
    half = catalogue_from_toml(shop(prices=prices), file="s.toml")
    with pytest.raises(UnratedUsageError, match="has no rate for output"):
        plan_economics(half, half.plans[0], at=AT)


def test_a_plan_for_nothing_has_no_markup(catalogue: Catalogue) -> None:
    """Nor has one that costs the operator nothing."""
    free = catalogue_from_toml(shop(**changed("plans", price="0", annual_price=None)), file="s.toml")
    assert plan_economics(free, free.plans[0], at=AT).markup_percent is None
    none = {"allowances": None, "allowance": 0}
    empty = catalogue_from_toml(shop(**changed("plans", **none)), file="s.toml")
    assert plan_economics(empty, empty.plans[0], at=AT).markup_percent is None
    assert 100 == plan_economics(empty, empty.plans[0], at=AT).margin_percent


def test_the_schema_is_of_the_file_and_not_of_the_value() -> None:
    """Without the digest, which is computed; dollars are texts, a meter may be a bare name."""
    schema: dict[str, Any] = catalogue_schema()
    properties, required = schema["properties"], schema["required"]
    assert "digest" not in properties
    assert "digest" not in required
    assert "string" == properties["token_value"]["type"]
    assert [{"type": "string"}, {"$ref": "#/$defs/Meter"}] == properties["meters"]["items"]["anyOf"]


REFUSED: dict[str, tuple[str, str]] = {
    "a level first": (
        shop(meters=[{"name": "storage", "kind": "level"}, "words", "pictures"]),
        r"line \d+: meters\[0\]: the first meter must be one that is spent",
    ),
    "an activity in a level": (
        shop(**changed("activities", meter="storage")),
        r"activities\[0\]\.meter: activity write counts in meter storage, not in meters",
    ),
    "a pack for a level": (
        shop(**changed("packs", meter="storage")),
        r"packs\[0\]\.meter: pack more-words fills meter storage, not in meters",
    ),
    "an allowance of a level": (
        shop(**changed("plans", allowances=[{"meter": "storage", "tokens": 1}])),
        r"plans\[0\]\.allowances\[0\]\.meter: plan small names meter storage in allowances",
    ),
    "a limit of what is spent": (
        shop(**changed("plans", limits=[{"meter": "words", "level": 1}])),
        r"plans\[0\]\.limits\[0\]\.meter: plan small names meter words in limits",
    ),
    "two forms of allowance": (
        shop(**changed("plans", allowance=1)),
        r"plans\[0\]: give allowance, or allowances by meter, and not both",
    ),
    "no allowance": (shop(**changed("plans", allowances=None)), r"plans\[0\]: give allowance, or allowances"),
    "an allowance twice": (
        shop(**changed("plans", allowances=[{"meter": "words", "tokens": 1}] * 2)),
        r"plans\[0\]\.allowances\[1\]: allowance of words is there twice",
    ),
    "a feature that is not sold": (
        shop(**changed("plans", features=["import"])),
        r"plans\[0\]\.features: plan small includes import, which is not in features",
    ),
    "a model without its price": (
        shop(models=[{"name": "n", "price": "own"}]),
        r"models\[0\]\.price: model n has its own price, but there is none in prices",
    ),
    "an alert below the target": (
        shop(**changed("plans", targets={"average": 2, "alert": 1})),
        r"plans\[0\]\.targets\.alert: alert must not be below average",
    ),
    "discounts that descend": (
        shop(
            **changed(
                "packs", bulk=[{"from_count": 5, "percent_off": 9}, {"from_count": 9, "percent_off": 9}]
            )
        ),
        r"packs\[0\]\.bulk\[1\]: both from_count and percent_off must ascend",
    ),
    "everything for nothing": (
        shop(**changed("packs", bulk=[{"from_count": 5, "percent_off": 100}])),
        r"packs\[0\]\.bulk\[0\]\.percent_off: Input should be less than or equal to 99",
    ),
    "measured and counted": (
        shop(**changed("activities", accepts=["measured", "counted"], markup_percent=1)),
        r"activities\[0\]\.accepts: usage is either measured or counted",
    ),
    "units without counting": (
        shop(**changed("activities", accepts=["stated"], tokens_per_unit={"seconds": 1})),
        r'activities\[0\]\.tokens_per_unit: tokens_per_unit goes with "counted"',
    ),
    "a discount on what is counted": (
        shop(**changed("activities", bulk=[{"from_count": 2, "percent_off": 1}])),
        r'activities\[0\]\.bulk: bulk goes with "fixed"',
    ),
    "a status that is no refusal": (
        shop(refusals={"not_enough": 200}),
        r"refusals\.not_enough: Input should",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_together_is_refused_where_it_stands(case: str) -> None:
    """File, line and key are named."""
    text, message = REFUSED[case]
    with pytest.raises(CatalogueError, match=message):
        catalogue_from_toml(text, file="shop.toml")


def test_the_shop_that_the_refusals_change_is_itself_accepted() -> None:
    """The control of the refusals."""
    assert "shop" == catalogue_from_toml(shop(), file="shop.toml").name
