"""What people type, parsed: amounts, dollars, times, metadata."""

from __future__ import annotations

import click
import pytest

from nostr_usage.cli.options import amount, parse_dollars, parse_metadata, parse_time
from nostr_usage.errors import InputError

NOON = 1_770_984_000


def test_amounts_are_plain_whole_numbers() -> None:
    """Fifteen digits at most, and nothing but digits."""
    assert [0, 14_500, 999_999_999_999_999] == [amount(text) for text in ("0", "14500", "9" * 15)]
    for text in ("", "-1", "+1", "1.0", "1e3", "1_000", "1,000", " 1", "01", "9" * 16, "٣", "0x10", "NaN"):
        with pytest.raises(click.BadParameter):
            amount(text)


def test_dollars_have_at_most_six_decimals() -> None:
    """Exact, without a float in between."""
    expected = {"0": 0, "25": 25_000_000, "9.99": 9_990_000, "0.000001": 1, "999999999.999999": 10**15 - 1}
    assert expected == {text: parse_dollars(text) for text in expected}
    assert parse_dollars(None) is None
    for text in ("", "-1", "$5", "1.", ".5", "1.0000001", "1e3", "1,5", "1000000000", "01", "NaN", "٣"):
        with pytest.raises(InputError):
            parse_dollars(text)


@pytest.mark.parametrize(
    "text",
    [
        str(NOON),
        "2026-02-13T12:00:00Z",
        "2026-02-13T13:00:00+01:00",
        "2026-02-13 12:00:00+00:00",
        "20260213T120000Z",
    ],
)
def test_times_have_a_zone(text: str) -> None:
    """Unix seconds, or ISO 8601 that says where."""
    assert NOON == parse_time(text)


def test_no_time_stays_none() -> None:
    """So that each command has its own default."""
    assert parse_time(None) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-02-13",
        "2026-02-13T12:00:00",
        "12:00Z",
        "-5",
        "1" * 13,
        "1.5",
        "٣",
        "9999-12-31T23:59:60Z",
    ],
)
def test_other_times_are_refused(text: str) -> None:
    """A local time without its zone is somebody's guess."""
    with pytest.raises(InputError):
        parse_time(text)


def test_metadata_are_names_and_values() -> None:
    """A value may hold anything, `=` too; a name is there once."""
    assert {"a": "1", "b": "x=y", "c": ""} == parse_metadata(("a=1", "b=x=y", "c="))
    for pairs in (("a",), ("=1",), ("a=1", "a=2")):
        with pytest.raises(InputError):
            parse_metadata(pairs)
