"""Every key of the dashboard, in one table: the footer, the help screen and the docs are made from it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key, or several, for one action.

    Attributes:
        id: what settings call it; stays the same when the keys are changed.
        where: the part of the dashboard in which it works: `everywhere`, a pane, `table`, a panel.
        keys: as Textual spells them, comma-separated.
        action: what it does there.
        label: for the footer; empty keeps it out.
        help: a sentence for the help screen.
        shown: how the footer and the help write the keys, if not as they are.
    """

    id: str
    where: str
    keys: str
    action: str
    help: str
    label: str = ""
    shown: str = ""


FOOTER_KEYS_MAX = 7
_SPELLINGS = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "comma": ",",
}

KEYS = (
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
    Key(
        id="balance.enough",
        where="balance",
        keys="l",
        action="app.enough",
        help="Show what the balance is enough for, and what could be bought.",
        label="Enough for",
    ),
    Key(
        id="balance.why",
        where="balance",
        keys="w",
        action="app.why",
        help="Show the lots and sums that the balance is made of.",
        label="Why",
    ),
    Key(
        id="balance.renewal",
        where="balance",
        keys="m",
        action="app.renewal",
        help="Show what the last reset brought, and what the month before used.",
    ),
    Key(
        id="balance.past",
        where="balance",
        keys="b",
        action="app.past",
        help="Show the balance as it was after the entry under the cursor.",
    ),
    Key(
        id="usage.earlier",
        where="usage",
        keys="left_square_bracket,left",
        action="earlier",
        help="The month before.",
        label="Earlier",
        shown="[",
    ),
    Key(
        id="usage.later",
        where="usage",
        keys="right_square_bracket,right",
        action="later",
        help="The month after.",
        label="Later",
        shown="]",
    ),
    Key(
        id="usage.this_month",
        where="usage",
        keys="t",
        action="this_month",
        help="Back to this month.",
        label="This month",
    ),
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
        help="Write the entries that are found to a file.",
        label="Export",
    ),
    Key(
        id="history.past",
        where="history",
        keys="b",
        action="app.past",
        help="Show the balance as it was after the entry under the cursor.",
    ),
    Key(
        id="proof.copy_id",
        where="proof",
        keys="y",
        action="copy_id",
        help="Copy the entry's id.",
        label="Copy id",
    ),
    Key(
        id="proof.copy_event",
        where="proof",
        keys="Y",
        action="copy_event",
        help="Copy the signed event.",
        label="Copy event",
    ),
    Key(
        id="proof.open",
        where="proof",
        keys="o",
        action="open",
        help="Open the proof in the pager ($PAGER).",
        label="Open",
    ),
    Key(
        id="proof.verify",
        where="proof",
        keys="v",
        action="verify",
        help="Make every check once more.",
        label="Verify",
    ),
    Key(
        id="proof.close", where="proof", keys="escape,q,enter", action="close", help="Go back.", label="Back"
    ),
    Key(
        id="past.earlier",
        where="past",
        keys="left_square_bracket,left",
        action="step(-1)",
        help="One entry back.",
        label="Earlier",
        shown="[",
    ),
    Key(
        id="past.later",
        where="past",
        keys="right_square_bracket,right",
        action="step(1)",
        help="One entry on.",
        label="Later",
        shown="]",
    ),
    Key(
        id="past.much_earlier",
        where="past",
        keys="left_curly_bracket",
        action="step(-100)",
        help="A hundred entries back.",
        shown="{",
    ),
    Key(
        id="past.much_later",
        where="past",
        keys="right_curly_bracket",
        action="step(100)",
        help="A hundred entries on.",
        shown="}",
    ),
    Key(id="past.close", where="past", keys="escape,q", action="close", help="Go back.", label="Back"),
    Key(
        id="settings.theme",
        where="settings",
        keys="t",
        action="theme",
        help="The next theme.",
        label="Theme",
    ),
    Key(
        id="settings.zone",
        where="settings",
        keys="z",
        action="zone",
        help="Show times in UTC, or local time.",
        label="Zone",
    ),
    Key(
        id="settings.copy",
        where="settings",
        keys="y",
        action="copy",
        help="Copy the facts for a bug report.",
        label="Copy",
    ),
    Key(
        id="settings.close",
        where="settings",
        keys="escape,q",
        action="close",
        help="Go back.",
        label="Back",
    ),
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
    Key(id="panel.close", where="panel", keys="escape,q", action="close", help="Go back.", label="Back"),
)


def footer_keys(where: str, *, with_everywhere: bool = True) -> tuple[Key, ...]:
    """The keys that the last line shows in one pane: its own, then the last of those that work everywhere."""
    own = [key for key in KEYS if key.where == where and key.label][:FOOTER_KEYS_MAX]
    others = [key for key in KEYS if key.where == "everywhere" and key.label] if with_everywhere else []
    return (*own, *others[max(0, len(others) - (FOOTER_KEYS_MAX - len(own))) :])


def spelled(key: Key) -> str:
    """The keys of `key` as people write them."""
    if key.shown:
        return key.shown
    return " ".join(_SPELLINGS.get(name, name) for name in key.keys.split(","))


def keys_table() -> str:
    """All keys as a table in Markdown, for the documentation."""
    lines = ["| Where | Key | What it does |", "|---|---|---|"]
    lines += [f"| {key.where} | `{spelled(key)}` | {key.help} |" for key in KEYS]
    return "\n".join(lines)


def bindings_of(where: str) -> list[BindingType]:
    """The bindings of one part of the dashboard."""
    return [
        Binding(
            key=key.keys,
            action=key.action,
            description=key.label or key.help,
            show=bool(key.label),
            key_display=key.shown or None,
            id=key.id,
        )
        for key in KEYS
        if key.where == where
    ]
