"""Boxes over the screen: help, the accounts, what a balance is enough for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui import wording
from tui.columns import Cell, Column
from tui.keys import KEYS, Key, bindings_of, footer_keys, spelled
from tui.look import Look
from tui.snapshot import AccountChoice
from tui.widgets.row_table import RowTable
from tui.widgets.scroll_bar import draw_bars

_PLACES = {
    "everywhere": "Everywhere",
    "balance": "Balance",
    "usage": "Usage",
    "history": "History",
    "relays": "Relays",
    "proof": "Proof of an entry",
    "past": "Balance at an earlier entry",
    "audit": "Audit",
    "settings": "Settings and diagnostics",
    "table": "In tables",
    "panel": "In boxes like this one",
}


Choice = TypeVar("Choice")
CHOICES_SHOWN = 15


class Dialog(ModalScreen[int | None]):
    """A box with a title; escape closes it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("panel")

    def __init__(self, title: str, *, look: Look) -> None:
        super().__init__(classes="-ascii" if look.is_ascii else "")
        self.look = look
        self.heading = title

    def compose(self) -> ComposeResult:
        """The box; its inside comes from `inside`."""
        with VerticalScroll(id="dialog") as box:
            box.border_title = Content(self.heading)  # pyright: ignore[reportAttributeAccessIssue]  # declared as str, takes Content
            keys = self.look.own(" · ").join(f"{spelled(key, self.look)} {key.label}" for key in self.keys())
            box.border_subtitle = Content(keys)  # pyright: ignore[reportAttributeAccessIssue]  # declared as str, takes Content
            yield from self.inside()

    def keys(self) -> tuple[Key, ...]:
        """The keys that work in the box, those that are told of at its foot."""
        return footer_keys("panel", with_everywhere=False)

    def on_mount(self) -> None:
        """Scroll bars exist from now on."""
        draw_bars(self.query_one("#dialog"), self.look)

    def inside(self) -> ComposeResult:
        """What the box holds."""
        raise NotImplementedError

    def action_close(self) -> None:
        """Go back without choosing."""
        self.dismiss(None)


class TextDialog(Dialog):
    """Lines to read."""

    def __init__(self, title: str, lines: Sequence[Content], *, look: Look) -> None:
        super().__init__(title, look=look)
        self._lines = lines

    def inside(self) -> ComposeResult:
        """The lines."""
        yield Static(Content("\n").join(self._lines), id="text")


class ChoiceDialog(Dialog, Generic[Choice]):
    """A list; gives the index of what was chosen."""

    def __init__(
        self, title: str, choices: Sequence[Choice], columns: Sequence[Column[Choice]], *, look: Look
    ) -> None:
        super().__init__(title, look=look)
        self._choices = choices
        self._columns = columns

    def inside(self) -> ComposeResult:
        """The list."""
        table: RowTable[Choice] = RowTable(self._columns, look=self.look, widget_id="choices")
        table.show(len(self._choices), self._choices.__getitem__)
        table.styles.height = min(len(self._choices), CHOICES_SHOWN) + 1
        yield table

    def on_mount(self) -> None:
        """The list has the keys."""
        super().on_mount()
        self.query_one("#choices").focus()

    def on_row_table_chosen(self, message: RowTable.Chosen) -> None:
        """Give what was chosen."""
        message.stop()
        self.dismiss(message.index)


def help_lines(look: Look) -> list[Content]:
    """Every key, by where it works."""
    lines: list[Content] = []
    for place, name in _PLACES.items():
        keys = [key for key in KEYS if key.where == place]
        if not keys:
            continue
        lines += [Content("")] if lines else []
        lines.append(Content.styled(name, "bold $primary"))
        lines += [Content.assemble((f"  {spelled(key, look):<18}", "bold"), key.help) for key in keys]
    return lines


def account_columns() -> tuple[Column[AccountChoice], ...]:
    """Label, public key and balance."""

    def label(choice: AccountChoice, look: Look) -> Cell:
        return Cell(text=look.text(choice.label), style="bold")

    def npub(choice: AccountChoice, look: Look) -> Cell:
        return Cell(text=wording.short_npub(choice.npub, look), style="$text-muted")

    def tokens(choice: AccountChoice, look: Look) -> Cell:
        return Cell(text=wording.tokens(choice.tokens, look), style="$error" if choice.tokens < 0 else "")

    return (
        Column(title="Account", width=12, cell=label, is_flexible=True),
        Column(title="Public key", width=16, cell=npub),
        Column(title="Tokens", width=14, cell=tokens, is_right=True),
    )


def text_columns() -> tuple[Column[str], ...]:
    """A list of sentences of ours."""
    return (Column(title="", width=20, cell=lambda text, look: Cell(text=look.own(text)), is_flexible=True),)
