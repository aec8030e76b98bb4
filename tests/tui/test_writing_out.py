"""Files from the dashboard: the month as a report, from two screens, and what was written in the pager."""

from __future__ import annotations

import csv
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nostr_usage.clock import ManualClock
from tests.tui.made_snapshots import screen_text, settled
from tui.contracts import Options
from tui.dashboard import DashboardApp
from tui.demo import NOW
from tui.snapshot import Feed, FeedState
from tui.source import LedgerSource

SIZE = (110, 34)


def app_on(source: LedgerSource, directory: Path) -> DashboardApp:
    """The dashboard on alice's entries, which writes into `directory`."""
    return DashboardApp(
        source,
        account=source.chosen_account("alice"),
        clock=ManualClock(NOW),
        feed=FeedState(feed=Feed.LIVE),
        options=Options(directory=directory),
    )


def written(directory: Path) -> list[str]:
    """The names of the files there."""
    return sorted(path.name for path in directory.iterdir() if path.is_file())


async def test_the_history_s_month_becomes_a_report(source: LedgerSource, tmp_path: Path) -> None:
    """That of the entry under the cursor; a second one does not replace the first."""
    tmp_path = tmp_path / "out"
    tmp_path.mkdir()
    app = app_on(source, tmp_path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("3")
        await settled(app, pilot)
        await pilot.press("end")
        for number in range(2):
            await pilot.press("e", *["down"] * 5, "enter")
            await settled(app, pilot)
            assert number + 1 == len(written(tmp_path))
        text = screen_text(app)
    assert ["usage-alice-2025-12-2.csv", "usage-alice-2025-12.csv"] == written(tmp_path)
    lines = (tmp_path / "usage-alice-2025-12.csv").read_text(encoding="utf-8").splitlines()
    assert 31 == len(list(csv.DictReader(lines)))
    assert "Written to" in text


async def test_usage_writes_the_period_s_month(source: LedgerSource, tmp_path: Path) -> None:
    """As a page for a browser, whose total is that of the screen."""
    tmp_path = tmp_path / "out"
    tmp_path.mkdir()
    app = app_on(source, tmp_path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("2")
        await settled(app, pilot)
        await pilot.press("e", "down", "enter")
        await settled(app, pilot)
    assert ["usage-alice-2026-02.html"] == written(tmp_path)
    assert "5,768" in (tmp_path / "usage-alice-2026-02.html").read_text(encoding="utf-8")


async def test_hidden_descriptions_stay_out_of_the_report(source: LedgerSource, tmp_path: Path) -> None:
    """What is hidden on screen is not printed."""
    app = app_on(source, tmp_path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("2", "d")
        await settled(app, pilot)
        await pilot.press("e", "down", "enter")
        await settled(app, pilot)
    path = tmp_path / "usage-alice-2026-02.html"
    assert "boundaries" not in path.read_text(encoding="utf-8")


async def test_o_opens_what_was_written(
    source: LedgerSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing before the first export; a PDF is not for a pager; text is."""

    @contextmanager
    def lend() -> Generator[None]:
        yield

    monkeypatch.setenv("PAGER", f"sh -c 'cat > \"{tmp_path / 'shown'}\"'")
    app = app_on(source, tmp_path)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        monkeypatch.setattr(app, "suspend", lend)
        await pilot.press("3")
        await settled(app, pilot)
        await pilot.press("o")
        await pilot.pause()
        assert "Nothing was written yet" in screen_text(app)
        await pilot.press("e", *["down"] * 3, "enter")
        await settled(app, pilot)
        await pilot.press("o")
        await pilot.pause()
        assert "is not text" in screen_text(app)
        await pilot.press("e", "enter")
        await settled(app, pilot)
        await pilot.press("o")
        await pilot.pause()
    assert "entry_id,seq" in (tmp_path / "shown").read_text(encoding="utf-8")
