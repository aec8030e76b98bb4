"""Settings and diagnostics: theme and zone to change, facts to paste into a bug report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from textual.app import App, ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui import wording
from tui.dialogs import Dialog
from tui.keys import Key, bindings_of, footer_keys
from tui.look import Look
from tui.theme_names import THEME_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What the box may change; the zone is given back as the look that it leads to."""

    has_colour: bool
    turn_zone: Callable[[], Look]


class SettingsDialog(Dialog):
    """What is set, and what runs here."""

    BINDINGS = bindings_of("settings")  # as Textual has it

    def __init__(self, facts: tuple[tuple[str, str], ...], *, changes: Changes, look: Look) -> None:
        super().__init__("Settings and diagnostics", look=look)
        self._facts = facts
        self._changes = changes
        self._text = Static(id="text")

    def inside(self) -> ComposeResult:
        """Settings, then facts."""
        self._show()
        yield self._text

    def keys(self) -> tuple[Key, ...]:
        """The keys of settings."""
        return footer_keys("settings", with_everywhere=False)

    def action_theme(self) -> None:
        """The next theme."""
        if self._changes.has_colour:
            theme = self._app().theme
            number = THEME_NAMES.index(theme) if theme in THEME_NAMES else -1
            self._app().theme = THEME_NAMES[(number + 1) % len(THEME_NAMES)]
        self._show()

    def action_zone(self) -> None:
        """UTC, or the zone of this machine."""
        self.look = self._changes.turn_zone()
        self._show()

    def action_copy(self) -> None:
        """Copy the facts."""
        self._app().copy_to_clipboard(facts_text(self._facts, self.look))
        self.notify("Sent the diagnostics to the terminal's clipboard.", markup=False)

    def _app(self) -> App[int]:
        return cast("App[int]", self.app)  # pyright: ignore[reportUnknownMemberType]  # untyped App

    def _show(self) -> None:
        theme = self._app().theme if self._changes.has_colour else "no colour, as asked for"
        lines = [
            Content.styled("Settings, remembered", "bold $primary"),
            Content(f"  {'Theme':<14}{theme}"),
            Content(f"  {'Zone':<14}{'UTC' if wording.is_utc(self.look) else 'local time'}"),
            Content(""),
            Content.styled("Diagnostics, for a bug report", "bold $primary"),
        ]
        lines += [Content(f"  {line}") for line in facts_text(self._facts, self.look).splitlines()]
        self._text.update(Content("\n").join(lines))


def facts_text(facts: tuple[tuple[str, str], ...], look: Look) -> str:
    """One fact a line, safe to paste."""
    return "\n".join(f"{name:<14}{look.text(value)}" for name, value in facts)
