"""Measured usage: exclusive buckets, absent is not zero, nothing malformed gets in."""

from __future__ import annotations

import pytest

from nostr_usage.amount import AMOUNT_MAX
from nostr_usage.errors import UsageFormatError
from nostr_usage.pricing.usage import Bucket, MeasuredUsage, checked_units, measured_usage


def test_what_was_not_reported_is_absent_and_a_reported_zero_is_there() -> None:
    """None leaves no trace, 0 does; only units above zero are billable."""
    usage = measured_usage(
        "gpt-4o", {Bucket.OUTPUT: 7, Bucket.CACHE_READ: 0, Bucket.REASONING: None}, provider="openai"
    )
    assert usage == MeasuredUsage(
        model="gpt-4o", provider="openai", counts=((Bucket.CACHE_READ, 0), (Bucket.OUTPUT, 7))
    )
    assert usage.units(Bucket.CACHE_READ) == 0
    assert usage.units(Bucket.REASONING) is None
    assert usage.billable == ((Bucket.OUTPUT, 7),)


def test_the_prompt_is_as_long_as_all_its_input_buckets_together() -> None:
    """Cached, written, heard and seen tokens count as prompt; what came out does not."""
    usage = measured_usage(
        "some-model",
        {
            Bucket.FRESH_INPUT: 1,
            Bucket.CACHE_READ: 20,
            Bucket.CACHE_WRITE_1H: 300,
            Bucket.AUDIO_IN: 4_000,
            Bucket.OUTPUT: 50_000,
            Bucket.WEB_SEARCHES: 600_000,
        },
    )
    assert usage.prompt_units == 4_321


@pytest.mark.parametrize(
    "value",
    [-1, 1.0, float("nan"), float("inf"), True, "12", AMOUNT_MAX + 1, -(10**5000), 10**5000, [1]],
    ids=["negative", "float", "nan", "inf", "bool", "text", "large", "huge-negative", "huge", "list"],
)
def test_counts_that_are_no_whole_numbers_are_refused(value: object) -> None:
    """Only an int from 0 to the largest amount is a count."""
    with pytest.raises(UsageFormatError, match=r"usage field usage\.x holds .*, not a whole number"):
        checked_units(value, where="usage.x")


@pytest.mark.parametrize("value", [0, 1, AMOUNT_MAX])
def test_whole_numbers_are_counts(value: int) -> None:
    """The control of the test above."""
    assert value == checked_units(value, where="usage.x")


def test_usage_without_any_count_is_refused() -> None:
    """Nothing reported is not zero used."""
    with pytest.raises(UsageFormatError, match="reported no usage at all"):
        measured_usage("gpt-4o", {Bucket.OUTPUT: None})


@pytest.mark.parametrize("name", ["", "x" * 101, "gpt\n4", "modèle", "a\x7fb"])
def test_names_that_cannot_go_on_the_wire_are_refused(name: str) -> None:
    """Model and provider are 1–100 printable ASCII characters."""
    with pytest.raises(UsageFormatError, match=r"model .* printable ASCII"):
        measured_usage(name, {Bucket.OUTPUT: 1})
    with pytest.raises(UsageFormatError, match=r"provider .* printable ASCII"):
        measured_usage("gpt-4o", {Bucket.OUTPUT: 1}, provider=name)
