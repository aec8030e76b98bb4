"""What stands out."""

from __future__ import annotations

from datetime import date

from nostr_usage.insight.unusual import Burst, Spike, bursts, spikes
from nostr_usage.insight.use import Use, by_day
from tests.insight.uses import ZONE, daily


def test_a_day_of_three_times_the_usual_is_a_spike() -> None:
    """After a week; a little less is none."""
    quiet = [100] * 7
    assert (Spike(day=date(2026, 2, 8), tokens=300, usual=100),) == spikes(
        by_day(daily("02-01", *quiet, 300), ZONE), today=date(2026, 2, 9)
    )
    assert () == spikes(by_day(daily("02-01", *quiet, 299), ZONE), today=date(2026, 2, 9))


def test_the_first_week_is_usual() -> None:
    """Nothing to compare it with; nor is there anything without use."""
    assert () == spikes(by_day(daily("02-01", 1, 1, 1, 1, 1, 1, 900), ZONE), today=date(2026, 2, 7))
    assert () == spikes({}, today=date(2026, 2, 7))


def test_small_numbers_are_no_spike() -> None:
    """After a week without use, a chat is one; a mark keeps it out."""
    sums = by_day(daily("02-01", 5, 0, 0, 0, 0, 0, 0, 40), ZONE)
    assert (Spike(day=date(2026, 2, 8), tokens=40, usual=0),) == spikes(sums, today=date(2026, 2, 8))
    assert () == spikes(sums, today=date(2026, 2, 8), tokens_min=41)


def at(*seconds: int, actor: str | None = "ann", count: int = 1) -> list[Use]:
    """Chats at these seconds."""
    return [Use(at=second, activity="chat", tokens=1, actor=actor, count=count) for second in seconds]


def test_many_actions_in_a_short_time_are_a_burst() -> None:
    """Overlapping runs are one; those apart are two."""
    uses = at(0, 1, 2, 3, 100, 200, 201, 202)
    assert (
        Burst(actor="ann", start=0, end=3, actions=4),
        Burst(actor="ann", start=200, end=202, actions=3),
    ) == bursts(uses, actions=3, window_s=10)


def test_members_do_not_add_up_to_a_burst() -> None:
    """Nor do refunds count, nor actions at the very end of the window."""
    assert () == bursts([*at(0, 1), *at(2, actor="bob")], actions=3, window_s=10)
    assert () == bursts([*at(0, 1), *at(2, count=0)], actions=3, window_s=10)
    assert () == bursts(at(0, 1, 10), actions=3, window_s=10)
