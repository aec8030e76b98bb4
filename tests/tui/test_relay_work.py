"""What is done from the relays screen, on real stores and relays: asked, given what they lack, audited."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from nostr_usage.clock import ManualClock
from nostr_usage.embedded import EmbeddedRelay
from nostr_usage.founding import create_follower_home
from nostr_usage.home import Home, Role, Settings
from nostr_usage.ledger.entry import AccountId
from nostr_usage.store import Store
from nostr_usage.sync import sync_ledger
from nostr_usage.wiring import connection_policy, open_reader, relay_set_at
from tests.operators import operator_in
from tests.publishing import publish
from tests.tui.made_snapshots import screen_text, settled
from tui.audit_screen import AuditDialog
from tui.contracts import Options
from tui.dashboard import DashboardApp
from tui.demo import NOW
from tui.look import Look
from tui.relay_work import RelayWork
from tui.snapshot import Feed, FeedState
from tui.source import LedgerSource

SIZE = (120, 34)


def app_on(source: LedgerSource, account: AccountId | None, *, look: Look | None = None) -> DashboardApp:
    """The dashboard with relays to ask."""
    return DashboardApp(
        source,
        account=account,
        clock=ManualClock(NOW),
        feed=FeedState(feed=Feed.LIVE),
        options=Options(look=look or Look()),
        relay_work=RelayWork(source.opened, clock=source.clock),
    )


async def test_coverage_shows_the_month_in_which_one_lacks_an_entry(source: LedgerSource) -> None:
    """The operator's second relay does not serve the newest entry yet."""
    app = app_on(source, source.chosen_account("alice"))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("4")
        await settled(app, pilot)
        text = screen_text(app)
    (february,) = (line for line in text.splitlines() if "2026-02" in line)
    assert "✓ all" in february
    assert "▲ 1 missing" in february
    assert "unknown" in text


async def test_an_operator_queues_again_only_after_yes(source: LedgerSource) -> None:
    """The first choice is to go back; what is refused for good is queued by the second."""
    account = source.chosen_account("alice")
    refuse_newest(source.opened.store)
    app = app_on(source, account)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("4")
        await settled(app, pilot)
        await pilot.press("down", "p")
        await pilot.pause()
        assert "Queue again?" in screen_text(app)
        await pilot.press("enter")
        await settled(app, pilot)
        assert "Queued again" not in screen_text(app)
        await pilot.press("p", "down", "enter")
        await settled(app, pilot)
        assert "1 refused" in screen_text(app)


def refuse_newest(store: Store) -> None:
    """The second relay will not have the newest event."""
    with store.read() as reader:
        second = reader.relays()[1].relay_no
        newest = [event.event_no for event in reader.events()][-1:]
    store.write(lambda transaction: transaction.mark_refused(second, newest, reason="no", now=NOW))


async def test_a_relay_that_lacks_nothing_is_not_given_anything(source: LedgerSource) -> None:
    """A sentence, and no question."""
    app = app_on(source, source.chosen_account("alice"))
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await pilot.press("4")
        await settled(app, pilot)
        await pilot.press("p")
        await pilot.pause()
        assert "Nothing is known to be missing" in screen_text(app)


@pytest.mark.parametrize("is_ascii", [False, True])
async def test_an_audit_ends_with_a_verdict(source: LedgerSource, *, is_ascii: bool) -> None:
    """Everything was checked, and is right; escape leads back."""
    app = app_on(source, source.chosen_account("alice"), look=Look(is_ascii=is_ascii))
    async with app.run_test(size=SIZE) as pilot:
        await settled(app, pilot)
        await pilot.press("V")
        await settled(app, pilot)
        await settled(app, pilot)
        text = screen_text(app)
        await pilot.press("escape")
        assert not isinstance(app.screen, AuditDialog)
    assert "All of it is right" in text
    assert "86 in 2 streams" in text
    assert text.isascii() or not is_ascii


async def test_an_audit_names_what_is_wrong(source: LedgerSource) -> None:
    """An event that was changed on disk is a finding, in red and in words."""
    account = source.chosen_account("alice")
    assert account is not None
    damage(source.opened.home.store_path)
    app = app_on(source, account)
    async with app.run_test(size=SIZE) as pilot:
        await settled(app, pilot)
        await pilot.press("V")
        await settled(app, pilot)
        await settled(app, pilot)
        text = screen_text(app)
    assert "findings" in text
    assert "✗" in text


def damage(path: Path) -> None:
    """Somebody edits the balance that the store keeps of a stream."""
    import sqlite3

    connection = sqlite3.connect(path)
    connection.execute("UPDATE month_totals SET tokens = tokens + 1 WHERE operation = 'debit'")
    connection.commit()
    connection.close()


@pytest.fixture
async def relays(tmp_path: Path) -> AsyncIterator[tuple[EmbeddedRelay, EmbeddedRelay]]:
    """Two relays."""
    async with (
        EmbeddedRelay(tmp_path / "one.sqlite", port=0) as one,
        EmbeddedRelay(tmp_path / "two.sqlite", port=0) as two,
    ):
        yield one, two


async def test_a_follower_hands_on_what_a_relay_lacks(
    tmp_path: Path, relays: tuple[EmbeddedRelay, EmbeddedRelay]
) -> None:
    """From the question through the relay to the matrix; and both relays answer when they are asked."""
    one, two = relays
    (tmp_path / "operator").mkdir()
    with ExitStack() as stack:
        operator = stack.enter_context(operator_in(tmp_path / "operator", relays=(one.url,)))
        account = operator.open_account()
        await publish(operator, one.url)
        home = Home(tmp_path / "follower")
        pubkey = operator.operator.signer.pubkey
        settings = Settings(
            role=Role.FOLLOWER, root_pubkey=pubkey, ledger_pubkey=pubkey, kinds=(30078,), account=account
        )
        create_follower_home(home, settings, relays=relay_set_at((one.url, two.url)))
        opened = stack.enter_context(open_reader(home))
        await sync_ledger(
            opened.store,
            relays=(one.url, two.url),
            ledger_pubkey=pubkey,
            kinds=(30078,),
            account=account,
            policy=connection_policy((one.url, two.url)),
            clock=operator.clock,
            random=Random(1),
        )
        source = LedgerSource(opened, clock=operator.clock)
        stack.callback(source.close)
        app = app_on(source, account)
        async with app.run_test(size=SIZE, notifications=True) as pilot:
            await pilot.press("4")
            await settled(app, pilot)
            assert "3 missing" in screen_text(app)
            await pilot.press("c")
            await settled(app, pilot)
            assert 2 == screen_text(app).count("● answered")
            assert 2 == screen_text(app).count(" ms")
            await pilot.press("down", "p", "down", "enter")
            await settled(app, pilot)
            await settled(app, pilot)
            text = screen_text(app)
    assert "Handed on 3 of 3" in text
    assert "missing" not in text.split("Who holds what")[1].replace("Missing", "")
