"""Keys of the history."""

from __future__ import annotations

from tui.keys.key import Key

HISTORY_KEYS = (
    Key(
        id="history.filter",
        where="history",
        keys="slash",
        action="filter",
        help="Find entries: type:quiz-generation tokens>500 month:2026-02 words !not.",
        label="Filter",
    ),
    Key(
        id="history.clear",
        where="history",
        keys="escape",
        action="clear",
        help="Close the filter bar, or drop the last word of the filter.",
    ),
    Key(
        id="history.next",
        where="history",
        keys="n",
        action="hit(1)",
        help="The next entry that was found; in the whole list, too, after escape drops the filter.",
    ),
    Key(
        id="history.previous",
        where="history",
        keys="N",
        action="hit(-1)",
        help="The previous entry that was found.",
    ),
    Key(
        id="history.sort",
        where="history",
        keys="s",
        action="sort",
        help="Sort by time, by tokens, by cost.",
        label="Sort",
    ),
    Key(id="history.jump", where="history", keys="t", action="jump", help="Go to a day.", label="Day"),
    Key(
        id="history.export",
        where="history",
        keys="e",
        action="app.export",
        help="Write the entries that are found, or the month under the cursor, to a file.",
        label="Export",
    ),
    Key(
        id="history.open",
        where="history",
        keys="o",
        action="app.open_written",
        help="Open the file that was written last in the pager ($PAGER).",
    ),
    Key(
        id="history.past",
        where="history",
        keys="b",
        action="app.past",
        help="Show the balance as it was after the entry under the cursor.",
    ),
)
