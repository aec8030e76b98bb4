"""A catalogue: strict, exact, named by its digest."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest
import tomli_w
from pydantic import ValidationError

from nostr_usage.errors import CatalogueError, InputError, UnknownNameError
from nostr_usage.pricing.catalogue import (
    BUILT_IN_CATALOGUES,
    CATALOGUE_BYTES_MAX,
    catalogue_from_toml,
    load_catalogue,
)
from nostr_usage.pricing.offers import Cycle, CycleKind
from nostr_usage.pricing.tables import Burn, ChargeMode
from nostr_usage.pricing.usage import Bucket

Content = dict[str, Any]

SMALL = """
name = "small"
version = "1.0"
title = "Small"
token_value = "0.0015"
currency = "USD"
low_balance = 10
thresholds = [75, 90]
grace_hours = 48

[[activities]]
name = "chat"
label = "Chat"
accepts = ["stated", "measured"]
estimate = { low = 1, typical = 2, high = 3 }
markup_percent = 50

[[plans]]
name = "free"
title = "Free"
price = "0"
allowance = 100
cycle = { kind = "every_days", days = 28, zone = "Europe/Prague" }

[[packs]]
name = "pack"
price = "9.99"
tokens = 1_000

[[prices]]
model = "gpt-5"
valid_from = 2025-08-07
dollars_per_million = { fresh_input = "10", output = "30" }
"""


def small(**changes: object) -> str:
    """The small catalogue with some top-level keys changed; None removes one."""
    content = {**tomllib.loads(SMALL), **changes}
    return tomli_w.dumps({key: value for key, value in content.items() if value is not None})


def activity(**changes: object) -> list[Content]:
    """The small catalogue's activity with some keys changed; None removes one."""
    content = {**tomllib.loads(SMALL)["activities"][0], **changes}
    return [{key: value for key, value in content.items() if value is not None}]


def plan(**cycle: object) -> list[Content]:
    """The small catalogue's plan with another cycle."""
    return [{**tomllib.loads(SMALL)["plans"][0], "cycle": cycle}]


def test_dollars_are_read_exactly_into_integers() -> None:
    """Nano-dollars for the value of a token, micro-dollars for prices."""
    catalogue = catalogue_from_toml(SMALL, file="small.toml")
    assert catalogue.token_value == 1_500_000
    assert catalogue.pack("pack").price_micro_dollars == 9_990_000
    assert catalogue.plan("free").price_micro_dollars == 0
    assert catalogue.plan("free").cycle == Cycle(kind=CycleKind.EVERY_DAYS, days=28, zone="Europe/Prague")


def test_what_is_not_said_has_a_plain_default() -> None:
    """One meter, and what expires first is spent first."""
    catalogue = catalogue_from_toml(SMALL, file="small.toml")
    assert catalogue.spent_meters == ("tokens",)
    assert catalogue.burn is Burn.EXPIRING_FIRST
    assert catalogue.activity("chat").meter == "tokens"
    assert catalogue.activity("chat").accepts == (ChargeMode.STATED, ChargeMode.MEASURED)


def test_the_digest_is_of_the_content_and_not_of_the_layout() -> None:
    """Comments, spaces, order of keys and underscores in numbers change nothing; a figure changes it."""
    digest = catalogue_from_toml(SMALL, file="a").digest
    assert len(digest) == 64
    assert (
        digest == catalogue_from_toml("# a comment\n" + tomli_w.dumps(tomllib.loads(SMALL)), file="b").digest
    )
    assert digest != catalogue_from_toml(small(low_balance=11), file="c").digest


def test_the_digest_can_be_computed_with_other_tools() -> None:
    """A published figure: SHA-256 of the content as JSON with sorted keys and without spaces."""
    assert catalogue_from_toml(SMALL, file="a").digest == (
        "3d127a99d4a4e8733fea6c7e428063980c3655da92093889915c74590138eede"
    )


