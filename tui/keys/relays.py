"""Keys of the relays, and of the box of an audit."""

from __future__ import annotations

from tui.keys.key import Key

RELAYS_KEYS = (
    Key(
        id="relays.check",
        where="relays",
        keys="c",
        action="app.check_relays",
        help="Ask every relay now: does it answer, how fast, what does it say of itself.",
        label="Check",
    ),
    Key(
        id="relays.give",
        where="relays",
        keys="p",
        action="app.give",
        help="Give the relay under the cursor what it lacks: queued again, or handed on by a follower.",
        label="Give what it lacks",
    ),
    Key(
        id="app.audit",
        where="everywhere",
        keys="V",
        action="audit",
        help="Check all that is held once more, from the signed events up.",
    ),
)

AUDIT_KEYS = (
    Key(
        id="audit.open",
        where="audit",
        keys="o",
        action="open",
        help="Open the result in the pager ($PAGER).",
        label="Open",
    ),
    Key(
        id="audit.close",
        where="audit",
        keys="escape,q",
        action="close",
        help="Stop, if it is not over, and go back.",
        label="Back",
    ),
)
