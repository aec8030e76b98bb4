"""The dashboard itself: who asks for snapshots, who draws them, and what the keys do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import ClassVar, Protocol

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import ContentSwitcher

from nostr_usage.clock import Clock
from nostr_usage.errors import NostrUsageError
from nostr_usage.ledger.entry import AccountId
from tui import painting, wording
from tui.dialogs import AccountDialog, TextDialog, help_lines
from tui.keys import bindings_of
from tui.look import Look
from tui.panes.balance import BalancePane
from tui.snapshot import AccountChoice, Feed, FeedState, Snapshot
from tui.theme_names import DEFAULT_THEME, NO_COLOUR_THEME
from tui.themes import THEMES
from tui.widgets.key_line import KeyLine
from tui.widgets.line import Line
from tui.widgets.tab_bar import TabBar

FLUSH_S = 0.25
REMOTE_FLUSH_S = 1.0
AGE_S = 5.0
"""How often ages and countdowns are drawn again."""
PANES = (("balance", "Balance"),)


class Source(Protocol):
    """Where snapshots come from."""

    def accounts(self) -> Sequence[AccountChoice]:
        """The accounts to choose from."""
        ...

    def snapshot(self, account: AccountId) -> Snapshot:
        """Everything on screen, now."""
        ...

    def has_changed(self) -> bool:
        """Whether a snapshot taken now may differ from the last."""
        ...


class Following(Protocol):
    """Something that keeps the store up to date."""

    def run(self) -> None:
        """Go on until stopped."""
        ...

    def stop(self) -> None:
        """Stop soon."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the dashboard is to run; `is_remote` draws less often."""

    theme: str = DEFAULT_THEME
    look: Look = field(default_factory=Look)
    has_colour: bool = True
    is_remote: bool = False


