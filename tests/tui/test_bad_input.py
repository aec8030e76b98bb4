"""What is missing, wrong or contradicted: a sentence that says so, on a screen that stays up."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.founding import create_follower_home
from nostr_usage.home import Home, Role, Settings, settings_to_toml
from nostr_usage.ledger.entry import EntryId
from nostr_usage.ledger.problems import Problem, ProblemCode
from nostr_usage.ledger.state import Lifetime
from nostr_usage.store import StreamStatus
from nostr_usage.wiring import open_reader, relay_set_at
from tests.tui.made_snapshots import (
    ALICE,
    MadeSource,
    balance_of,
    dashboard,
    screen_text,
    settled,
    snapshot,
)
from tui.app import execute
from tui.dashboard import DashboardApp
from tui.demo import NOW
from tui.snapshot import Feed, FeedState
from tui.source import LedgerSource

KEYS = ("2", "b", "v", "minus", "left", "enter", "3", "n", "e", "b", "slash", "escape", "4", "1", "l", "w")
MORE_KEYS = ("m", "b", "a", "y", "d", "z", "dollar_sign", "space", "r")


@pytest.fixture
def empty_home(demo_path: Path, tmp_path: Path) -> Home:
    """A follower's home that has fetched nothing, whose relay does not answer."""
    theirs = Home(demo_path).settings()
    home = Home(tmp_path / "follower")
    settings = Settings(
        role=Role.FOLLOWER,
        root_pubkey=theirs.root_pubkey,
        ledger_pubkey=theirs.ledger_pubkey,
        ledger_id=theirs.ledger_id,
        kinds=theirs.kinds,
    )
    create_follower_home(home, settings, relays=relay_set_at(("ws://127.0.0.1:1/",)))
    return home


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_an_empty_home_says_what_it_waits_for_and_no_key_breaks_it(
    empty_home: Home, size: tuple[int, int]
) -> None:
    """Neither on any screen, nor before the relays have answered or failed."""
    with open_reader(empty_home) as opened:
        source = LedgerSource(opened, clock=ManualClock(NOW))
        app = DashboardApp(source, account=None, clock=source.clock, feed=FeedState(feed=Feed.CONNECTING))
        async with app.run_test(size=size, notifications=True) as pilot:
            await settled(app, pilot)
            waiting = screen_text(app)
            app.told(FeedState(feed=Feed.OFFLINE, reason="no relay could be read"))
            await settled(app, pilot)
            offline = screen_text(app)
            for key in (*KEYS, *MORE_KEYS):
                await pilot.press(key)
                await settled(app, pilot)
            said = screen_text(app)
            await pilot.press("2")
            await settled(app, pilot)
            usage = screen_text(app)
        source.close()
    assert "Nothing is held here yet." in waiting
    assert "as soon as a relay" in waiting
    assert "Offline: no relay could be read." in offline
    assert "Press 4 to see the relays" in offline
    assert "Nothing is held yet; see the relays." in said
    assert "Nothing is held of this account yet." in usage


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--home", "{missing}"), "there is no home"),
        (("--home", "{demo}", "--once", "nobody"), "unknown account 'nobody'"),
        (("--home", "{demo}", "--once", "npub1xxxx"), "not a valid"),
        (("--home", "{empty}", "--once"), "this home holds no entries yet"),
    ],
)
def test_what_is_not_there_is_named_with_the_way_to_it(
    demo_path: Path,
    empty_home: Home,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    """No store, a wrong name, a wrong npub, nothing fetched yet."""
    paths = {"{missing}": tmp_path / "missing", "{demo}": demo_path, "{empty}": empty_home.path}
    code = execute([str(paths.get(argument, argument)) for argument in arguments])
    error = capsys.readouterr().err
    assert 0 != code
    assert said in error
    assert 2 <= len(error.splitlines())


async def test_a_conflict_shows_its_evidence_and_no_figure_as_final() -> None:
    """On the first screen and behind the figure; text in it is only text."""
    problem = Problem(
        code=ProblemCode.FORK,
        message="seq 9: two signed entries claim one place\x1b[31m [@click=app.quit]x[/]",
        seq=9,
        entry_id=EntryId("ee" * 32),
    )
    view = balance_of(state=StreamStatus.CONFLICT.value, problems=(problem,) * 25)
    app = dashboard(MadeSource((ALICE, snapshot(view, lifetime=Lifetime(granted=5_847)))))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(app, pilot)
        shown = screen_text(app)
        await pilot.press("w")
        await settled(app, pilot)
        evidence = screen_text(app)
        await pilot.click(offset=(60, 20))
        assert app.is_running
    assert "✗ CONFLICT" in shown
    assert "this figure is not final. w shows the evidence." in shown
    assert "✓ verified" not in shown
    assert "What speaks against it: 25" in evidence
    assert "two signed entries claim one place" in evidence
    assert "\x1b" not in evidence


async def test_without_a_key_texts_are_locked_and_entries_count(demo_home: Home) -> None:
    """Of whoever only reads; the proof says what would open them."""
    with closing(sqlite3.connect(demo_home.store_path)) as connection:
        connection.execute("DELETE FROM details")
        connection.commit()
    demo_home.secrets_path.unlink()
    theirs = demo_home.settings()._replace(role=Role.FOLLOWER)
    (demo_home.path / "settings.toml").write_text(settings_to_toml(theirs), encoding="utf-8")
    with open_reader(demo_home) as opened:
        source = LedgerSource(opened, clock=ManualClock(NOW))
        app = DashboardApp(
            source,
            account=source.chosen_account("alice"),
            clock=source.clock,
            feed=FeedState(feed=Feed.LIVE),
        )
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(app, pilot)
            shown = screen_text(app)
            await pilot.press("3")
            await settled(app, pilot)
            await pilot.press("enter")
            await settled(app, pilot)
            proof = screen_text(app)
        source.close()
    assert "4,121 tokens" in shown
    assert "Magic Mentor         locked" in shown
    assert "VALID" in proof
    assert "only its account's key opens it" in proof


@pytest.mark.parametrize("size", [(10, 3), (40, 12), (59, 24), (80, 15)])
async def test_a_terminal_that_is_too_small_has_one_figure_and_says_so(size: tuple[int, int]) -> None:
    """And keys still quit."""
    app = dashboard()
    async with app.run_test(size=size) as pilot:
        await settled(app, pilot)
        text = screen_text(app)
        await pilot.press("2", "3", "4", "l", "escape", "q")
    assert "5,847" in text
    assert size[0] < 42 or "Enlarge the terminal to 60 x 16" in text
