"""Keys of boxes over the screen, which hide those that work everywhere."""

from __future__ import annotations

from tui.keys.key import Key

PROOF_KEYS = (
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
)

PAST_KEYS = (
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
)

SETTINGS_KEYS = (
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
)

PANEL_KEYS = (
    Key(id="panel.close", where="panel", keys="escape,q", action="close", help="Go back.", label="Back"),
)
