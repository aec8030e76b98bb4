"""The usage screen, on a real store: periods, parts, pictures, and the way to the entries behind a figure."""

from __future__ import annotations

from datetime import date, timedelta, timezone

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.reporting.periods import LENGTHS, Length
from nostr_usage.reporting.usage import UsageView
from tests.tui.made_snapshots import dashboard, screen_text, settled
from tui.contracts import Options
from tui.dashboard import DashboardApp
from tui.demo import NOW
from tui.look import Look, Money
from tui.panes.usage import PICTURES
from tui.proof_screen import ProofDialog
from tui.snapshot import Feed, FeedState
from tui.source import LedgerSource
from tui.usage_lines import balance_lines, change, days_lines, fact_lines, use_lines, value_lines
from tui.usage_rows import By, part_rows

SIZE = (110, 34)


def app_on(source: LedgerSource, look: Look | None = None) -> DashboardApp:
    """The dashboard on alice's entries."""
    return DashboardApp(
        source,
        account=source.chosen_account("alice"),
        clock=ManualClock(NOW),
        feed=FeedState(feed=Feed.LIVE),
        options=Options(look=look or Look()),
    )


def view_of(source: LedgerSource, length: Length, day: date | None = None) -> UsageView:
    """The use of a period of alice's."""
    account = source.chosen_account("alice")
    assert account is not None
    view = source.usage(account, length, day)
    assert view is not None
    return view


async def screens(source: LedgerSource, *keys: str, size: tuple[int, int] = SIZE) -> list[str]:
    """The usage screen after each key."""
    app, texts = app_on(source), list[str]()
    async with app.run_test(size=size) as pilot:
        for key in ("2", *keys):
            await pilot.press(key)
            await settled(app, pilot)
            texts.append(screen_text(app))
    return texts


async def test_usage_compares_periods_and_turns_pages(source: LedgerSource) -> None:
    """Back to the first entry, forward to the current period."""
    february, january, *_, again = await screens(
        source, "left_square_bracket", "right_square_bracket", "right_square_bracket"
    )
    assert "February 2026 · by activity · 5,768 tokens, $8.65" in february
    assert "6,512 by 14 Jan" in february
    assert "−11 %" in february
    assert "January 2026 ·" in january
    assert "in all of Dec" in january
    assert "February 2026 ·" in again


async def test_periods_grow_and_shrink_from_a_day_to_everything(source: LedgerSource) -> None:
    """Minus and equals; t is today, whatever page is open."""
    texts = await screens(
        source, "minus", "minus", "minus", "equals_sign", "equals_sign", "equals_sign", "equals_sign", "t"
    )
    titles = [text.splitlines()[2] for text in texts]
    names = (
        "February 2026",
        "Week of 9 Feb 2026",
        "Sat 14 Feb 2026",
        "Sat 14 Feb 2026",
        "Week of 9 Feb 2026",
        "February 2026",
        "╭─ 2026 ·",
        "All since 1 Dec 2025",
        "All since 1 Dec 2025",
    )
    for name, title in zip(names, titles, strict=True):
        assert name in title
    back = await screens(source, "left", "left", "left", "minus", "t")
    assert "December 2025" in back[3]
    assert "Week of 29 Dec 2025" in back[4]
    assert "Week of 9 Feb 2026" in back[5]


async def test_parts_are_shown_in_turn(source: LedgerSource) -> None:
    """By activity, model, member, and by what models reported; what is not known is said."""
    texts = await screens(source, "b", "b", "b", "b")
    activity, model, member, kind, again = texts
    assert "Experiment Creation" in activity
    assert "gpt-5" in model
    assert "not reported" in model
    assert "sam" in member
    assert "nobody named" in member
    assert "cache read" in kind
    assert "Total of tokens" in kind
    assert activity == again


async def test_pictures_are_shown_in_turn_and_all_at_once_where_there_is_room(source: LedgerSource) -> None:
    """Use, balance, days, value, dearest actions."""
    titles = ("Use by day", "Balance · forecast dotted", "Days", "Value you get", "Dearest actions")
    texts = await screens(source, *"v" * len(PICTURES))
    for number, text in enumerate(texts):
        shown = [title for title in titles if f"─ {title} ─" in text]
        assert [titles[number % len(titles)]] == shown
    (large,) = await screens(source, size=(120, 40))
    assert all(f"─ {title} ─" in large for title in titles)