def test_a_rule_id_names_catalogue_version_activity_and_digest() -> None:
    """At most 100 characters even where every name is as long as it may be."""
    catalogue = load_catalogue()
    mentor, experiment = catalogue.activity("magic-mentor"), catalogue.activity("experiment-creation")
    short = catalogue.digest[:8]
    assert catalogue.rule_id(mentor) == f"transparency:1:magic-mentor:{short}"
    assert catalogue.rule_id(experiment, experiment.add_ons[0]) == (
        f"transparency:1:experiment-creation+images:{short}"
    )
    long = catalogue_from_toml(
        small(
            name="n" * 24,
            version="1" * 10,
            activities=activity(name="a" * 32, add_ons=[{"name": "o" * 20, "label": "Option", "tokens": 0}]),
        ),
        file="long.toml",
    )
    identifier = long.rule_id(long.activities[0], long.activities[0].add_ons[0])
    assert len(identifier) == 98
    assert identifier.endswith(long.digest[:8])


def test_own_prices_are_given_to_the_price_book_with_dates_and_ids() -> None:
    """From midnight UTC of the day, completed as vendors bill."""
    catalogue = catalogue_from_toml(SMALL, file="small.toml")
    (price,) = catalogue.own_prices
    assert price.id == f"small:1.0:gpt-5:2025-08-07:{catalogue.digest[:8]}"
    assert price.valid_from == int(datetime(2025, 8, 7, tzinfo=UTC).timestamp())
    assert dict(price.rates)[Bucket.FRESH_INPUT] == 10_000_000_000
    assert dict(price.rates)[Bucket.REASONING] == dict(price.rates)[Bucket.OUTPUT] == 30_000_000_000


def test_a_catalogue_never_changes() -> None:
    """A frozen value: what was quoted is what is charged."""
    with pytest.raises(ValidationError, match="frozen"):
        load_catalogue().name = "other"  # pyright: ignore[reportAttributeAccessIssue] - the test's point


@pytest.mark.parametrize("sort", ["activity", "plan", "pack"])
def test_an_unknown_name_is_refused_with_the_known_ones(sort: str) -> None:
    """The error lists what there is."""
    with pytest.raises(UnknownNameError, match=rf"unknown {sort} 'nothing' \(known: ") as caught:
        getattr(load_catalogue(), sort)("nothing")
    assert caught.value.known


def test_add_ons_are_chosen_by_name_each_once() -> None:
    """Unknown and repeated ones are refused."""
    rule = load_catalogue().activity("experiment-creation")
    assert [add_on.name for add_on in rule.chosen_add_ons(["audio", "images"])] == ["audio", "images"]
    with pytest.raises(UnknownNameError, match="unknown add-on of experiment-creation 'music'"):
        rule.chosen_add_ons(["music"])
    with pytest.raises(InputError, match="chosen twice: audio, audio"):
        rule.chosen_add_ons(["audio", "audio"])


def test_a_built_in_catalogue_that_does_not_exist_is_refused() -> None:
    """A name is never a path."""
    with pytest.raises(UnknownNameError, match="unknown catalogue") as caught:
        load_catalogue("../catalogues/transparency")
    assert caught.value.known == BUILT_IN_CATALOGUES


