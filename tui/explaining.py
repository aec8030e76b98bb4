"""The boxes that explain a figure: what it is made of, what it is enough for, what the last reset brought."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content

from nostr_usage.ledger.entry import AccountId
from tui import painting, renewal, wording
from tui.contracts import Following, Options, Source
from tui.dialogs import Dialog, TextDialog, help_lines
from tui.feeding import FeedingApp
from tui.look import Look
from tui.snapshot import FeedState, Snapshot


class ExplainingApp(FeedingApp):
    """An app that keeps the snapshot it drew last, and explains it."""

    def __init__(
        self,
        source: Source,
        *,
        account: AccountId | None,
        feed: FeedState,
        follow: Callable[[Callable[[FeedState], None]], Following] | None,
        options: Options,
    ) -> None:
        super().__init__(source, account=account, feed=feed, follow=follow, options=options)
        self._look: Look = options.look
        self._snapshot: Snapshot | None = None
        self._preferences = self._options.preferences
        self._hides_descriptions = False

    @property
    def look(self) -> Look:
        """How things are drawn now."""
        return self._look

    def action_enough(self) -> None:
        """Show what the balance is enough for."""
        snapshot = self._snapshot
        if snapshot is None or snapshot.balance is None:
            self.say_nothing_held()
        elif snapshot.outlook is not None:
            lines = painting.enough_lines(
                snapshot.outlook, snapshot.balance, self._look, now=snapshot.taken_at
            )
            self.push_screen(TextDialog("What this balance is enough for", lines, look=self._look))

    def action_why(self) -> None:
        """Show what the balance is made of."""
        snapshot = self._snapshot
        if snapshot is None or snapshot.balance is None:
            self.say_nothing_held()
        elif snapshot.lifetime is not None:
            lines = painting.why_lines(snapshot.balance, snapshot.lifetime, self._look)
            if sentence := wording.proved_sentence(snapshot.proved):
                lines += [Content(""), Content.styled(sentence, painting.proved_style(snapshot.proved))]
            self.push_screen(TextDialog("Why the balance is what it is", lines, look=self._look))

    def action_renewal(self) -> None:
        """Show what the last reset brought, and what the month before it used."""
        snapshot = self._snapshot
        if snapshot is None or snapshot.balance is None:
            self.say_nothing_held()
        else:
            lines = renewal.renewal_lines(snapshot, snapshot.balance, self._look)
            self.push_screen(TextDialog("Last reset", lines, look=self._look))

    def say_nothing_held(self) -> None:
        """There is nothing to explain, prove or export yet."""
        self.notify("Nothing is held yet; see the relays.", severity="warning", markup=False)

    def show_box(self, box: Dialog) -> None:
        """Show a box that was waited for, unless another was opened meanwhile."""
        if not isinstance(self.screen, Dialog):
            self.push_screen(box)

    def action_help(self) -> None:
        """Show all keys."""
        self.push_screen(TextDialog("Keys", help_lines(self._look), look=self._look))
