"""Snapshots made by hand, a source that gives them, and what is on screen as text."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from nostr_usage.clock import ManualClock
from nostr_usage.home import Role
from nostr_usage.ledger.entry import AccountId, EntryId, Operation, Source
from nostr_usage.nostr.nip19 import encode_npub
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.proof import EntryProof, PastView
from nostr_usage.reporting.filtering import Chip
from nostr_usage.reporting.outlook import activity_labels, outlook_view
from nostr_usage.reporting.periods import Length
from nostr_usage.reporting.usage import UsageView
from nostr_usage.store import Order, StreamStatus
from nostr_usage.views import ActivityRow, BalanceView, HistoryRow, LotView, MonthView
from tui.contracts import Options
from tui.dashboard import DashboardApp
from tui.exporting import Format
from tui.history_list import HistoryList
from tui.snapshot import AccountChoice, Feed, FeedState, Mark, Snapshot

NOW = 1_771_081_202  # 14 February 2026, 15:00:02 UTC
MARCH = 1_772_323_200
ALICE, BOB = AccountId("a1" * 32), AccountId("b2" * 32)


def balance_of(tokens: int = 5_847, **changes: object) -> BalanceView:
    """A balance of `tokens`, some of it allowance, after 4,153 were used."""
    allowance = max(0, min(tokens, 847))
    view = BalanceView(
        account=ALICE,
        label="alice",
        meter="tokens",
        tokens=tokens,
        allowance=allowance,
        allowance_granted=5_000,
        purchased=max(0, tokens - allowance),
        other=0,
        debt=max(0, -tokens),
        held=0,
        used_this_cycle=4_153,
        lifetime_used=9_000,
        percent=round(100 * max(tokens, 0) / (max(tokens, 0) + 4_153)),
        micro_dollars=tokens * 1_500,
        token_value=1_500_000,
        cycle_start=1_769_904_000,
        resets_at=MARCH,
        is_reset_due=False,
        lots=(LotView(source=Source.ALLOWANCE, remaining=847, granted=5_000, expires_at=MARCH),),
        state=StreamStatus.VERIFIED.value,
        as_of_seq=1_204,
        as_of_id=EntryId("cd" * 32),
        as_of=NOW - 900,
        problems=(),
    )
    return view._replace(**changes)


def month() -> MonthView:
    """February by activity, as the shares and cents add up."""
    rows = (
        ActivityRow(
            activity="experiment-creation",
            count=1,
            tokens=2_347,
            micro_dollars=3_520_500,
            cents=352,
            share=57,
        ),
        ActivityRow(
            activity="magic-mentor", count=5, tokens=1_234, micro_dollars=1_851_000, cents=185, share=30
        ),
        ActivityRow(
            activity="profile-matching", count=1, tokens=300, micro_dollars=450_000, cents=45, share=7
        ),
        ActivityRow(
            activity="quiz-generation", count=1, tokens=272, micro_dollars=408_000, cents=41, share=6
        ),
    )
    return MonthView(
        account=ALICE,
        meter="tokens",
        month="2026-02",
        rows=rows,
        tokens=4_153,
        micro_dollars=6_229_500,
        cents=623,
        granted=5_000,
        purchased=0,
        expired=0,
        reversed=0,
    )


def entry(seq: int, *, description: str | None = "How do I set boundaries?", **changes: object) -> HistoryRow:
    """Entry `seq`: a chat."""
    row = HistoryRow(
        entry_id=EntryId(f"{seq:064x}"),
        seq=seq,
        occurred_at=NOW - 60 * (1_205 - seq),
        operation=Operation.DEBIT,
        type="magic-mentor",
        tokens=-247,
        micro_dollars=370_500,
        balance=5_847,
        description=description,
    )
    return row._replace(**changes)


def snapshot(
    view: BalanceView | None = None, *, rows: tuple[HistoryRow, ...] = (), **changes: object
) -> Snapshot:
    """A snapshot of alice's stream, as a follower sees it."""
    shown = view or balance_of()
    catalogue = load_catalogue()
    made = Snapshot(
        mark=Mark(head_id=shown.as_of_id, state=shown.state, outbox=()),
        taken_at=NOW,
        role=Role.FOLLOWER,
        npub=encode_npub(ALICE),
        balance=shown,
        month=month(),
        recent=rows or tuple(entry(seq) for seq in range(1_204, 1_184, -1)),
        outlook=outlook_view(shown, catalogue),
        labels=activity_labels(catalogue),
    )
    return replace(made, **changes)  # pyright: ignore[reportArgumentType]  # any field, by name


