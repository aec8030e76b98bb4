"""Where the dashboard's figures come from: one snapshot for however many entries arrived since the last."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from textual.message import Message

from nostr_usage.errors import NostrUsageError
from nostr_usage.ledger.entry import AccountId
from tui.asking import AskingApp
from tui.contracts import Following, Options, Source
from tui.snapshot import FeedState, Snapshot

FLUSH_S = 0.25
REMOTE_FLUSH_S = 1.0


class FeedingApp(AskingApp):
    """An app that is told what changed; whoever extends it draws."""

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
        feed: FeedState,
        follow: Callable[[Callable[[FeedState], None]], Following] | None,
        options: Options,
    ) -> None:
        # Textual chooses its filters now: without colours it must know at once that none are its own.
        super().__init__(ansi_color=None if options.has_colour else True)
        self._source = source
        self._account: AccountId | None = account
        self._feed = feed
        self._options = options
        self._is_paused = False
        self._follow = follow
        self._following: Following | None = None

    @abstractmethod
    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Draw a snapshot."""

    @abstractmethod
    def show_feed(self) -> None:
        """Draw how the feed stands."""

    @abstractmethod
    def choose_account(self) -> None:
        """Find out which account to show, now or later."""

    def start_feed(self) -> None:
        """Look for news from now on, and have the relays followed."""
        self.read()
        self.set_interval(REMOTE_FLUSH_S if self._options.is_remote else FLUSH_S, self.look_for_news)
        if self._follow is not None:
            self._following = self._follow(self.told)
            self.run_worker(self._following.run, thread=True, group="follow", exit_on_error=False)

    def stop_feed(self) -> None:
        """The thread that follows must end before the process can."""
        if self._following is not None:
            self._following.stop()

    def told(self, state: FeedState) -> None:
        """Called in the thread that follows."""
        self.post_message(self.Fed(state))

    def on_feeding_app_fed(self, message: Fed) -> None:
        """The feed changed."""
        self._feed = message.state
        self.show_feed()

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
            self.read()

    def read(self) -> None:
        """Take a snapshot, in a thread."""
        if self._account is None:
            self.choose_account()
        account = self._account
        if account is not None:
            self.ask(lambda: self._source.snapshot(account), self.show_snapshot, group="snapshot")

    def read_at_once(self) -> None:
        """Take a first look, for the first frame."""
        if self._account is None:
            self.choose_account()
        if self._account is None:
            return
        try:
            self._source.has_changed()
            self.show_snapshot(self._source.glance(self._account))
        except NostrUsageError as error:
            self.post_message(self.Failed(error))
