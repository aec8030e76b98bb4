"""Boundaries: every rule over short months, leap years and changes of the clock."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nostr_usage.errors import AmountError, TimeError, UnknownNameError
from nostr_usage.ledger.cycle import (
    AnniversaryMonth,
    Annual,
    CalendarMonth,
    CycleRule,
    EveryDays,
    boundary,
    next_boundary,
    zone_named,
)

BERLIN = "Europe/Berlin"


def unix_in(text: str, zone: str = "UTC") -> int:
    """Unix seconds of a local time; of one that happens twice the first."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def shown(moment: int, zone: str = "UTC") -> str:
    """A local time, to the minute, with its offset."""
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %z")


def boundaries(rule: CycleRule, anchor: str, count: int) -> list[str]:
    """The first boundaries after `anchor`, as dates in the rule's zone."""
    start = unix_in(anchor, rule.zone)
    return [shown(boundary(rule, anchor=start, k=k), rule.zone)[:10] for k in range(1, count + 1)]


@pytest.mark.parametrize(
    ("rule", "anchor", "expected"),
    [
        (CalendarMonth(), "2026-01-15T10:00", ["2026-02-01", "2026-03-01", "2026-04-01"]),
        (CalendarMonth(), "2026-11-30T10:00", ["2026-12-01", "2027-01-01", "2027-02-01"]),
        (CalendarMonth(), "2026-02-01T00:00", ["2026-03-01", "2026-04-01", "2026-05-01"]),
        (AnniversaryMonth(), "2026-01-31T10:00", ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        (AnniversaryMonth(), "2028-01-30T10:00", ["2028-02-29", "2028-03-30"]),
        (AnniversaryMonth(), "2026-12-05T10:00", ["2027-01-05", "2027-02-05"]),
        (EveryDays(days=28), "2026-02-01T10:00", ["2026-03-01", "2026-03-29", "2026-04-26"]),
        (EveryDays(days=30), "2026-01-31T10:00", ["2026-03-02", "2026-04-01"]),
        (Annual(), "2028-02-29T10:00", ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]),
        (Annual(), "2026-07-04T10:00", ["2027-07-04", "2028-07-04"]),
    ],
)
def test_boundaries_are_counted_from_the_anchor(rule: CycleRule, anchor: str, expected: list[str]) -> None:
    """A short month or year does not move the boundaries after it."""
    assert expected == boundaries(rule, anchor, len(expected))


def test_twenty_eight_days_make_thirteen_cycles_a_year() -> None:
    """A 28-day plan that begins on 1 January has boundaries in the year on 13 days."""
    dates = boundaries(EveryDays(days=28), "2026-01-01T00:00", 14)

    assert ["2026-12-31", "2027-01-28"] == dates[12:]


@pytest.mark.parametrize("rule", [CalendarMonth(), AnniversaryMonth(), EveryDays(days=28), Annual()], ids=str)
def test_the_anchor_is_boundary_number_nought(rule: CycleRule) -> None:
    """It begins the first cycle, whatever the rule, and is the next boundary before it."""
    assert 1_770_000_001 == boundary(rule, anchor=1_770_000_001, k=0)
    assert 1_770_000_001 == next_boundary(rule, anchor=1_770_000_001, after=0)


def test_a_boundary_is_not_later_than_itself() -> None:
    """After a boundary comes the next one; a second before it, it is the next."""
    rule = CalendarMonth()
    march = unix_in("2026-03-01T00:00")

    assert march == next_boundary(rule, anchor=unix_in("2026-02-10T00:00"), after=march - 1)
    assert unix_in("2026-04-01T00:00") == next_boundary(rule, anchor=unix_in("2026-02-10T00:00"), after=march)


@pytest.mark.parametrize(
    ("rule", "anchor", "k", "expected"),
    [
        # Midnight in Berlin is 23:00 UTC in winter and 22:00 in summer.
        (CalendarMonth(zone=BERLIN), "2026-03-10T12:00", 1, "2026-04-01 00:00 +0200"),
        (CalendarMonth(zone=BERLIN), "2026-09-10T12:00", 2, "2026-11-01 00:00 +0100"),
        # The wall clock is kept over the change of the clock, so one day has 23 hours.
        (EveryDays(days=1, zone=BERLIN), "2026-03-28T12:00", 1, "2026-03-29 12:00 +0200"),
        # 02:30 on 29 March 2026 does not exist in Berlin: it is moved on by the hour that is skipped.
        (EveryDays(days=1, zone=BERLIN), "2026-03-28T02:30", 1, "2026-03-29 03:30 +0200"),
        (EveryDays(days=1, zone=BERLIN), "2026-03-28T02:30", 2, "2026-03-30 02:30 +0200"),
        (AnniversaryMonth(zone=BERLIN), "2026-01-29T02:30", 2, "2026-03-29 03:30 +0200"),
        # 02:30 on 25 October 2026 happens twice in Berlin: the first is meant.
        (EveryDays(days=1, zone=BERLIN), "2026-10-24T02:30", 1, "2026-10-25 02:30 +0200"),
        (AnniversaryMonth(zone=BERLIN), "2026-09-25T02:30", 1, "2026-10-25 02:30 +0200"),
        # In Beirut the clock skips midnight itself, so the day begins at 01:00.
        (EveryDays(days=1, zone="Asia/Beirut"), "2025-03-29T00:00", 1, "2025-03-30 01:00 +0300"),
        (Annual(zone=BERLIN), "2025-03-29T02:30", 1, "2026-03-29 03:30 +0200"),
    ],
)
def test_the_wall_clock_is_kept_over_changes_of_the_clock(
    rule: CycleRule, anchor: str, k: int, expected: str
) -> None:
    """A time that is skipped moves on, a time that comes twice is the first."""
    assert expected == shown(boundary(rule, anchor=unix_in(anchor, rule.zone), k=k), rule.zone)


