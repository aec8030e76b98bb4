"""Every key of the dashboard, in one table: the footer, the help screen and the docs are made from it.

key          what a key is
everywhere   keys of every screen and of tables
panes        keys of balance and usage
history      keys of the history
relays       keys of the relays, and of audits
boxes        keys of boxes over the screen
"""

from __future__ import annotations

from textual.binding import Binding, BindingType

from tui.keys.boxes import PANEL_KEYS, PAST_KEYS, PROOF_KEYS, SETTINGS_KEYS
from tui.keys.everywhere import EVERYWHERE_KEYS, TABLE_KEYS
from tui.keys.history import HISTORY_KEYS
from tui.keys.key import Key
from tui.keys.panes import BALANCE_KEYS, USAGE_KEYS
from tui.keys.relays import AUDIT_KEYS, RELAYS_KEYS

__all__ = ["FOOTER_KEYS_MAX", "KEYS", "Key", "bindings_of", "footer_keys", "keys_table", "spelled"]

FOOTER_KEYS_MAX = 7
_SPELLINGS = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "comma": ",",
    "minus": "-",
    "equals_sign": "=",
    "plus": "+",
    "dollar_sign": "$",
}

KEYS = (
    *EVERYWHERE_KEYS,
    *BALANCE_KEYS,
    *USAGE_KEYS,
    *HISTORY_KEYS,
    *RELAYS_KEYS,
    *PROOF_KEYS,
    *PAST_KEYS,
    *AUDIT_KEYS,
    *SETTINGS_KEYS,
    *TABLE_KEYS,
    *PANEL_KEYS,
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