class DashboardApp(App[int]):
    """Draws snapshots of one account."""

    CSS_PATH = "dashboard.tcss"
    TITLE = "nostr-usage"
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

    class Taken(Message):
        """A snapshot was taken."""

        def __init__(self, snapshot: Snapshot) -> None:
            super().__init__()
            self.snapshot = snapshot

    class Failed(Message):
        """The store could not be read."""

        def __init__(self, error: NostrUsageError) -> None:
            super().__init__()
            self.error = error

    class Fed(Message):
        """The feed stands otherwise than before."""

        def __init__(self, state: FeedState) -> None:
            super().__init__()
            self.state = state

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
        super().__init__()
        self._source = source
        self._account = account
        self._clock = clock
        self._feed = feed
        self._options = options or Options()
        self._look = self._options.look
        self._snapshot: Snapshot | None = None
        self._is_paused = False
        self._hides_descriptions = False
        self._following = follow(self.told) if follow is not None else None
        self._status = Line(widget_id="status")
        self._tabs = TabBar(PANES, widget_id="tabs")
        self._small = Line(widget_id="small")
        self._keys = KeyLine(widget_id="keys")
        self.pane = BalancePane(look=self._look)
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
        yield self._small
        yield self._keys

    def on_mount(self) -> None:
        """The store answers at once; relays and timers come after the first frame."""
        self._keys.show("balance")
        self._draw_status()
        if self._account is None:
            self._choose_account()
        if self._account is not None:
            self._read_now()
        self.pane.recent.focus()
        self.call_after_refresh(self._start)

    def on_unmount(self) -> None:
        """The thread that follows must end before the process can."""
        if self._following is not None:
            self._following.stop()

    def _start(self) -> None:
        self.set_interval(REMOTE_FLUSH_S if self._options.is_remote else FLUSH_S, self.look_for_news)
        self.set_interval(AGE_S, self._draw_status)
        if self._following is not None:
            self.run_worker(self._following.run, thread=True, group="follow", exit_on_error=False)

    def told(self, state: FeedState) -> None:
        """Called in the thread that follows."""
        self.post_message(self.Fed(state))

    def look_for_news(self) -> None:
        """However much arrived since the last time, one snapshot is taken."""
        if self._is_paused:
            return
        try:
            has_changed = self._source.has_changed()
        except NostrUsageError as error:
            self.post_message(self.Failed(error))
            return
        if has_changed:
            self._read()

    def _read(self) -> None:
        if self._account is None:
            self._choose_account()
        if self._account is not None:
            self.run_worker(self._take, thread=True, exclusive=True, group="snapshot", exit_on_error=False)

    def _take(self) -> None:
        """Runs in a thread."""
        assert self._account is not None, "only a chosen account is read"
        try:
            self.post_message(self.Taken(self._source.snapshot(self._account)))
        except NostrUsageError as error:
            self.post_message(self.Failed(error))

    def _read_now(self) -> None:
        """For the first frame."""
        assert self._account is not None, "only a chosen account is read"
        try:
            self._source.has_changed()
            self._show(self._source.snapshot(self._account))
        except NostrUsageError as error:
            self.post_message(self.Failed(error))

    def _choose_account(self) -> None:
        """The only account is chosen; among several the user chooses."""
        choices = self._source.accounts()
        if len(choices) == 1:
            self._account = choices[0].account
        elif choices and not isinstance(self.screen, AccountDialog):
            self.action_accounts()

    def on_dashboard_app_taken(self, message: Taken) -> None:
        """Draw a snapshot, unless another account was chosen meanwhile."""
        self._show(message.snapshot)

    def on_dashboard_app_failed(self, message: Failed) -> None:
        """Say why; what was drawn before stays, with its time."""
        error = message.error
        text = " ".join(part for part in (error.message, error.advice) if part)
        self.notify(self._look.text(text), title="The store cannot be read", severity="error", markup=False)

    def on_dashboard_app_fed(self, message: Fed) -> None:
        """The feed changed."""
        self._feed = message.state
        self._draw_status()

    def on_tab_bar_clicked(self, message: TabBar.Clicked) -> None:
        """Show the pane."""
        self.action_pane(message.name)

    async def on_key_line_clicked(self, message: KeyLine.Clicked) -> None:
        """Do what the key does."""
        await self.run_action(message.key.action)

    def _show(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.pane.show(snapshot, self._look, hides_descriptions=self._hides_descriptions)
        self._draw_status()

    def _redraw(self) -> None:
        if self._snapshot is not None:
            self._show(self._snapshot)

    def _draw_status(self) -> None:
        snapshot, look, now = self._snapshot, self._look, self._clock.now()
        feed = replace(self._feed, feed=Feed.PAUSED) if self._is_paused else self._feed
        self._status.show(lambda width: painting.status_line(snapshot, feed, look, now=now, width=width))
        self._small.show(lambda width: _small_text(snapshot, feed, look, width))

    def action_pane(self, name: str) -> None:
        """Show another pane."""
        self.query_one("#panes", ContentSwitcher).current = name
        self._tabs.activate(name)
        self._keys.show(name)

    def action_accounts(self) -> None:
        """Let the user choose an account."""
        self.push_screen(AccountDialog(self._source.accounts(), look=self._look), self._account_chosen)

    def _account_chosen(self, account: AccountId | None) -> None:
        if account is not None:
            self._account = account
            self._read()

    def action_pause(self) -> None:
        """Hold the screen still, or catch up."""
        self._is_paused = not self._is_paused
        self._draw_status()
        if not self._is_paused:
            self._read()

    def action_resync(self) -> None:
        """Read the store again."""
        self._read()

    def action_zone(self) -> None:
        """Change between UTC and the zone of this machine."""
        zone = datetime.now().astimezone().tzinfo if wording.is_utc(self._look) else UTC
        self._look = replace(self._look, zone=zone or UTC)
        self._redraw()

    def action_descriptions(self) -> None:
        """Hide descriptions, or show them."""
        self._hides_descriptions = not self._hides_descriptions
        self._redraw()

    def action_enough(self) -> None:
        """Show what the balance is enough for."""
        if self._snapshot is not None and self._snapshot.outlook is not None:
            lines = painting.enough_lines(self._snapshot.outlook, self._look)
            self.push_screen(TextDialog("What this balance is enough for", lines, look=self._look))

    def action_help(self) -> None:
        """Show all keys."""
        self.push_screen(TextDialog("Keys", help_lines(), look=self._look))

    def action_copy(self) -> None:
        """Copy the balance, with what proves it."""
        view = self._snapshot.balance if self._snapshot is not None else None
        if view is None:
            return
        self.copy_to_clipboard(f"{view.tokens} {view.meter} as of entry {view.as_of_seq} {view.as_of_id}")
        self.notify("Sent the balance and its entry's id to the terminal's clipboard.", markup=False)


def _small_text(snapshot: Snapshot | None, feed: FeedState, look: Look, width: int) -> Content:
    """One figure and one line, for a terminal that has no room for more."""
    view = snapshot.balance if snapshot is not None else None
    figure = Content.styled("nothing held yet", "bold")
    if view is not None:
        figure = Content.styled(
            f"{wording.tokens(view.tokens, look)} {look.text(view.meter)}", "bold $primary"
        )
    word, style = painting.feed_word(feed, look)
    hint = "Enlarge the terminal to 60 x 16 for more."
    return Content("\n").join(
        [figure, Content.styled(word, style), Content.styled(hint[: max(width, 1)], "$text-muted")]
    )