def test_an_anchor_in_the_second_of_two_equal_hours_is_kept() -> None:
    """Signing up at the second 02:30 begins the cycle there; the next day's boundary is at 02:30."""
    rule = EveryDays(days=1, zone=BERLIN)
    second = unix_in("2026-10-25T02:30", BERLIN) + 3_600

    assert second == boundary(rule, anchor=second, k=0)
    assert "2026-10-26 02:30 +0100" == shown(boundary(rule, anchor=second, k=1), BERLIN)


@pytest.mark.parametrize(("rule", "k"), [(EveryDays(days=371, zone=BERLIN), 1), (Annual(zone=BERLIN), 11)])
def test_an_anchor_in_the_second_of_two_equal_hours_does_not_make_later_ones_second(
    rule: CycleRule, k: int
) -> None:
    """In 2027 and 2037 the clock goes back on a boundary again: the first 02:30 is meant."""
    second = unix_in("2026-10-25T02:30", BERLIN) + 3_600

    assert "02:30 +0200" == shown(boundary(rule, anchor=second, k=k), BERLIN)[11:]


def test_a_boundary_that_was_moved_on_over_midnight_is_found() -> None:
    """Pyongyang skipped 23:30 to midnight on 4 May 2018: 23:45 became 00:15 the day after."""
    rule = EveryDays(days=1, zone="Asia/Pyongyang")
    anchor = unix_in("2018-05-01T23:45", rule.zone)

    found = next_boundary(rule, anchor=anchor, after=unix_in("2018-05-05T00:10", rule.zone))

    assert "2018-05-05 00:15 +0900" == shown(found, rule.zone)


def test_a_day_that_a_zone_skipped_has_no_boundary_of_its_own() -> None:
    """Samoa had no 30 December 2011: two daily boundaries fall together, and count as one."""
    rule = EveryDays(days=1, zone="Pacific/Apia")
    anchor = unix_in("2011-12-28T12:00", rule.zone)
    found, moment = list[str](), anchor
    for _ in range(3):
        moment = next_boundary(rule, anchor=anchor, after=moment)
        found.append(shown(moment, rule.zone)[:10])

    assert ["2011-12-29", "2011-12-31", "2012-01-01"] == found


zones = st.sampled_from(["UTC", BERLIN, "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"])
rules = st.one_of(
    st.builds(CalendarMonth, zone=zones),
    st.builds(AnniversaryMonth, zone=zones),
    st.builds(Annual, zone=zones),
    st.builds(EveryDays, days=st.integers(1, 100), zone=zones),
)
DAY_S = 86_400
anchors = st.integers(unix_in("2005-01-01T00:00"), unix_in("2030-01-01T00:00"))


@given(rules, anchors, st.integers(-40 * DAY_S, 400 * DAY_S))
def test_the_next_boundary_is_the_first_one_later(rule: CycleRule, anchor: int, elapsed: int) -> None:
    """Counting from the anchor one by one finds the same boundary."""
    after = anchor + elapsed
    k = 0
    while boundary(rule, anchor=anchor, k=k) <= after:
        k += 1

    assert boundary(rule, anchor=anchor, k=k) == next_boundary(rule, anchor=anchor, after=after)


@given(rules, anchors)
def test_boundaries_never_go_back(rule: CycleRule, anchor: int) -> None:
    """Each is later than the one before, or the same where a whole day was skipped."""
    found = [boundary(rule, anchor=anchor, k=k) for k in range(30)]

    assert all(earlier <= later for earlier, later in pairwise(found))


@pytest.mark.parametrize(
    "name", ["Europe/Atlantis", "", "../etc/passwd", "/etc/localtime", "America", "U\x00C"]
)
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    """At once, by the rule, not at the first boundary."""
    with pytest.raises(UnknownNameError, match="unknown time zone"):
        CalendarMonth(zone=name)


@pytest.mark.parametrize("rule", [AnniversaryMonth, Annual, CalendarMonth])
def test_every_rule_checks_its_zone(rule: type[AnniversaryMonth | Annual | CalendarMonth]) -> None:
    """No rule exists with a zone that is none; the control is UTC."""
    assert "UTC" == rule().zone
    with pytest.raises(UnknownNameError):
        rule(zone="Europe/Atlantis")


@pytest.mark.parametrize("days", [0, -1, 3_661])
def test_a_cycle_of_days_has_some_and_not_too_many(days: int) -> None:
    """None and more than ten years are refused."""
    with pytest.raises(AmountError, match="is not one of 1 to 3,660 days"):
        EveryDays(days=days)
    with pytest.raises(UnknownNameError):
        EveryDays(days=28, zone="Europe/Atlantis")


@pytest.mark.parametrize("rule", [CalendarMonth(), EveryDays(days=28), AnniversaryMonth(), Annual()])
def test_times_that_no_calendar_has_are_refused(rule: CycleRule) -> None:
    """Milliseconds passed as seconds are an error that says so, not an endless loop."""
    with pytest.raises(TimeError, match="no boundary can be computed from 1770000000000000"):
        next_boundary(rule, anchor=0, after=1_770_000_000_000_000)
    with pytest.raises(TimeError) as caught:
        boundary(rule, anchor=1_770_000_000, k=10**7)
    assert "milliseconds" in caught.value.advice


def test_a_zone_is_found_by_its_name() -> None:
    """The control of the refusals."""
    assert BERLIN == zone_named(BERLIN).key
