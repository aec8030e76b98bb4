"""What can be done from the relays screen: asking, giving what one lacks, checking everything."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.audit_screen import AuditDialog
from tui.dialogs import ChoiceDialog, text_columns
from tui.panes.relays import RelaysPane
from tui.relay_rows import RelayRow
from tui.relay_work import AuditStopped, Given, RelaysKnown, RelayWork
from tui.writing_out import WritingOutApp

if TYPE_CHECKING:
    # Loads what checks signatures.
    from nostr_usage.proof import AuditReport

PROGRESS_STEPS = 200


class RelayingApp(WritingOutApp):
    """An app that asks relays; without `relay_work` it shows what the feed says, and no more."""

    relay_work: RelayWork | None = None

    @abstractmethod
    def relays_pane(self) -> RelaysPane:
        """Where relays are drawn."""

    def on_relays_pane_wanted(self) -> None:
        """Look up what is known."""
        work, account = self.relay_work, self._account
        if work is not None:
            self.ask(lambda: work.known(account), self.relays_pane().show_known, group="relays")

    def action_check_relays(self) -> None:
        """Ask every relay."""
        work, account = self.relay_work, self._account
        if work is None:
            return

        def check() -> RelaysKnown:
            health = work.ask()
            return RelaysKnown(health=health, coverage=work.known(account).coverage)

        self.relays_pane().show_busy()
        self.ask(check, self.relays_pane().show_known, group="check")

    def action_give(self) -> None:
        """Ask whether to give the relay under the cursor what it lacks."""
        work, row = self.relay_work, self.relays_pane().chosen()
        if work is None or row is None or self._account is None:
            return
        if not row.missing:
            self.notify(f"Nothing is known to be missing at {self._look.text(row.url)}.", markup=False)
            return
        title, yes = _question(row, is_operator=work.is_operator)

        def answered(index: int | None) -> None:
            if index == 1:
                self._give(work, row.url)

        choices = ("No, go back", self._look.text(yes))
        self.push_screen(ChoiceDialog(title, choices, text_columns(), look=self._look), answered)

    def action_audit(self) -> None:
        """Check everything, in a box that says how far it has come."""
        work = self.relay_work
        if work is None or isinstance(self.screen, AuditDialog):
            return
        box = AuditDialog(look=self._look)

        def finish(report: AuditReport | None) -> None:
            if report is not None and not box.stopped.is_set():
                box.show(report)

        def audit() -> AuditReport | None:
            try:
                return work.audit(_reporting(box))
            except AuditStopped:
                return None

        self.push_screen(box)
        self.ask(audit, finish, group="audit")

    def _give(self, work: RelayWork, url: str) -> None:
        account = self._account
        assert account is not None, "there is a row, so there is an account"
        self.notify(f"Giving {self._look.text(url)} what it lacks.", markup=False)
        self.ask(lambda: work.give(account, url, _ignore), self._given, group="give")

    def _given(self, given: Given) -> None:
        severity = "information" if given.is_done else "warning"
        self.notify(self._look.text(given.text), severity=severity, timeout=20, markup=False)
        self.relays_pane().want()


def _question(row: RelayRow, *, is_operator: bool) -> tuple[str, str]:
    """What is asked, and what saying yes means."""
    if is_operator:
        return "Queue again?", f"Yes, queue what {row.url} refused or was never sent"
    return "Hand entries on?", f"Yes, send {row.missing:,} signed entries to {row.url}"


def _reporting(box: AuditDialog) -> Callable[[int, int], None]:
    """Tells the box now and then how far it has come, and stops when the box is gone."""

    def tell(done: int, total: int) -> None:
        if box.stopped.is_set():
            raise AuditStopped
        if done % max(1, total // PROGRESS_STEPS) == 0:
            box.post_message(AuditDialog.Progressed(done, total))

    return tell


def _ignore(_done: int, _total: int) -> None:
    return None
