"""The dashboard itself: who asks for snapshots, who draws them, and what the keys do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.command import Provider
from textual.containers import Vertical
from textual.widgets import ContentSwitcher

from nostr_usage.clock import Clock
from nostr_usage.ledger.entry import AccountId
from nostr_usage.proof import EntryProof
from nostr_usage.views import HistoryRow, MonthView
from tui import painting, wording
from tui.asking import AskingApp
from tui.commands import DashboardCommands
from tui.contracts import Following, Options, Source
from tui.dialogs import ChoiceDialog, account_columns, text_columns
from tui.explaining import ExplainingApp
from tui.exporting import Format
from tui.keys import bindings_of
from tui.look import Look
from tui.panes.balance import BalancePane
from tui.panes.history import HistoryPane
from tui.panes.relays import RelaysPane
from tui.panes.usage import UsagePane
from tui.past_screen import PastDialog
from tui.preferences import with_cycle, with_told
from tui.proof_screen import ProofDialog
from tui.renewal import renewal_notice
from tui.settings_screen import Changes, SettingsDialog
from tui.snapshot import Feed, FeedState, Snapshot
from tui.theme_names import NO_COLOUR_THEME, THEME_NAMES
from tui.themes import THEMES
from tui.widgets.key_line import KeyLine
from tui.widgets.line import Line
from tui.widgets.row_table import RowTable
from tui.widgets.tab_bar import TabBar

AGE_S = 5.0
"""How often ages and countdowns are drawn again."""
MONTHS_KEPT_MAX = 500
PANES = (("balance", "Balance"), ("usage", "Usage"), ("history", "History"), ("relays", "Relays"))
FORMATS = (
    (Format.CSV, "CSV, for spreadsheets"),
    (Format.JSON, "JSON, for programs"),
    (Format.SIGNED, "JSON lines of signed events, for whoever wants to check them"),
)


class DashboardApp(ExplainingApp):
    """Draws snapshots of one account."""

    CSS_PATH = "dashboard.tcss"
    TITLE = "nostr-usage"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {DashboardCommands}
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("everywhere")
    # Textual declares these two without ClassVar.
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  # see above
        (0, "-tiny"),
        (60, "-narrow"),
        (80, "-std"),
        (120, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012  # see above
        (0, "-flat"),
        (16, "-short"),
        (30, "-tall"),
    ]

    def __init__(
        self,
        source: Source,
        *,
        account: AccountId | None,
        clock: Clock,
        feed: FeedState,
        follow: Callable[[Callable[[FeedState], None]], Following] | None = None,
        options: Options | None = None,
    ) -> None:
        super().__init__(source, account=account, feed=feed, follow=follow, options=options or Options())
        self.set_class(self._options.look.is_ascii, "-plain")
        self._clock = clock
        self._preferences = self._options.preferences
        self._hides_descriptions = False
        self._status = Line(widget_id="status")
        self._tabs = TabBar(PANES, widget_id="tabs")
        self._small = Line(widget_id="small")
        self._keys = KeyLine(widget_id="keys")
        self._shown = "balance"
        self._months: dict[tuple[AccountId, str, str], MonthView | None] = {}
        self.pane = BalancePane(look=self._look)
        self.usage = UsagePane(look=self._look)
        self.relays = RelaysPane(look=self._look)
        self.history = HistoryPane(look=self._look, month_of=self._month)
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self._options.theme if self._options.has_colour else NO_COLOUR_THEME

    def compose(self) -> ComposeResult:
        """Status, tabs, the pane that is shown, keys."""
        with Vertical(id="top"):
            yield self._status
            yield self._tabs
        with ContentSwitcher(id="panes", initial="balance"):
            yield self.pane
            yield self.usage
            yield self.history
            yield self.relays
        yield self._small
        yield self._keys

    def on_mount(self) -> None:
        """The store answers at once; relays and timers come after the first frame."""
        self._keys.show("balance")
        self.show_feed()
        self.read_at_once()
        if self._account is None:
            self.pane.show_waiting()
        self.pane.recent.focus()
        self.call_after_refresh(self._start)

    def on_unmount(self) -> None:
        """What was chosen is remembered."""
        self.stop_feed()
        is_own = self.theme in THEME_NAMES and self._options.has_colour
        theme = self.theme if is_own else self._preferences.theme
        is_local = not wording.is_utc(self._look)
        self._options.remember(replace(self._preferences, theme=theme, is_local_time=is_local))

    def _start(self) -> None:
        self.start_feed()
        self.set_interval(AGE_S, self.show_feed)

    def choose_account(self) -> None:
        """The only account is chosen; among several the user chooses."""
        choices = self._source.accounts()
        if len(choices) == 1:
            self._account = choices[0].account
        elif choices and not isinstance(self.screen, ChoiceDialog):
            self.action_accounts()

    def on_asking_app_failed(self, message: AskingApp.Failed) -> None:
        """Say why; what was drawn before stays, with its time."""
        error = message.error
        text = " ".join(part for part in (error.message, error.advice) if part)
        self.notify(self._look.text(text), severity="error", markup=False)

    def on_tab_bar_clicked(self, message: TabBar.Clicked) -> None:
        """Show the pane."""
        self.action_pane(message.name)

    async def on_key_line_clicked(self, message: KeyLine.Clicked) -> None:
        """Do what the key does."""
        await self.run_action(message.key.action)

    def on_history_pane_wanted(self, message: HistoryPane.Wanted) -> None:
        """Find what the filter asks for."""
        account, chips, order = self._account, message.chips, message.order
        if account is not None:
            self.ask(
                lambda: self._source.find(account, chips, order),
                lambda found: self.history.show_entries(found) if found is not None else None,
                group="find",
            )

    def on_usage_pane_wanted(self, message: UsagePane.Wanted) -> None:
        """Add up the month that is asked for."""
        account, month = self._account, message.month
        if account is not None:
            self.ask(
                lambda: self._source.trend(account, month),
                lambda trend: self.usage.show_trend(trend) if trend is not None else None,
                group="trend",
            )

    def on_row_table_chosen(self, message: RowTable.Chosen) -> None:
        """Prove the entry that was chosen."""
        row: object = message.table.row(message.index)
        if isinstance(row, HistoryRow):
            self._prove(row.seq)

    def on_proof_dialog_again(self, message: ProofDialog.Again) -> None:
        """Make every check once more."""
        self._prove(message.seq)

    def on_past_dialog_wanted(self, message: PastDialog.Wanted) -> None:
        """Step to another entry."""
        self._travel(message.seq)

    def action_past(self) -> None:
        """Show the balance after the entry under the cursor."""
        table = self.history.table if self._shown == "history" else self.pane.recent
        row = table.row(table.cursor)
        if row is not None:
            self._travel(row.seq)

    def _travel(self, seq: int) -> None:
        account = self._account
        if account is not None:
            self.ask(lambda: self._source.past(account, seq), self.show_past, group="past")

    def _prove(self, seq: int) -> None:
        account = self._account
        if account is not None:
            self.ask(lambda: self._source.prove(account, seq), self._show_proof, group="prove")

    def _show_proof(self, proof: EntryProof | None) -> None:
        if proof is not None:
            dialog = ProofDialog(proof, look=self._look, hides_descriptions=self._hides_descriptions)
            self.push_screen(dialog)

    def _month(self, month: str) -> MonthView | None:
        """For the subtotals of the history; months that are over are asked for once."""
        account, head = self._account, self._snapshot.mark.head_id if self._snapshot else ""
        if account is None:
            return None
        key = (account, head, month)
        if key not in self._months:
            if len(self._months) >= MONTHS_KEPT_MAX:
                self._months.clear()
            self._months[key] = self._source.month(account, month)
        return self._months[key]

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw a snapshot on every pane; those that need more ask for it when they are shown."""
        is_other = self._snapshot is None or self._snapshot.npub != snapshot.npub
        is_newer = self._snapshot is None or self._snapshot.mark != snapshot.mark
        self._snapshot = snapshot
        self.pane.show(snapshot, self._look, hides_descriptions=self._hides_descriptions)
        if is_other:
            self.history.reset()
        self.history.show_snapshot(snapshot, self._look, hides_descriptions=self._hides_descriptions)
        self.usage.show_snapshot(snapshot, self._look)
        self._give_notice(snapshot)
        if is_newer or is_other:
            self._want()
        self.show_feed()

    def _give_notice(self, snapshot: Snapshot) -> None:
        """Each threshold is told of once, and each reset."""
        view = snapshot.balance
        if view is None or snapshot.outlook is None:
            return
        if view.cycle_start is not None:
            self._preferences, is_news = with_cycle(self._preferences, snapshot.npub, view.cycle_start)
            if is_news:
                text = renewal_notice(view, snapshot.last_month, self._look)
                self.notify(text, title="Allowance renewed", timeout=20, markup=False)
        reached = snapshot.outlook.threshold or 0
        self._preferences, is_news = with_told(self._preferences, snapshot.npub, reached)
        if is_news:
            text = f"{reached} % of this cycle's allowance is used."
            self.notify(text, title="Allowance", severity="warning", markup=False)

    def on_asking_app_broken(self, message: AskingApp.Broken) -> None:
        """Say what broke; a feed that broke is not live."""
        reason = self._look.text(message.reason)
        if message.group == "follow":
            self.told(replace(self._feed, feed=Feed.OFFLINE, reason=f"following stopped: {reason}"))
        self.notify(f"This should not happen: {reason}", severity="error", timeout=30, markup=False)

    def _redraw(self) -> None:
        if self._snapshot is not None:
            self.show_snapshot(self._snapshot)

    def show_feed(self) -> None:
        """Draw the status line and the relays."""
        snapshot, look, now = self._snapshot, self._look, self._clock.now()
        feed = replace(self._feed, feed=Feed.PAUSED) if self._is_paused else self._feed
        self._status.show(lambda width: painting.status_line(snapshot, feed, look, now=now, width=width))
        self.relays.show(feed, snapshot.queues if snapshot is not None else (), look)
        self._small.show(lambda width: painting.small_text(snapshot, feed, look, width))

    def action_pane(self, name: str) -> None:
        """Show another pane."""
        self._shown = name
        self.query_one("#panes", ContentSwitcher).current = name
        self._tabs.activate(name)
        self._keys.show(name)
        self._want()
        tables = {"usage": self.usage.table, "history": self.history.table, "relays": self.relays.table}
        tables.get(name, self.pane.recent).focus()

    def _want(self) -> None:
        """Panes that are not shown ask for nothing."""
        if self._shown == "history":
            self.history.want()
        elif self._shown == "usage":
            self.usage.want()

    def action_accounts(self) -> None:
        """Let the user choose an account."""
        choices = self._source.accounts()

        def chosen(index: int | None) -> None:
            if index is not None:
                self._account = choices[index].account
                self.read()

        self.push_screen(
            ChoiceDialog("Choose an account", choices, account_columns(), look=self._look), chosen
        )

    def action_export(self) -> None:
        """Let the user choose how to write the entries that are found."""
        entries = self.history.entries
        if entries is None:
            return

        def chosen(index: int | None) -> None:
            if index is not None:
                format_, directory = FORMATS[index][0], self._options.directory
                self.ask(
                    lambda: self._source.export(entries, format_, directory), self._exported, group="export"
                )

        title = self._look.own(f"Export {entries.count:,} entries")
        names = [name for _, name in FORMATS]
        self.push_screen(ChoiceDialog(title, names, text_columns(), look=self._look), chosen)

    def _exported(self, path: Path) -> None:
        self.notify(self._look.text(f"Written to {path.absolute()}"), timeout=20, markup=False)

    def action_pause(self) -> None:
        """Hold the screen still, or catch up."""
        self._is_paused = not self._is_paused
        self.show_feed()
        if not self._is_paused:
            self.read()

    def action_resync(self) -> None:
        """Read the store again."""
        self.read()

    def action_zone(self) -> None:
        """Change between UTC and the zone of this machine."""
        zone = datetime.now().astimezone().tzinfo if wording.is_utc(self._look) else UTC
        self._look = replace(self._look, zone=zone or UTC)
        self._redraw()

    def action_settings(self) -> None:
        """Show settings and diagnostics."""

        def turn_zone() -> Look:
            self.action_zone()
            return self._look

        changes = Changes(has_colour=self._options.has_colour, turn_zone=turn_zone)
        self.ask(
            self._source.diagnostics,
            lambda facts: self.show_box(SettingsDialog(facts, changes=changes, look=self._look)),
            group="settings",
        )

    def action_descriptions(self) -> None:
        """Hide descriptions, or show them."""
        self._hides_descriptions = not self._hides_descriptions
        self._redraw()

    def action_copy(self) -> None:
        """Copy the balance, with what proves it."""
        view = self._snapshot.balance if self._snapshot is not None else None
        if view is None:
            return
        self.copy_to_clipboard(f"{view.tokens} {view.meter} as of entry {view.as_of_seq} {view.as_of_id}")
        self.notify("Sent the balance and its entry's id to the terminal's clipboard.", markup=False)