class MadeSource:
    """Gives the snapshots that a test puts in."""

    def __init__(self, *snapshots: tuple[AccountId, Snapshot]) -> None:
        self.snapshots = dict(snapshots) if snapshots else {ALICE: snapshot()}
        self.is_new = False
        self.used: UsageView | None = None

    def accounts(self) -> tuple[AccountChoice, ...]:
        """One choice for each snapshot."""
        return tuple(
            AccountChoice(
                account=account,
                npub=encode_npub(account),
                label=taken.balance.label if taken.balance else "",
                tokens=taken.balance.tokens if taken.balance else 0,
            )
            for account, taken in self.snapshots.items()
        )

    def snapshot(self, account: AccountId) -> Snapshot:
        """The account's."""
        return self.snapshots[account]

    def glance(self, account: AccountId) -> Snapshot:
        """The same."""
        return self.snapshots[account]

    def has_changed(self) -> bool:
        """Once for each `put`."""
        is_new, self.is_new = self.is_new, False
        return is_new

    def find(self, account: AccountId, chips: tuple[Chip, ...], order: Order) -> HistoryList | None:
        """Nothing: lists need a store."""

    def month(self, account: AccountId, month: str) -> MonthView | None:
        """The month of the snapshot."""
        return self.snapshots[account].month

    def usage(self, account: AccountId, length: Length, day: date | None) -> UsageView | None:
        """The use that a test put in, whatever is asked for."""
        return self.used

    def prove(self, account: AccountId, seq: int) -> EntryProof | None:
        """Nothing: proofs need a store."""

    def past(self, account: AccountId, seq: int) -> PastView | None:
        """Nothing: the past needs a store."""

    def diagnostics(self) -> tuple[tuple[str, str], ...]:
        """One fact."""
        return (("Home", "~/made by \x1b[31mhand"),)

    def report(
        self, account: AccountId, month: str, format_name: str, directory: Path, *, has_descriptions: bool
    ) -> Path:
        """Never asked: reports need a store."""
        raise AssertionError

    def export(self, entries: HistoryList, format_: Format, directory: Path) -> Path:
        """Never asked: there are no lists."""
        raise AssertionError

    def put(self, account: AccountId, taken: Snapshot) -> None:
        """As if an entry had arrived."""
        self.snapshots[account] = taken
        self.is_new = True


def dashboard(
    source: MadeSource | None = None,
    *,
    account: AccountId | None = ALICE,
    feed: Feed = Feed.LIVE,
    options: Options | None = None,
) -> DashboardApp:
    """A dashboard on made snapshots, at a time that stands still."""
    return DashboardApp(
        source or MadeSource(),
        account=account,
        clock=ManualClock(NOW),
        feed=FeedState(feed=feed),
        options=options,
    )


def screen_text(app: App[int]) -> str:
    """What is on screen, line by line, without colours."""
    # Textual draws pictures of a screen, but gives no text; this is what its pictures are made from.
    lines = app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]  # see above
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in lines)


async def settled(app: DashboardApp, pilot: Pilot[int]) -> None:
    """Return once everything that was asked for has been drawn."""
    is_waiting = True
    while is_waiting:
        try:
            await app.workers.wait_for_complete()  # pyright: ignore[reportUnknownMemberType]  # untyped workers
            is_waiting = False
        except WorkerCancelled:  # asked for again before it was there
            await pilot.pause()
    await pilot.pause()
