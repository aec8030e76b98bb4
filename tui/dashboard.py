"""The dashboard itself: who asks for snapshots, who draws them, and what the keys do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.command import Provider
from textual.containers import Vertical
from textual.widgets import ContentSwitcher

from nostr_usage.clock import Clock
from nostr_usage.ledger.entry import AccountId
from nostr_usage.views import HistoryRow, MonthView
from tui import status
from tui.commands import DashboardCommands
from tui.contracts import Following, Options, Source
from tui.dialogs import ChoiceDialog, account_columns
from tui.history_list import HistoryList
from tui.keys import bindings_of, spelled_of
from tui.look import Look
from tui.months import MonthsKept
from tui.panes.balance import BalancePane
from tui.panes.history import HistoryPane
from tui.panes.relays import RelaysPane
from tui.panes.usage import UsagePane
from tui.relay_work import RelayWork
from tui.relaying import RelayingApp
from tui.snapshot import Feed, FeedState, Snapshot
from tui.theme_names import NO_COLOUR_THEME
from tui.themes import THEMES
from tui.widgets.key_line import KeyLine
from tui.widgets.line import Line
from tui.widgets.tab_bar import TabBar

AGE_S = 5.0
"""How often ages and countdowns are drawn again."""
PANES = (("balance", "Balance"), ("usage", "Usage"), ("history", "History"), ("relays", "Relays"))


class DashboardApp(RelayingApp):
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
        (38, "-high"),
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
        relay_work: RelayWork | None = None,
    ) -> None:
        super().__init__(source, account=account, feed=feed, follow=follow, options=options or Options())
        self.set_class(self._options.look.is_ascii, "-plain")
        self._clock = clock
        self.relay_work = relay_work
        self._status = Line(widget_id="status")
        self._tabs = TabBar(_tabs(self._look), widget_id="tabs")
        self._small = Line(widget_id="small")
        self._keys = KeyLine(look=self._look, widget_id="keys")
        self._shown = "balance"
        self._months = MonthsKept(source)
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
        self.set_keymap({name: ",".join(keys) for name, keys in self._look.keymap.items()})
        self._keys.show("balance")
        self.show_feed()
        self.read_at_once()
        self.pane.recent.focus()
        self.call_after_refresh(self._start)

    def on_unmount(self) -> None:
        """What was chosen is remembered."""
        self.stop_feed()
        self.remember()

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

    def on_tab_bar_clicked(self, message: TabBar.Clicked) -> None:
        """Show the pane."""
        self.action_pane(message.name)

    def on_tab_bar_note_clicked(self) -> None:
        """Show amounts otherwise."""
        self.action_money()

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
        """Add up the period that is asked for."""
        account, length, day = self._account, message.length, message.day
        if account is not None:
            self.ask(
                lambda: self._source.usage(account, length, day),
                lambda view: self.usage.show_use(view) if view is not None else None,
                group="usage",
            )

    def on_usage_pane_search(self, message: UsagePane.Search) -> None:
        """Show the entries behind a figure."""
        if self.history.search(message.words):
            self.action_pane("history")

    def entry_under_cursor(self) -> HistoryRow | None:
        """Of the list that is shown."""
        table = self.history.table if self._shown == "history" else self.pane.recent
        return table.row(table.cursor)

    def month_shown(self) -> str | None:
        """That of the period, or of the entry under the cursor."""
        return self.usage.month() if self._shown == "usage" else self.history.month()

    def entries_found(self) -> HistoryList | None:
        """Those of the history."""
        return self.history.entries

    def _month(self, month: str) -> MonthView | None:
        """For the subtotals of the history; months that are over are asked for once."""
        account, snapshot = self._account, self._snapshot
        if account is None:
            return None
        return self._months.month(account, month, head_id=snapshot.mark.head_id if snapshot else "")

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw a snapshot on every pane; those that need more ask for it when they are shown."""
        is_other = self._snapshot is None or self._snapshot.npub != snapshot.npub
        is_newer = self._snapshot is None or self._snapshot.mark != snapshot.mark
        self._snapshot = snapshot
        self.pane.show(snapshot, self._look, hides_descriptions=self._hides_descriptions)
        if is_other:
            self.history.reset()
            self.usage.reset()
            self.relays.reset()
        self.history.show_snapshot(snapshot, self._look, hides_descriptions=self._hides_descriptions)
        self.usage.show_snapshot(snapshot, self._look, hides_descriptions=self._hides_descriptions)
        self.give_notice(snapshot)
        if is_newer or is_other:
            self._want()
        self.show_feed()

    def redraw(self) -> None:
        """Draw the last snapshot again."""
        if self._snapshot is not None:
            self.show_snapshot(self._snapshot)

    def show_feed(self) -> None:
        """Draw the status line and the relays."""
        snapshot, look, now = self._snapshot, self._look, self._clock.now()
        feed = replace(self._feed, feed=Feed.PAUSED) if self._is_paused else self._feed
        if snapshot is None:
            self.pane.show_waiting(feed, look)
        zone = look.zone_name(now)
        self._tabs.note(look.own(f"{look.money.value} · {zone}"))
        self._status.show(lambda width: status.status_line(snapshot, feed, look, now=now, width=width))
        self.relays.show(feed, snapshot.queues if snapshot is not None else (), look)
        self._small.show(lambda width: status.small_text(snapshot, feed, look, width))

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
        elif self._shown == "relays":
            self.relays.want()

    def relays_pane(self) -> RelaysPane:
        """Where relays are drawn."""
        return self.relays

    def action_accounts(self) -> None:
        """Let the user choose an account."""
        choices = self._source.accounts()
        if not choices:
            self.say_nothing_held()
            return

        def chosen(index: int | None) -> None:
            if index is not None:
                self._account = choices[index].account
                self.read()

        self.push_screen(
            ChoiceDialog("Choose an account", choices, account_columns(), look=self._look), chosen
        )

    def action_pause(self) -> None:
        """Hold the screen still, or catch up."""
        self._is_paused = not self._is_paused
        self.show_feed()
        if not self._is_paused:
            self.read()

    def action_resync(self) -> None:
        """Read the store again."""
        self.read()


def _tabs(look: Look) -> tuple[tuple[str, str], ...]:
    """The panes with the keys that show them."""
    return tuple((name, f"{spelled_of(f'pane.{name}', look)} {title}") for name, title in PANES)
