"""Proofs in the pager of the user."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.errors import InputError
from tests.tui.made_snapshots import screen_text, settled
from tui.dashboard import DashboardApp
from tui.demo import NOW
from tui.paging import page
from tui.proof_screen import ProofDialog
from tui.snapshot import Feed, FeedState
from tui.source import LedgerSource


def pager_into(path: Path) -> str:
    """A pager that writes what it is shown to `path`."""
    return f"sh -c 'cat > \"{path}\"'"


def test_the_pager_gets_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through a pipe."""
    monkeypatch.setenv("PAGER", pager_into(tmp_path / "shown"))
    page("one\ntwo\n")
    assert "one\ntwo\n" == (tmp_path / "shown").read_text(encoding="utf-8")


@pytest.mark.parametrize("pager", ["no-such-program-here -x", "'open quote"])
def test_a_pager_that_is_not_there_is_named(pager: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do."""
    monkeypatch.setenv("PAGER", pager)
    with pytest.raises(InputError, match="there is no pager"):
        page("text")


async def test_o_lends_the_terminal_to_the_pager(
    source: LedgerSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it cannot be lent, or the pager is missing, a notice says so and the proof stays."""

    @contextmanager
    def lend() -> Generator[None]:
        yield

    account = source.chosen_account("alice")
    app = DashboardApp(source, account=account, clock=ManualClock(NOW), feed=FeedState(feed=Feed.LIVE))
    async with app.run_test(size=(110, 40), notifications=True) as pilot:
        await pilot.press("enter")
        await settled(app, pilot)
        await pilot.press("o")
        await pilot.pause()
        assert "cannot be lent" in screen_text(app)
        monkeypatch.setattr(app, "suspend", lend)
        monkeypatch.setenv("PAGER", "no-such-program-here")
        await pilot.press("o")
        await pilot.pause()
        assert "there is no pager" in screen_text(app)
        monkeypatch.setenv("PAGER", pager_into(tmp_path / "shown"))
        await pilot.press("o")
        await pilot.pause()
        assert isinstance(app.screen, ProofDialog)
    shown = (tmp_path / "shown").read_text(encoding="utf-8")
    assert "signature" in shown
    assert '"sig"' in shown
