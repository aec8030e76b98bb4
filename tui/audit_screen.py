"""An audit: how far it has come, then what it found."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.dialogs import Dialog
from tui.keys import Key, bindings_of, footer_keys
from tui.look import Look
from tui.opening import open_in_pager

if TYPE_CHECKING:
    # Loads what checks signatures.
    from nostr_usage.proof import AuditReport

FINDINGS_SHOWN = 200
_BAR_WIDTH = 40


class AuditDialog(Dialog):
    """Everything that is held, checked again; closing it stops the work."""

    BINDINGS = bindings_of("audit")  # as Textual has it

    class Progressed(Message):
        """Some more entries are done."""

        def __init__(self, done: int, total: int) -> None:
            super().__init__()
            self.done = done
            self.total = total

    def __init__(self, *, look: Look) -> None:
        super().__init__("Audit: everything that is held, checked again", look=look)
        self.stopped = Event()
        self._is_over = False
        self._lines = [Content(look.own("Reading…"))]
        self._text = Static(id="text")

    def inside(self) -> ComposeResult:
        """How far it has come."""
        self._draw()
        yield self._text

    def keys(self) -> tuple[Key, ...]:
        """The keys of audits."""
        return footer_keys("audit", with_everywhere=False)

    def on_unmount(self) -> None:
        """Nobody waits for it any more."""
        self.stopped.set()

    def on_audit_dialog_progressed(self, message: Progressed) -> None:
        """Draw the bar; the last news of progress may come after the result."""
        if self._is_over:
            return
        full, empty = self.look.bar(message.done, message.total, _BAR_WIDTH)
        counts = f"{message.done:,} of {message.total:,} entries"
        self._lines = [Content.assemble((full, "$primary"), (empty, "$text-muted"), f"  {counts}")]
        self._draw()

    def show(self, report: AuditReport) -> None:
        """Draw the result."""
        self._is_over = True
        self._lines = audit_lines(report, self.look)
        self._draw()

    def action_open(self) -> None:
        """Show the result in the pager."""
        text = "\n".join(line.plain for line in self._lines) + "\n"
        open_in_pager(self, text, self.look)

    def _draw(self) -> None:
        self._text.update(Content("\n").join(self._lines))


def audit_lines(report: AuditReport, look: Look) -> list[Content]:
    """The verdict, what was checked, and what was found."""
    verdict = Content.styled(
        look.own(f"{look.glyphs.good} All of it is right: ids, signatures, seals, links, sums and numbers."),
        "bold $success",
    )
    if not report.is_sound:
        verdict = Content.styled(f"{look.glyphs.bad} {report.finding_count:,} findings", "bold $error")
    lines = [
        verdict,
        Content(""),
        _pair("Entries", f"{report.entries:,} in {report.streams:,} streams"),
        _pair("Manifests", f"{report.manifests:,}"),
        *(_pair("Signatures", f"{count:,} by {backend}") for backend, count in report.signatures),
    ]
    if len(report.signatures) == 1:
        lines.append(_pair("", "Only one signature backend is installed: there was no second opinion."))
    for finding in report.findings[:FINDINGS_SHOWN]:
        account = (finding.account or "")[:8]
        what = f"{finding.problem.code.value} {account} {look.text(finding.problem.message)}"
        lines.append(Content.assemble((f"{look.glyphs.bad} ", "$error"), what))
    if report.finding_count > FINDINGS_SHOWN:
        lines.append(Content(f"The first {FINDINGS_SHOWN} are shown; `nostr-usage audit` lists more."))
    return lines


def _pair(name: str, value: str) -> Content:
    return Content.assemble((f"  {name:<12}", "$text-muted"), value)
