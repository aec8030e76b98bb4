"""How things are shown, and what of it is remembered: zone, theme, money, descriptions."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from datetime import UTC, datetime

from tui import wording
from tui.look import Look, Money
from tui.proving import ProvingApp
from tui.settings_screen import Changes, SettingsDialog
from tui.theme_names import THEME_NAMES


class AdjustingApp(ProvingApp):
    """An app whose user chooses how it draws."""

    @abstractmethod
    def redraw(self) -> None:
        """Draw everything again, as it is to look now."""

    def remember(self) -> None:
        """Keep what was chosen for the next start."""
        is_own = self.theme in THEME_NAMES and self._options.has_colour
        theme = self.theme if is_own else self._preferences.theme
        is_local = not wording.is_utc(self._look)
        self._options.remember(
            replace(self._preferences, theme=theme, is_local_time=is_local, money=self._look.money)
        )

    def action_zone(self) -> None:
        """Change between UTC and the zone of this machine."""
        zone = datetime.now().astimezone().tzinfo if wording.is_utc(self._look) else UTC
        self._look = replace(self._look, zone=zone or UTC)
        self.redraw()

    def action_money(self) -> None:
        """Show amounts in tokens, in dollars, or in both."""
        kinds = tuple(Money)
        money = kinds[(kinds.index(self._look.money) + 1) % len(kinds)]
        self._look = replace(self._look, money=money)
        self.redraw()

    def action_descriptions(self) -> None:
        """Hide descriptions, or show them."""
        self._hides_descriptions = not self._hides_descriptions
        self.redraw()

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