REFUSED: dict[str, tuple[str, str, str]] = {
    "no TOML": ("name = ", r"^my\.toml: Invalid value", "Correct the TOML"),
    "nested without end": ("a = " + "[" * 100_000, r"^my\.toml: ", "Correct the TOML"),
    "a number too long to print": ("a = 0x" + "f" * 10_000, r"^my\.toml: ", "Correct the TOML"),
    "no UTF-8": ('a = "\ud800"', r"^my\.toml: ", "Correct the TOML"),
    "not a number": (small(grace_hours=float("nan")), r"^my\.toml: ", "Correct the TOML"),
    "too long": ("#" * (CATALOGUE_BYTES_MAX + 1), r"^my\.toml: longer than 262,144 bytes", ""),
    "a digest": (small(digest="0" * 64), r"^my\.toml: line \d+: digest: is computed", "Remove the key."),
    "a key that is missing": (small(title=None), r"^my\.toml: title: Field required", "Add that key."),
    "a key misspelt": (small(tittle="x"), r"^my\.toml: line \d+: tittle: Extra inputs", "Remove that key"),
    "a key that cannot be printed": (
        small(**{"a\x1bb": 1}),
        r"^my\.toml: 'a\\x1bb': Extra",
        "Remove that key",
    ),
    "a name in capitals": (
        small(name="Small"),
        r"^my\.toml: line \d+: name: String should match",
        "lower-case",
    ),
    "a label with a control character": (small(title="a\x07b"), r"title: String should match", "printable"),
    "a key deep inside": (
        small(activities=activity(estimate={"low": 1, "typical": "2", "high": 3})),
        r"^my\.toml: line \d+: activities\[0\]\.estimate\.typical: Input should be a valid integer",
        "Correct that value.",
    ),
    "a float for dollars": (small(token_value=0.0015), r"token_value: write dollars in quotes", "Correct"),
    "a comma for dollars": (small(token_value="0,0015"), r"token_value: write dollars in quotes", "Correct"),
    "negative dollars": (small(token_value="-1"), r"token_value: write dollars in quotes", "Correct"),
    "NaN dollars": (small(token_value="NaN"), r"token_value: write dollars in quotes", "Correct"),
    "other digits": (small(token_value="٠"), r"token_value: write dollars in quotes", "Correct"),
    "ten decimals": (small(token_value="0.0000000001"), r"token_value: write dollars in quotes", "Correct"),
    "a token worth nothing": (small(token_value="0"), r"token_value: Input should be greater", "Correct"),
    "a pack for nothing": (
        small(packs=[{"name": "gift", "price": "0", "tokens": 1}]),
        r"packs\[0\]\.price: Input should be greater",
        "Correct",
    ),
    "seven decimals in a price": (
        small(packs=[{"name": "pack", "price": "0.0000001", "tokens": 1}]),
        r"packs\[0\]\.price: at most six decimals",
        "Correct",
    ),
    "another currency": (small(currency="EUR"), r"currency: Input should be 'USD'", "Correct"),
    "a float for tokens": (
        small(low_balance=10.0),
        r"low_balance: Input should be a valid integer",
        "Correct",
    ),
    "a bool for tokens": (
        small(low_balance=True),
        r"low_balance: Input should be a valid integer",
        "Correct",
    ),
    "too many tokens": (small(low_balance=10**15), r"low_balance: Input should be less", "Correct"),
    "thresholds that descend": (small(thresholds=[90, 75]), r"thresholds: thresholds must ascend", "Correct"),
    "a threshold twice": (small(thresholds=[75, 75]), r"thresholds: thresholds must ascend", "Correct"),
    "a meter twice": (small(meters=["tokens", "tokens"]), r"meter tokens is there twice", "Correct"),
    "no meter": (small(meters=[]), r"meters: Tuple should have at least 1 item", "Correct"),
    "a meter that is not counted": (
        small(meters=["goals"]),
        r"activity chat counts in meter tokens, not in meters",
        "Correct",
    ),
    "an activity twice": (small(activities=activity() * 2), r"activity chat is there twice", "Correct"),
    "a plan twice": (
        small(plans=plan(kind="annual", zone="UTC") * 2),
        r"plan free is there twice",
        "Correct",
    ),
    "a pack twice": (
        small(packs=[{"name": "pack", "price": "1", "tokens": 1}] * 2),
        r"pack pack is there twice",
        "Correct",
    ),
    "a price twice": (
        small(prices=tomllib.loads(SMALL)["prices"] * 2),
        r"price of gpt-5 from 2025-08-07 is there twice",
        "Correct",
    ),
    "an unknown bucket": (
        small(prices=[{"model": "m", "valid_from": "2025-01-01", "dollars_per_million": {"smell": "1"}}]),
        r"prices\[0\]\.dollars_per_million\.smell",
        "Correct",
    ),
    "a price at NaN dollars": (
        small(prices=[{"model": "m", "valid_from": "2025-01-01", "dollars_per_million": {"output": "nan"}}]),
        r"prices\[0\]\.dollars_per_million\.output: write dollars",
        "Correct",
    ),
    "an estimate that descends": (
        small(activities=activity(estimate={"low": 3, "typical": 2, "high": 3})),
        r"activities\[0\]\.estimate: low, typical and high must not descend",
        "Correct",
    ),
    "fixed and stated": (
        small(activities=activity(accepts=["fixed", "stated"], tokens=5)),
        r"activities\[0\]: an activity at a fixed price accepts nothing else",
        "Correct",
    ),
    "fixed without tokens": (
        small(activities=activity(accepts=["fixed"], estimate=None, markup_percent=None)),
        r'activities\[0\]: "fixed" goes with tokens',
        "Correct",
    ),
    "fixed with an estimate": (
        small(activities=activity(accepts=["fixed"], tokens=5, markup_percent=None)),
        r'activities\[0\]: "fixed" goes with tokens',
        "Correct",
    ),
    "stated with tokens": (
        small(activities=activity(tokens=5)),
        r'activities\[0\]: "fixed" goes with tokens',
        "Correct",
    ),
    "stated without an estimate": (
        small(activities=activity(estimate=None)),
        r'activities\[0\]: "fixed" goes with tokens',
        "Correct",
    ),
    "measured without a markup": (
        small(activities=activity(markup_percent=None)),
        r'activities\[0\]: markup_percent goes with "measured"',
        "Correct",
    ),
    "a markup without measuring": (
        small(activities=activity(accepts=["stated"])),
        r'activities\[0\]: markup_percent goes with "measured"',
        "Correct",
    ),
    "a charge mode twice": (
        small(activities=activity(accepts=["measured", "measured"])),
        r"charge mode measured is there twice",
        "Correct",
    ),
    "an add-on twice": (
        small(activities=activity(add_ons=[{"name": "a", "label": "A", "tokens": 0}] * 2)),
        r"add-on a is there twice",
        "Correct",
    ),
    "days without every_days": (
        small(plans=plan(kind="annual", days=30, zone="UTC")),
        r'plans\[0\]\.cycle: days goes with kind = "every_days"',
        "Correct",
    ),
    "every_days without days": (
        small(plans=plan(kind="every_days", zone="UTC")),
        r'plans\[0\]\.cycle: days goes with kind = "every_days"',
        "Correct",
    ),
    "a zone that does not exist": (
        small(plans=plan(kind="annual", zone="Mars/Olympus")),
        r"plans\[0\]\.cycle\.zone: no such time zone",
        "Correct",
    ),
    "a zone that is a path": (
        small(plans=plan(kind="annual", zone="../../etc/passwd")),
        r"plans\[0\]\.cycle\.zone: no such time zone",
        "Correct",
    ),
    "a zone that is a directory": (
        small(plans=plan(kind="annual", zone="Europe")),
        r"plans\[0\]\.cycle\.zone: no such time zone",
        "Correct",
    ),
    "no zone": (
        small(plans=plan(kind="annual")),
        r"plans\[0\]\.cycle\.zone: Field required",
        "Add that key.",
    ),
    "many problems": ("a = 1", r"\(and \d+ more\)$", ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_catalogue_that_cannot_be_used_is_refused_by_file_key_and_remedy(case: str) -> None:
    """The message names the file and the path of the key; the advice says what to do."""
    text, message, advice = REFUSED[case]
    with pytest.raises(CatalogueError, match=message) as caught:
        catalogue_from_toml(text, file="my.toml")
    assert advice in caught.value.advice


def test_the_catalogue_that_the_refusals_change_is_itself_accepted() -> None:
    """The control of the refusals."""
    assert catalogue_from_toml(small(), file="my.toml").name == "small"
