"""Time travel: the balance after an entry long ago, a step back or forth at a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui import painting, wording
from tui.dialogs import Dialog
from tui.keys import Key, bindings_of, footer_keys
from tui.look import Look

if TYPE_CHECKING:
    # Loads what checks signatures, and the first frame shows no proof.
    from nostr_usage.proof import PastView


class PastDialog(Dialog):
    """The balance as of one entry; asks for another when the user steps."""

    BINDINGS = bindings_of("past")  # as Textual has it

    class Wanted(Message):
        """The balance after another entry is wanted."""

        def __init__(self, seq: int) -> None:
            super().__init__()
            self.seq = seq

    def __init__(self, past: PastView, *, last_seq: int, look: Look) -> None:
        super().__init__("Balance at an earlier entry", look=look)
        self._past = past
        self._last_seq = last_seq
        self._text = Static(id="text")

    def inside(self) -> ComposeResult:
        """The figure, its lots, its sums."""
        self.show(self._past)
        yield self._text

    def keys(self) -> tuple[Key, ...]:
        """The keys of time travel."""
        return footer_keys("past", with_everywhere=False)

    def show(self, past: PastView) -> None:
        """Draw the balance after another entry."""
        self._past = past
        self._text.update(Content("\n").join(past_lines(past, self.look, last_seq=self._last_seq)))

    def action_step(self, entries: int) -> None:
        """Forward, or back with a negative number; not beyond the ends."""
        seq = max(1, min(self._last_seq, self._past.row.seq + entries))
        if seq != self._past.row.seq:
            self.post_message(self.Wanted(seq))


def past_lines(past: PastView, look: Look, *, last_seq: int) -> list[Content]:
    """After which entry, the lots, the sums, and whether the entry states the same."""
    row = past.row
    moved = wording.signed_tokens(row.signed_tokens, look)
    lines = [
        Content.styled(look.own(f"After entry #{row.seq:,} of {last_seq:,}"), "bold $primary"),
        Content.styled(look.own(f"  {wording.full_time(row.occurred_at, look)}"), "$text-muted"),
        Content(f"  {row.operation.value} {look.text(row.type)}: {moved}"),
        Content(""),
        Content.styled("Lots then, in the order in which they were spent", "bold $primary"),
        *(painting.lot_lines(past.lots, look) or [Content("  none")]),
    ]
    if past.debt:
        lines.append(painting.amount_line("Debt", -past.debt, look))
    lines += [painting.amount_line("Balance", past.tokens, look).stylize("bold"), Content("")]
    lines.append(Content.styled(look.own(f"The first {row.seq:,} entries added up"), "bold $primary"))
    lines += painting.lifetime_lines(past.lifetime, look)
    if past.tokens == row.balance and not past.problems:
        verdict = f"{look.glyphs.good} The signed entry states the same balance."
        return [*lines, Content.styled(verdict, "$success")]
    if past.tokens != row.balance:
        stated = wording.tokens(row.balance, look)
        lines.append(Content.styled(f"{look.glyphs.bad} The signed entry states {stated}.", "bold $error"))
    if past.problems:
        found = f"{look.glyphs.doubt} {past.problems:,} problems up to here; see the audit."
        lines.append(Content.styled(found, "$warning"))
    return lines
