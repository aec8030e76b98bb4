"""Snapshots from a real store: they agree with the library's own views, and news are noticed."""

from __future__ import annotations

from nostr_usage.clock import ManualClock
from nostr_usage.home import Home
from nostr_usage.report import balance_view, stream_of
from nostr_usage.wiring import open_operator
from nostr_usage.writing.request import Action
from tui.demo import NOW
from tui.look import Look
from tui.snapshot import Feed, FeedState, Proved
from tui.source import LedgerSource
from tui.text_report import report_lines


def test_snapshot_shows_the_library_s_figures(source: LedgerSource) -> None:
    """The dashboard computes no balance of its own."""
    account = source.chosen_account("alice")
    assert account is not None
    with source.opened.store.read() as reader:
        expected = balance_view(
            reader, stream_of(reader, account), now=NOW, token_value=source.catalogue.token_value
        )
    taken = source.snapshot(account)
    assert expected == taken.balance
    assert taken.month is not None
    assert taken.month.tokens == sum(row.tokens for row in taken.month.rows)
    assert sum(row.share for row in taken.month.rows) == 100
    assert taken.recent[0].balance == expected.tokens
    assert taken.proved is Proved.VERIFIED


def test_text_report_says_what_the_snapshot_says(source: LedgerSource) -> None:
    """The figures of the screen stand in the lines."""
    account = source.chosen_account("alice")
    assert account is not None
    taken = source.snapshot(account)
    assert taken.balance is not None
    text = "\n".join(report_lines(taken, FeedState(feed=Feed.OFFLINE), Look()))
    assert f"{taken.balance.tokens:,} tokens" in text
    assert f"as of entry {taken.balance.as_of_seq}" in text


def test_entries_of_others_are_noticed_once(demo_home: Home, source: LedgerSource) -> None:
    """Somebody else records; the next look says so, the one after does not."""
    assert source.has_changed()
    assert not source.has_changed()
    account = source.chosen_account("alice")
    assert account is not None
    before = source.snapshot(account)
    with open_operator(demo_home, clock=ManualClock(NOW + 60)) as opened:
        opened.recorder.record(
            Action(account=account, activity="profile-matching", key="another", description="")
        )
    assert source.has_changed()
    after = source.snapshot(account)
    assert before.balance is not None
    assert after.balance is not None
    assert before.balance.tokens - 300 == after.balance.tokens
    assert not source.has_changed()


def test_accounts_are_listed_with_their_balances(source: LedgerSource) -> None:
    """Two of them; none is chosen without a name."""
    assert ["alice", "bob"] == [choice.label for choice in source.accounts()]
    assert source.chosen_account(None) is None
