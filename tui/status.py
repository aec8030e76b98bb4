"""The status line: who, where from, how far proved, how old; and what a very small terminal shows instead."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content

from tui import wording
from tui.look import Look
from tui.painting import proved_style
from tui.snapshot import Feed, FeedState, Snapshot

_MUTED = "$text-muted"


def status_line(snapshot: Snapshot | None, feed: FeedState, look: Look, *, now: int, width: int) -> Content:
    """Who, where from, how far proved, how old; what has no room is left out from the right."""
    parts: list[tuple[str, str]] = []
    view = snapshot.balance if snapshot is not None else None
    if view is not None and view.label:
        parts.append((look.text(view.label, length_max=20), "bold"))
    if snapshot is not None:
        parts.append((wording.short_npub(snapshot.npub, look), _MUTED))
    parts.append(feed_word(feed, look))
    if feed.relays:
        parts.append((f"relays {feed.relays_up}/{len(feed.relays)}", _MUTED))
    if snapshot is not None and view is not None:
        proved = snapshot.proved
        word = f"{wording.proved_glyph(proved, look)} {wording.proved_word(proved)} #{view.as_of_seq:,}"
        parts.append((word, proved_style(proved)))
    if snapshot is not None and snapshot.waiting:
        parts.append((f"{look.glyphs.under_way} {snapshot.waiting:,} to publish", "$warning"))
    if view is not None:
        parts.append((wording.ago(max(0, now - view.as_of)), _MUTED))
    return _joined(parts, width)


def feed_word(feed: FeedState, look: Look) -> tuple[str, str]:
    """The feed as a sign, a word and a colour."""
    match feed.feed:
        case Feed.LIVE:
            return f"{look.glyphs.live} LIVE", "$success"
        case Feed.CONNECTING:
            return f"{look.glyphs.local} CONNECTING", "$warning"
        case Feed.OFFLINE:
            return f"{look.glyphs.bad} OFFLINE", "$error"
        case Feed.PAUSED:
            return f"{look.glyphs.paused} PAUSED", "$warning"


def small_text(snapshot: Snapshot | None, feed: FeedState, look: Look, width: int) -> Content:
    """One figure and one line, for a terminal that has no room for more."""
    view = snapshot.balance if snapshot is not None else None
    figure = Content.styled("nothing held yet", "bold")
    if view is not None:
        held = wording.worth(view.tokens, view.token_value, look)
        unit = f" {look.text(view.meter)}" if look.shows_tokens else ""
        figure = Content.styled(f"{held}{unit}", "bold $primary")
    word, style = feed_word(feed, look)
    hint = "Enlarge the terminal to 60 x 16 for more."
    return Content("\n").join(
        [figure, Content.styled(word, style), Content.styled(hint[: max(width, 1)], "$text-muted")]
    )


def _joined(parts: list[tuple[str, str]], width: int) -> Content:
    line = Content(" ")
    for text, style in parts:
        gap = "   " if line.cell_length > 1 else ""
        if line.cell_length + len(gap) + cell_len(text) > width - 1 and gap:
            break
        line = Content.assemble(line, gap, (text, style))
    return line.pad_right(max(0, width - line.cell_length))
