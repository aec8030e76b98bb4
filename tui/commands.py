"""The command palette: every key by what it does, and the themes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.app import App
from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui.keys import KEYS, spelled
from tui.theme_names import THEME_NAMES

if TYPE_CHECKING:
    # It names this module's provider.
    from tui.explaining import ExplainingApp

Run = Callable[[], Awaitable[object]]
_PANES = ("balance", "usage", "history", "relays")


class DashboardCommands(Provider):
    """What the table of keys says, for whoever does not know the key."""

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for name, run, help_ in self._commands():
            yield DiscoveryHit(name, run, help=help_)

    async def search(self, query: str) -> Hits:
        """Those that look like what was typed."""
        matcher = self.matcher(query)
        for name, run, help_ in self._commands():
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), run, help=help_)

    def _commands(self) -> Iterator[tuple[str, Run, str]]:
        """Names, what they do, and their keys; all text here is ours."""
        app = cast("ExplainingApp", self.app)  # pyright: ignore[reportUnknownMemberType]  # untyped App
        for key in KEYS:
            if key.where == "everywhere" and key.id != "app.commands":
                yield (
                    key.help.rstrip("."),
                    partial(app.run_action, key.action),
                    f"key {spelled(key, app.look)}",
                )
            elif key.where in _PANES and key.id != "history.clear":
                run = partial(_run_in_pane, app, key.where, key.action)
                yield (
                    f"{key.where.capitalize()}: {key.help.rstrip('.')}",
                    run,
                    f"key {spelled(key, app.look)}",
                )
        for theme in THEME_NAMES:
            yield f"Theme: {theme}", partial(_use_theme, app, theme), "colours"


async def _run_in_pane(app: App[int], pane: str, action: str) -> None:
    await app.run_action(f"app.pane('{pane}')")
    await app.run_action(action, default_namespace=app.query_one(f"#{pane}"))


async def _use_theme(app: App[int], theme: str) -> None:
    app.theme = theme