async def test_the_saving_is_celebrated(source: LedgerSource) -> None:
    """What the tokens cost in packs, against what was shown for them."""
    *_, text = await screens(source, "v", "v", "v")
    assert "★ $1.29 saved, 12 %: in packs these tokens cost $9.94." in text
    assert "$10 buys" in text


async def test_a_figure_leads_to_its_entries_and_an_action_to_its_proof(source: LedgerSource) -> None:
    """Every number is one key from what proves it."""
    app = app_on(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settled(app, pilot)
        await pilot.press("down", "enter")
        await settled(app, pilot)
        found = screen_text(app)
        await pilot.press("2", "v", "v", "v", "v", "enter")
        await settled(app, pilot)
        assert isinstance(app.screen, ProofDialog)
    assert "[type:magic-mentor] [month:2026-02]" in found
    assert "7 of 75: −1,648 tokens" in found


async def test_a_member_leads_to_what_was_done_for_them(source: LedgerSource) -> None:
    """In the days that are shown."""
    app = app_on(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settled(app, pilot)
        await pilot.press("minus", "b", "b")
        await settled(app, pilot)
        await pilot.press("home", "enter")
        await settled(app, pilot)
        text = screen_text(app)
    assert '[actor:"' in text
    assert "[after:2026-02-09] [before:2026-02-16]" in text


@pytest.mark.parametrize("length", LENGTHS)
def test_rows_add_to_their_total(source: LedgerSource, length: Length) -> None:
    """Tokens, cents and shares, in every part."""
    view = view_of(source, length)
    for by in By:
        *rows, total = part_rows(view, by, {})
        assert total.is_total
        assert total.tokens == sum(row.tokens for row in rows)
        assert 100 == total.share == sum(row.share or 0 for row in rows)
        if by is not By.KIND:
            assert (view.total.tokens, view.total.cents) == (total.tokens, total.cents)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("money", list(Money))
def test_every_panel_can_be_drawn_in_ascii_and_in_any_size(
    source: LedgerSource, length: Length, money: Money
) -> None:
    """No line is too long, none has a character that ASCII lacks."""
    view, look = view_of(source, length), Look(is_ascii=True, money=money)
    for width, height in ((8, 2), (26, 7), (44, 9), (116, 20)):
        size = (width, height)
        drawn = (
            *use_lines(view, look, size),
            *balance_lines(view, look, size),
            *days_lines(view, look, size),
            *value_lines(view.value, {}, look, width, height),
        )
        assert all(line.plain.isascii() for line in (*drawn, *fact_lines(view, look)))
        if width > 20:
            assert all(line.cell_length <= width for line in drawn)


def test_changes_are_said_in_words_where_there_is_nothing_to_divide_by() -> None:
    """Unknown is never zero percent."""
    look = Look()
    assert "from nothing" == change(5, 0, look)
    assert "the same" == change(0, 0, look)
    assert "the same" == change(5, 5, look)
    assert "+50 %" == change(150, 100, look)
    assert "−50 %" == change(50, 100, look)


@pytest.mark.parametrize("size", [(60, 16), (60, 24), (80, 24), (100, 30), (120, 38), (200, 60)])
@pytest.mark.parametrize("is_ascii", [False, True])
async def test_every_size_shows_the_table_and_a_picture(
    source: LedgerSource, size: tuple[int, int], *, is_ascii: bool
) -> None:
    """Figures are dropped, never cut; boxes end where the screen does."""
    app = app_on(source, Look(is_ascii=is_ascii))
    async with app.run_test(size=size) as pilot:
        await pilot.press("2")
        await settled(app, pilot)
        for key in "vvvvv":
            lines = screen_text(app).splitlines()
            assert all(len(line) <= size[0] for line in lines)
            assert "2,659" in "\n".join(lines)
            assert lines[-2][0] in "╰+"
            assert not is_ascii or "\n".join(lines).isascii()
            await pilot.press(key)
            await settled(app, pilot)


async def test_days_are_those_of_utc_and_say_so_in_another_zone(source: LedgerSource) -> None:
    """Sums by day are the ledger's own."""
    app = app_on(source, Look(zone=timezone(timedelta(hours=5))))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settled(app, pilot)
        assert "February 2026 (UTC) ·" in screen_text(app)


async def test_while_a_long_history_is_added_up_the_screen_says_so() -> None:
    """Neither empty without a word, nor a zero that is not known."""
    app = dashboard()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("2")
        await settled(app, pilot)
        assert "Adding up every entry, once…" in screen_text(app)
