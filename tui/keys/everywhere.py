"""Keys that work on every screen, and in every table."""

from __future__ import annotations

from tui.keys.key import Key

EVERYWHERE_KEYS = (
    Key(id="pane.balance", where="everywhere", keys="1", action="pane('balance')", help="Show the balance."),
    Key(
        id="pane.usage",
        where="everywhere",
        keys="2",
        action="pane('usage')",
        help="Show where the tokens went.",
    ),
    Key(id="pane.history", where="everywhere", keys="3", action="pane('history')", help="Show every entry."),
    Key(id="pane.relays", where="everywhere", keys="4", action="pane('relays')", help="Show the relays."),
    Key(
        id="app.account",
        where="everywhere",
        keys="a",
        action="accounts",
        help="Choose another account.",
        label="Account",
    ),
    Key(
        id="app.pause",
        where="everywhere",
        keys="space",
        action="pause",
        help="Hold the screen still, or follow again.",
        label="Pause",
    ),
    Key(
        id="app.resync",
        where="everywhere",
        keys="r",
        action="resync",
        help="Read the store again, now.",
    ),
    Key(
        id="app.settings",
        where="everywhere",
        keys="comma",
        action="settings",
        help="Show settings, and facts for a bug report.",
    ),
    Key(id="app.zone", where="everywhere", keys="z", action="zone", help="Show times in UTC, or local time."),
    Key(
        id="app.money",
        where="everywhere",
        keys="dollar_sign",
        action="money",
        help="Show amounts in tokens and dollars, in tokens, or in dollars; the header says which.",
    ),
    Key(
        id="app.hide",
        where="everywhere",
        keys="d",
        action="descriptions",
        help="Hide descriptions, or show them again: for when others look on.",
    ),
    Key(
        id="app.copy",
        where="everywhere",
        keys="y",
        action="copy",
        help="Copy what is selected: a balance, an id.",
    ),
    Key(
        id="app.help",
        where="everywhere",
        keys="question_mark,f1",
        action="help",
        help="Show all keys.",
        label="Help",
        shown="?",
    ),
    Key(
        id="app.commands",
        where="everywhere",
        keys="colon,ctrl+p",
        action="command_palette",
        help="Find any command by its name.",
        label="Commands",
        shown=":",
    ),
    Key(
        id="app.quit",
        where="everywhere",
        keys="q,ctrl+q,ctrl+c",
        action="quit",
        help="Quit.",
        label="Quit",
        shown="q",
    ),
)

TABLE_KEYS = (
    Key(id="table.up", where="table", keys="up,k", action="move(-1)", help="One row up.", shown="up k"),
    Key(
        id="table.down", where="table", keys="down,j", action="move(1)", help="One row down.", shown="down j"
    ),
    Key(
        id="table.page_up",
        where="table",
        keys="pageup,ctrl+u",
        action="page(-1)",
        help="One page up.",
    ),
    Key(
        id="table.page_down",
        where="table",
        keys="pagedown,ctrl+d",
        action="page(1)",
        help="One page down.",
    ),
    Key(id="table.first", where="table", keys="home,g", action="first", help="The first row."),
    Key(id="table.last", where="table", keys="end,G", action="last", help="The last row."),
    Key(
        id="table.choose",
        where="table",
        keys="enter",
        action="choose",
        help="More about the row.",
    ),
)
