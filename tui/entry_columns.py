"""Entries as columns: the same for recent activity and for the whole history."""

from __future__ import annotations

from collections.abc import Mapping

from nostr_usage.ledger.entry import Operation
from nostr_usage.views import HistoryRow
from tui import wording
from tui.columns import Cell, Column
from tui.look import Look
from tui.snapshot import Proved

_WIDE = 100
_TOLD = frozenset({Operation.DEBIT, Operation.REFUND})
"""What comes with a text."""


def entry_columns(
    labels: Mapping[str, str],
    look: Look,
    *,
    proved: Proved,
    token_value: int,
    is_reader: bool = False,
    hides_descriptions: bool = False,
    with_year: bool = False,
) -> tuple[Column[HistoryRow], ...]:
    """The columns of a table of entries that are `proved` so far; `token_value` is nano-dollars.

    Whoever only reads may lack the key that opens texts: then the entry counts, and its text is locked.
    """

    def when(row: HistoryRow, look: Look) -> Cell:
        text = wording.day_and_time(row.occurred_at, look)
        if with_year:
            text = f"{look.moment(row.occurred_at).year} {text}"
        return Cell(text=text, style="$text-muted")

    def activity(row: HistoryRow, look: Look) -> Cell:
        style = "" if row.operation is Operation.DEBIT else "$secondary"
        return Cell(text=look.text(wording.activity_name(row, labels)), style=style)

    def what(row: HistoryRow, look: Look) -> Cell:
        if row.description is None:
            return Cell(text="locked" if is_reader and row.operation in _TOLD else "", style="$text-muted")
        hidden = look.own("hidden")
        return Cell(text=hidden if hides_descriptions else look.text(row.description), style="$text-muted")

    def badge(row: HistoryRow, look: Look) -> Cell:
        return _badge_cell(row, look, proved=proved, with_word=False)

    def badge_word(row: HistoryRow, look: Look) -> Cell:
        return _badge_cell(row, look, proved=proved, with_word=True)

    def balance(row: HistoryRow, look: Look) -> Cell:
        text = wording.worth(row.balance, token_value, look)
        return Cell(text=text, style="$error" if row.balance < 0 else "")

    tokens = Column(title="Tokens", width=8, cell=_tokens, is_right=True)
    dollars = Column(title="USD", width=8, cell=_dollars, is_right=True, needs=60 if look.shows_tokens else 0)
    return (
        Column(title="When", width=17 if with_year else 12, cell=when),
        Column(title="Activity", width=19, cell=activity),
        Column(title="What", width=8, cell=what, is_flexible=True, needs=70),
        *((tokens,) if look.shows_tokens else ()),
        *((dollars,) if look.shows_dollars else ()),
        Column(title="Balance", width=8, cell=balance, is_right=True, needs=46),
        Column(title="", width=1, cell=badge),
        Column(title="Proof", width=19, cell=badge_word, needs=_WIDE),
    )


def _tokens(row: HistoryRow, look: Look) -> Cell:
    return Cell(text=wording.signed_tokens(row.tokens, look), style="$success" if row.tokens > 0 else "")


def _dollars(row: HistoryRow, look: Look) -> Cell:
    """With the sign of the tokens where they are not shown beside it."""
    text = wording.dollars(row.micro_dollars, look)
    if not look.shows_tokens and row.tokens:
        text = f"{'+' if row.tokens > 0 else look.glyphs.minus}{text}"
    style = "$success" if row.tokens > 0 and not look.shows_tokens else "$text-muted"
    return Cell(text=text, style=style)


def _badge_cell(row: HistoryRow, look: Look, *, proved: Proved, with_word: bool) -> Cell:
    glyph, word = wording.badge(row, proved=proved, look=look)
    doubt = "$error" if word == "conflict" else "$warning"
    style = "$success" if glyph == look.glyphs.good else doubt
    return Cell(text=word if with_word else glyph, style="$text-muted" if with_word else style)
