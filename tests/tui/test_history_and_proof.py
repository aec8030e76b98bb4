"""The whole history and the proof of an entry, on a real store."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from nostr_usage.cli.start import execute as execute_cli
from nostr_usage.clock import ManualClock
from nostr_usage.home import Home
from nostr_usage.nostr.event import event_from_json, verify_event
from nostr_usage.store import Order
from nostr_usage.wiring import open_operator
from nostr_usage.writing.request import Action
from tests.tui.made_snapshots import screen_text, settled
from tui.contracts import Options
from tui.dashboard import DashboardApp
from tui.demo import NOW
from tui.proof_screen import ProofDialog
from tui.snapshot import Feed, FeedState
from tui.source import LedgerSource

SIZE = (110, 34)


def app_on(source: LedgerSource, directory: Path | None = None) -> DashboardApp:
    """The dashboard on alice's entries."""
    return DashboardApp(
        source,
        account=source.chosen_account("alice"),
        clock=ManualClock(NOW),
        feed=FeedState(feed=Feed.LIVE),
        options=Options(directory=directory or Path()),
    )


async def test_history_shows_all_entries_with_the_month_s_subtotal(source: LedgerSource) -> None:
    """The last line is about the month under the cursor."""
    app = app_on(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await settled(app, pilot)
        newest = screen_text(app)
        await pilot.press("end")
        await settled(app, pilot)
        oldest = screen_text(app)
    assert "75 entries, which add up to 4,121" in newest
    assert "February 2026: 5,768 used ($8.65)" in newest
    assert "Account opened" in oldest
    assert "December 2025:" in oldest


async def test_filter_shows_chips_counts_and_sums(source: LedgerSource) -> None:
    """Escape drops the last word."""
    app = app_on(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await settled(app, pilot)
        await pilot.press("slash", *"type:quiz-generation tokens>400", "enter")
        await settled(app, pilot)
        found = screen_text(app)
        await pilot.press("escape")
        await settled(app, pilot)
        wider = screen_text(app)
    assert "[type:quiz-generation] [tokens>400]" in found
    assert "Magic Mentor" not in found
    assert "[tokens>400]" not in wider


async def test_a_filter_that_cannot_be_understood_is_named(source: LedgerSource) -> None:
    """The bar stays open, so that it can be mended."""
    app = app_on(source)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("3", "slash", *"colour:red", "enter")
        await settled(app, pilot)
        text = screen_text(app)
    assert "no 'colour'" in text
    assert "colour:red" in text


async def test_sorting_and_going_to_a_day(source: LedgerSource) -> None:
    """By cost the greatest comes first; a day is found in a list by time."""
    app = app_on(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await settled(app, pilot)
        await pilot.press("t", *"2026-01-15", "enter")
        row = app.history.table.row(app.history.table.cursor)
        await pilot.press("s", "s")
        await settled(app, pilot)
        largest = app.history.table.row(0)
    assert row is not None
    assert row.occurred_at < 1_768_521_600  # 16 January
    assert largest is not None
    assert largest.tokens == 14_500


async def test_enter_proves_an_entry(source: LedgerSource) -> None:
    """Every check, the text, the relays and the event."""
    app = app_on(source)
    async with app.run_test(size=(120, 70)) as pilot:
        await pilot.press("3")
        await settled(app, pilot)
        await pilot.press("down", "enter")
        await settled(app, pilot)
        assert isinstance(app.screen, ProofDialog)
        text = screen_text(app)
        await pilot.press("v")
        await settled(app, pilot)
        assert isinstance(app.screen, ProofDialog)
        await pilot.press("escape")
        assert not isinstance(app.screen, ProofDialog)
    for shown in (
        "VALID",
        "signature",
        "arithmetic",
        "with @sarah",
        "wss://relay-one.example/ confirmed",
        '"kind"',
    ):
        assert shown in text


async def test_why_adds_up(source: LedgerSource) -> None:
    """Lots and all entries give the same."""
    app = app_on(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("w")
        text = screen_text(app)
    assert "Both give the balance" in text


async def test_new_entries_join_the_history(source: LedgerSource, demo_home: Home) -> None:
    """The cursor stays on its entry."""
    app = app_on(source)
    account = source.chosen_account("alice")
    assert account is not None
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3")
        await settled(app, pilot)
        await pilot.press("down")
        read = app.history.table.row(1)
        with open_operator(demo_home, clock=ManualClock(NOW + 60)) as opened:
            opened.recorder.record(Action(account=account, activity="profile-matching", key="one more"))
        app.look_for_news()
        await settled(app, pilot)
        await settled(app, pilot)
        assert app.history.table.count == 76
        assert app.history.table.row(app.history.table.cursor) == read


async def test_export_is_what_is_found(source: LedgerSource, tmp_path: Path) -> None:
    """From the key to the file."""
    app = app_on(source, tmp_path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("3", "slash", *"op:grant", "enter")
        await settled(app, pilot)
        await pilot.press("e", "enter")
        await settled(app, pilot)
        text = screen_text(app)
    rows = rows_written(tmp_path, said=text)
    assert rows
    assert {"grant"} == {row["operation"] for row in rows}


def rows_written(directory: Path, *, said: str) -> list[dict[str, str]]:
    """The rows of the one CSV file there, whose name was `said`."""
    (path,) = directory.glob("*.csv")
    assert path.name[:20] in said
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_exported_csv_is_that_of_the_command_line(
    source: LedgerSource, demo_home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two views of one history cannot differ."""
    from tui.exporting import Format

    account = source.chosen_account("alice")
    assert account is not None
    entries = source.find(account, (), Order.NEWEST)
    assert entries is not None
    path = source.export(entries, Format.CSV, tmp_path)
    execute_cli(["--home", str(demo_home.path), "history", "alice", "--csv"])
    assert capsys.readouterr().out.splitlines() == path.read_text(encoding="utf-8").splitlines()


def test_exported_events_can_be_verified(source: LedgerSource, tmp_path: Path) -> None:
    """One signed event on each line, and JSON that a program reads."""
    from tui.exporting import Format

    account = source.chosen_account("alice")
    assert account is not None
    entries = source.find(account, (), Order.OLDEST)
    assert entries is not None
    lines = source.export(entries, Format.SIGNED, tmp_path).read_text(encoding="utf-8").splitlines()
    assert 75 == len(lines) == len([verify_event(event_from_json(line)) for line in lines])
    objects = json.loads(source.export(entries, Format.JSON, tmp_path).read_text(encoding="utf-8"))
    assert [json.loads(line)["id"] for line in lines] == [row["entry_id"] for row in objects]
