"""One entry and every check of it, over the screen that it was asked from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui import wording
from tui.dialogs import Dialog
from tui.keys import Key, bindings_of, footer_keys
from tui.look import Look
from tui.opening import open_in_pager

if TYPE_CHECKING:
    # Loads what checks signatures, and the first frame shows no proof.
    from nostr_usage.proof import EntryProof

_MARKS = {True: ("good", "$success"), False: ("bad", "bold $error"), None: ("doubt", "$warning")}


class ProofDialog(Dialog):
    """The proof of one entry."""

    BINDINGS = bindings_of("proof")  # as Textual has it

    class Again(Message):
        """Somebody wants the checks made once more."""

        def __init__(self, seq: int) -> None:
            super().__init__()
            self.seq = seq

    def __init__(self, proof: EntryProof, *, look: Look, hides_descriptions: bool) -> None:
        super().__init__(look.own(f"Proof of entry #{proof.row.seq:,}"), look=look)
        self._proof = proof
        self._hides = hides_descriptions

    def inside(self) -> ComposeResult:
        """The checks, then the event."""
        lines = proof_lines(self._proof, self.look, hides_descriptions=self._hides)
        yield Static(Content("\n").join(lines), id="text")

    def keys(self) -> tuple[Key, ...]:
        """The keys of proofs."""
        return footer_keys("proof", with_everywhere=False)

    def action_copy_id(self) -> None:
        """Copy the entry's id."""
        self.app.copy_to_clipboard(self._proof.row.entry_id)  # pyright: ignore[reportUnknownMemberType]  # untyped App
        self.notify("Sent the id to the terminal's clipboard.", markup=False)

    def action_copy_event(self) -> None:
        """Copy the signed event, byte for byte."""
        text = self._proof.event_json.decode("utf-8", "replace")
        self.app.copy_to_clipboard(text)  # pyright: ignore[reportUnknownMemberType]  # untyped App
        self.notify("Sent the signed event to the terminal's clipboard.", markup=False)

    def action_open(self) -> None:
        """Show the proof in the pager, where the terminal can be lent to it."""
        lines = proof_lines(self._proof, self.look, hides_descriptions=self._hides)
        text = "\n".join(line.plain for line in lines) + "\n"
        open_in_pager(self, text, self.look)

    def action_verify(self) -> None:
        """Make every check once more."""
        self.post_message(self.Again(self._proof.row.seq))
        self.dismiss(None)


def proof_lines(proof: EntryProof, look: Look, *, hides_descriptions: bool) -> list[Content]:
    """What is proved, how, who holds it, and the event itself."""
    row = proof.row
    verdict = (f"{look.glyphs.good} VALID", "bold $success")
    if not proof.is_sound:
        verdict = (f"{look.glyphs.bad} NOT VALID: this entry is not proved", "bold $error")
    moved = wording.signed_tokens(row.signed_tokens, look)
    lines = [
        Content.assemble(verdict, f"   {row.operation.value} {look.text(row.type)}: {moved}"),
        Content.styled(look.own(f"{wording.full_time(row.occurred_at, look)}"), "$text-muted"),
        Content(""),
    ]
    for check in proof.checks:
        glyph, style = _MARKS[check.is_ok]
        mark = {"good": look.glyphs.good, "bad": look.glyphs.bad, "doubt": look.glyphs.doubt}[glyph]
        lines.append(
            Content.assemble(
                (f"{mark} ", style), (f"{look.text(check.name):<12}", "bold"), look.text(check.detail)
            )
        )
    lines += [Content(""), *_text_lines(proof, look, hides_descriptions=hides_descriptions)]
    lines += [_field("price", look.text(price)) for price in (proof.entry.prices if proof.entry else ())]
    if proof.entry is not None:
        lines += [
            _field("usage", f"{look.text(line.model)} {look.text(line.bucket)} {line.units:,}")
            for line in proof.entry.usage
        ]
    lines += [_field("relay", f"{look.text(holder.url)} {holder.state}") for holder in proof.holders]
    lines += [_field("id", row.entry_id), Content(""), Content.styled("Signed event", "bold $primary")]
    return lines + _event_lines(proof.event_json, look)


def _text_lines(proof: EntryProof, look: Look, *, hides_descriptions: bool) -> list[Content]:
    if proof.details is None:
        return [_field("text", look.text(proof.details_from))]
    text = "hidden" if hides_descriptions else look.text(proof.details.description) or "none"
    lines = [_field("text", text), _field("", f"({look.text(proof.details_from)})")]
    if not hides_descriptions:
        lines += [
            _field(look.text(name, length_max=10), look.text(value))
            for name, value in proof.details.metadata.items()
        ]
    return lines


def _event_lines(event_json: bytes, look: Look) -> list[Content]:
    """The event, readable; escapes leave nothing that a terminal would obey."""
    try:
        text = json.dumps(json.loads(event_json), indent=1)
    except (ValueError, RecursionError):
        text = repr(event_json)
    return [Content.styled(look.own(line), "$text-muted") for line in text.splitlines()]


def _field(name: str, value: str) -> Content:
    return Content.assemble((f"  {name:<12}", "$text-muted"), value)
