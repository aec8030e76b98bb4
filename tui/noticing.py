"""What the dashboard says unasked: a threshold, a reset, a failure. Each is said once."""

from __future__ import annotations

from dataclasses import replace

from tui.adjusting import AdjustingApp
from tui.asking import AskingApp
from tui.preferences import with_cycle, with_told
from tui.renewal import renewal_notice
from tui.snapshot import Feed, Snapshot


class NoticingApp(AdjustingApp):
    """An app that gives notice."""

    def on_asking_app_failed(self, message: AskingApp.Failed) -> None:
        """Say why; what was drawn before stays, with its time."""
        error = message.error
        text = " ".join(part for part in (error.message, error.advice) if part)
        self.notify(self._look.text(text), severity="error", markup=False)

    def on_asking_app_broken(self, message: AskingApp.Broken) -> None:
        """Say what broke; a feed that broke is not live."""
        reason = self._look.text(message.reason)
        if message.group == "follow":
            self.told(replace(self._feed, feed=Feed.OFFLINE, reason=f"following stopped: {reason}"))
        self.notify(f"This should not happen: {reason}", severity="error", timeout=30, markup=False)

    def give_notice(self, snapshot: Snapshot) -> None:
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
