"""What leaves the dashboard: entries and months as files, a balance through the clipboard."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from nostr_usage.errors import InputError
from tui import wording
from tui.dialogs import ChoiceDialog, text_columns
from tui.exporting import Format
from tui.history_list import HistoryList
from tui.noticing import NoticingApp
from tui.opening import open_in_pager

FORMATS = (
    (Format.CSV, "CSV, for spreadsheets"),
    (Format.JSON, "JSON, for programs"),
    (Format.SIGNED, "JSON lines of signed events, for whoever wants to check them"),
)
REPORTS = (("pdf", "PDF, to print and to file"), ("html", "HTML, for a browser"), ("csv", "CSV, every entry"))
OPENED_BYTES_MAX = 20_000_000
_LINE_MAX = 100_000


class WritingOutApp(NoticingApp):
    """An app whose figures can be taken elsewhere."""

    _written: Path | None = None

    @abstractmethod
    def entries_found(self) -> HistoryList | None:
        """The entries that the filter finds; None while they are looked for."""

    @abstractmethod
    def month_shown(self) -> str | None:
        """The month (`2026-02`, UTC) that the user looks at; None where nothing is shown."""

    def action_export(self) -> None:
        """Let the user choose how to write the entries that are found, or the month under the cursor."""
        entries, month = self.entries_found(), self.month_shown()
        if entries is None:
            return

        def chosen(index: int | None) -> None:
            if index is not None and index < len(FORMATS):
                format_, directory = FORMATS[index][0], self._options.directory
                self.ask(
                    lambda: self._source.export(entries, format_, directory), self._exported, group="export"
                )
            elif index is not None and month is not None:
                self._report(month, REPORTS[index - len(FORMATS)][0])

        names = [name for _, name in FORMATS]
        names += [] if month is None else self._report_names(month)
        self._choose(f"Export {entries.count:,} entries", names, chosen)

    def action_report(self) -> None:
        """Let the user choose how to write the month that is shown."""
        month = self.month_shown()
        if month is None:
            return

        def chosen(index: int | None) -> None:
            if index is not None:
                self._report(month, REPORTS[index][0])

        self._choose("Monthly report", self._report_names(month), chosen)

    def action_open_written(self) -> None:
        """Show the file that was written last in the pager."""
        path = self._written
        if path is None:
            self.notify("Nothing was written yet: export something first.", markup=False)
            return
        try:
            text = _text_of(path)
        except InputError as error:
            self.notify(self._look.text(f"{error.message}. {error.advice}"), severity="warning", markup=False)
            return
        lines = (self._look.text(line, length_max=_LINE_MAX) for line in text.splitlines())
        open_in_pager(self, "\n".join(lines) + "\n", self._look)

    def action_copy(self) -> None:
        """Copy the balance, with what proves it."""
        view = self._snapshot.balance if self._snapshot is not None else None
        if view is None:
            return
        self.copy_to_clipboard(f"{view.tokens} {view.meter} as of entry {view.as_of_seq} {view.as_of_id}")
        self.notify("Sent the balance and its entry's id to the terminal's clipboard.", markup=False)

    def _choose(self, title: str, names: Sequence[str], chosen: Callable[[int | None], None]) -> None:
        self.push_screen(ChoiceDialog(self._look.own(title), names, text_columns(), look=self._look), chosen)

    def _report_names(self, month: str) -> list[str]:
        return [f"Report of {wording.month_name(month)}: {name}" for _, name in REPORTS]

    def _report(self, month: str, format_name: str) -> None:
        account, directory = self._account, self._options.directory
        has_descriptions = not self._hides_descriptions
        if account is not None:
            self.ask(
                lambda: self._source.report(
                    account, month, format_name, directory, has_descriptions=has_descriptions
                ),
                self._exported,
                group="export",
            )

    def _exported(self, path: Path) -> None:
        self._written = path
        said = self._look.text(f"Written to {path.absolute()}")
        self.notify(said, timeout=20, markup=False)


def _text_of(path: Path) -> str:
    """What a file that was written says.

    Raises:
        InputError: if it is no text, too long for a pager, or gone.
    """
    if path.suffix == ".pdf":
        raise InputError(f"{path.name} is not text", advice="Open it in a viewer.")
    try:
        if path.stat().st_size > OPENED_BYTES_MAX:
            raise InputError(f"{path.name} is too long for here", advice="Open it with a program of yours.")
        return path.read_text("utf-8")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", advice="Export it again.") from error
