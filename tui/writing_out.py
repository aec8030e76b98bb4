"""What leaves the dashboard: the entries that are found, as a file; a balance, through the clipboard."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

from tui.dialogs import ChoiceDialog, text_columns
from tui.exporting import Format
from tui.history_list import HistoryList
from tui.noticing import NoticingApp

FORMATS = (
    (Format.CSV, "CSV, for spreadsheets"),
    (Format.JSON, "JSON, for programs"),
    (Format.SIGNED, "JSON lines of signed events, for whoever wants to check them"),
)


class WritingOutApp(NoticingApp):
    """An app whose figures can be taken elsewhere."""

    @abstractmethod
    def entries_found(self) -> HistoryList | None:
        """The entries that the filter finds; None while they are looked for."""

    def action_export(self) -> None:
        """Let the user choose how to write the entries that are found."""
        entries = self.entries_found()
        if entries is None:
            return

        def chosen(index: int | None) -> None:
            if index is not None:
                format_, directory = FORMATS[index][0], self._options.directory
                self.ask(
                    lambda: self._source.export(entries, format_, directory), self._exported, group="export"
                )

        title = self._look.own(f"Export {entries.count:,} entries")
        names = [name for _, name in FORMATS]
        self.push_screen(ChoiceDialog(title, names, text_columns(), look=self._look), chosen)

    def action_copy(self) -> None:
        """Copy the balance, with what proves it."""
        view = self._snapshot.balance if self._snapshot is not None else None
        if view is None:
            return
        self.copy_to_clipboard(f"{view.tokens} {view.meter} as of entry {view.as_of_seq} {view.as_of_id}")
        self.notify("Sent the balance and its entry's id to the terminal's clipboard.", markup=False)

    def _exported(self, path: Path) -> None:
        self.notify(self._look.text(f"Written to {path.absolute()}"), timeout=20, markup=False)
