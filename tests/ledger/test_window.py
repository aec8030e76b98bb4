"""Windows of budgets: days and months of a time zone, half open, whatever its clocks do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nostr_usage.errors import TimeError, UnknownNameError
from nostr_usage.ledger.window import Period, window_at
from tests.ledger.scenario import unix


@pytest.mark.parametrize(
    ("period", "at", "zone", "start", "end"),
    [
        (Period.DAY, "02-14 14:45", "UTC", "02-14", "02-15"),
        (Period.DAY, "02-14", "UTC", "02-14", "02-15"),
        (Period.DAY, "02-14 23:30", "Europe/Berlin", "02-14 23:00", "02-15 23:00"),
        (Period.MONTH, "02-14 14:45", "UTC", "02-01", "03-01"),
        (Period.MONTH, "12-31 23:59", "UTC", "12-01", "2027-01-01"),
        (Period.MONTH, "01-31 23:30", "Europe/Berlin", "01-31 23:00", "02-28 23:00"),
        (Period.MONTH, "2028-02-29 12:00", "UTC", "2028-02-01", "2028-03-01"),
    ],
)
def test_window_holds_its_moment(period: Period, at: str, zone: str, start: str, end: str) -> None:
    """From local midnight to local midnight."""
    window = window_at(period, at=unix(at), zone=zone)
    assert (unix(start), unix(end)) == (window.start, window.end)


@pytest.mark.parametrize(("at", "hours"), [("03-29 12:00", 23), ("10-25 12:00", 25), ("10-26 12:00", 24)])
def test_a_day_is_as_long_as_its_clocks_say(at: str, hours: int) -> None:
    """In Berlin one day of spring is an hour short, one of autumn an hour long."""
    window = window_at(Period.DAY, at=unix(at), zone="Europe/Berlin")
    assert hours * 3_600 == window.end - window.start


@pytest.mark.parametrize("zone", ["America/New_York", "America/Havana", "Asia/Kolkata"])
@pytest.mark.parametrize("period", list(Period))
def test_windows_follow_each_other_without_a_gap(period: Period, zone: str) -> None:
    """The first second after a window lies in the next; in Havana some days begin at one o'clock."""
    window = window_at(period, at=unix("2025-01-01"), zone=zone)
    last = int(datetime(2029, 1, 1, tzinfo=UTC).timestamp())
    while window.end < last:
        following = window_at(period, at=window.end, zone=zone)
        assert window.end == following.start
        assert window == window_at(period, at=window.end - 1, zone=zone)
        window = following


def test_a_time_that_no_calendar_has_is_refused() -> None:
    """Milliseconds passed for seconds are named as the likely cause."""
    with pytest.raises(TimeError) as raised:
        window_at(Period.DAY, at=10**15, zone="UTC")
    assert "milliseconds" in raised.value.advice


def test_an_unknown_zone_is_refused() -> None:
    """A zone that is no zone is named."""
    with pytest.raises(UnknownNameError, match="Berlin"):
        window_at(Period.DAY, at=0, zone="Berlin")
