"""The balance as of an earlier entry, on a real store."""

from __future__ import annotations

from dataclasses import replace

from nostr_usage.clock import ManualClock
from tests.tui.made_snapshots import screen_text, settled
from tui.dashboard import DashboardApp
from tui.demo import NOW
from tui.look import Look
from tui.past_screen import PastDialog, past_lines
from tui.snapshot import Feed, FeedState
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


def test_every_entry_states_the_balance_that_the_fold_gives(source: LedgerSource) -> None:
    """From the first to the last; lots less debt, and all sums, give the same."""
    account = source.chosen_account("alice")
    assert account is not None
    for seq in range(1, 76):
        past = source.past(account, seq)
        assert past is not None
        assert past.row.balance == past.tokens == sum(lot.remaining for lot in past.lots) - past.debt
        life = past.lifetime
        came = life.granted + life.purchased + life.refunded
        assert past.tokens == came - life.used - life.expired - life.reversed
        assert 0 == past.problems


def test_what_is_not_held_has_no_past(source: LedgerSource) -> None:
    """Beyond the last entry there is nothing to show."""
    account = source.chosen_account("alice")
    assert account is not None
    assert source.past(account, 76) is None


async def test_b_goes_back_and_brackets_step(source: LedgerSource) -> None:
    """From the newest entry to the first and not beyond; escape leads back."""
    app = app_on(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("b")
        await settled(app, pilot)
        assert isinstance(app.screen, PastDialog)
        newest = screen_text(app)
        await pilot.press("right_square_bracket", "left_square_bracket")
        await settled(app, pilot)
        before = screen_text(app)
        await pilot.press("left_curly_bracket")
        await settled(app, pilot)
        await pilot.press("left")
        await settled(app, pilot)
        first = screen_text(app)
        await pilot.press("escape")
        assert not isinstance(app.screen, PastDialog)
    assert "After entry #75 of 75" in newest
    assert "states the same balance" in newest
    assert "After entry #74 of 75" in before
    assert "After entry #1 of 75" in first


async def test_history_travels_to_the_entry_under_the_cursor(source: LedgerSource) -> None:
    """The cursor says how far back."""
    app = app_on(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await settled(app, pilot)
        await pilot.press("down", "down", "b")
        await settled(app, pilot)
        assert "After entry #73 of 75" in screen_text(app)


def test_an_entry_that_states_something_else_is_named(source: LedgerSource) -> None:
    """Neither the figure nor the doubt is hidden."""
    account = source.chosen_account("alice")
    assert account is not None
    past = source.past(account, 75)
    assert past is not None
    wrong = replace(past, tokens=past.tokens + 1, debt=5, problems=2)
    text = "\n".join(line.plain for line in past_lines(wrong, Look(), last_seq=75))
    assert f"states {past.row.balance:,}" in text
    assert "2 problems" in text
    assert "Debt" in text
