"""Usage by month and day, and the relays, on a real store."""

from __future__ import annotations

from nostr_usage.clock import ManualClock
from tests.tui.made_snapshots import screen_text, settled
from tui.dashboard import DashboardApp
from tui.demo import NOW
from tui.look import Look
from tui.panes.usage import change, day_lines
from tui.snapshot import Feed, FeedState, RelayLine
from tui.source import LedgerSource

SIZE = (110, 34)


def app_on(source: LedgerSource) -> DashboardApp:
    """The dashboard on alice's entries."""
    return DashboardApp(
        source,
        account=source.chosen_account("alice"),
        clock=ManualClock(NOW),
        feed=FeedState(feed=Feed.LIVE),
    )


async def test_usage_compares_months_and_turns_pages(source: LedgerSource) -> None:
    """Back as far as one likes, forward to this month."""
    app = app_on(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settled(app, pilot)
        february = screen_text(app)
        await pilot.press("left_square_bracket")
        await settled(app, pilot)
        january = screen_text(app)
        await pilot.press("right_square_bracket", "right_square_bracket")
        await settled(app, pilot)
        again = screen_text(app)
    assert "February 2026 · 5,768 tokens, $8.65" in february
    assert "by the same day of January" in february
    assert "about 10 days at that rate" in february
    assert "January 2026 ·" in january
    assert "Dec" in january
    assert "February 2026 · 5,768 tokens" in again


def test_days_of_the_chart_are_those_of_the_month(source: LedgerSource) -> None:
    """As wide as the panel allows; days to come stay empty."""
    account = source.chosen_account("alice")
    assert account is not None
    trend = source.trend(account, "2026-02")
    assert trend is not None
    assert trend.month.tokens == sum(day or 0 for day in trend.days)
    for width, height in ((40, 5), (120, 12), (10, 1)):
        lines = day_lines(trend, Look(is_ascii=True), width, height)
        assert height + 1 >= len(lines)
        assert all(line.plain.isascii() for line in lines)


def test_changes_are_said_in_words_where_there_is_nothing_to_divide_by() -> None:
    """Unknown is never zero percent."""
    look = Look()
    assert "nothing to compare with" == change(5, 0, look)
    assert "the same" == change(5, 5, look)
    assert "+50 %" == change(150, 100, look)
    assert "−50 %" == change(50, 100, look)


async def test_an_operator_sees_what_each_relay_has(source: LedgerSource) -> None:
    """One relay still waits for the newest entry."""
    app = app_on(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("4")
        text = screen_text(app)
    assert "wss://relay-two.example/" in text
    assert "Waiting" in text


async def test_a_follower_sees_how_each_relay_answered(source: LedgerSource) -> None:
    """State, counts, conduct, and why one did not answer."""
    app = app_on(source)
    lines = (
        RelayLine(
            url="wss://one.example/",
            is_up=True,
            condition="answered",
            reason="",
            received=1_204,
            unique=1_200,
            is_clean=True,
        ),
        RelayLine(
            url="wss://two.example/",
            is_up=False,
            condition="refused",
            reason="restricted: members only",
            received=3,
            unique=0,
            is_clean=False,
        ),
    )
    async with app.run_test(size=(120, 30)) as pilot:
        app.told(FeedState(feed=Feed.LIVE, relays=lines))
        await pilot.press("4")
        await settled(app, pilot)
        text = screen_text(app)
    for shown in ("relays 1/2", "● answered", "1,204", "✗ refused", "▲ odd", "restricted: members only"):
        assert shown in text
