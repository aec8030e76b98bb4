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
from textual.keys import key_to_character

from tui.keys.boxes import PANEL_KEYS, PAST_KEYS, PROOF_KEYS, SETTINGS_KEYS
from tui.keys.everywhere import EVERYWHERE_KEYS, TABLE_KEYS
from tui.keys.history import HISTORY_KEYS
from tui.keys.key import Key
from tui.keys.panes import BALANCE_KEYS, USAGE_KEYS
from tui.keys.relays import AUDIT_KEYS, RELAYS_KEYS
from tui.look import Look

__all__ = [
    "FOOTER_KEYS_MAX",
    "KEYS",
    "Key",
    "bindings_of",
    "footer_keys",
    "keys_table",
    "places_together",
    "spelled",
    "spelled_of",
    "written",
]

FOOTER_KEYS_MAX = 7
# What Textual calls by a name that Unicode does not have.
_SPELLINGS = {"slash": "/", "minus": "-", "plus": "+", "comma": ",", "full_stop": "."}
_PANES = frozenset({"balance", "usage", "history", "relays"})

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


def spelled(key: Key, look: Look) -> str:
    """The keys of `key` as people write them: those of the user, if there are any."""
    own = look.keymap.get(key.id)
    if own is None and key.shown:
        return key.shown
    return " ".join(written(name) for name in own or key.keys.split(","))


def spelled_of(key_id: str, look: Look) -> str:
    """The keys of an action, given by its name, for sentences that tell of it: the first of them."""
    key = next(key for key in KEYS if key.id == key_id)
    return spelled(key, look).split()[0]


def written(name: str) -> str:
    """A key as people write it: `/` for `slash`; `ctrl+x` as it is."""
    character = _SPELLINGS.get(name) or (key_to_character(name) if name != "space" else None)
    return character if character and character.isprintable() else name


def places_together(place: str) -> frozenset[str]:
    """Where keys work at the same time as those of `place`; boxes cover everything below them."""
    if place in _PANES or place in {"everywhere", "table"}:
        return frozenset({place, "everywhere", "table"})
    return frozenset({place, "panel"} | ({"table"} if place == "panel" else set()))


def keys_table() -> str:
    """All keys as a table in Markdown, for the documentation: their names are those of `[keys]`."""
    look = Look()
    lines = ["| Where | Key | What it does | Name |", "|---|---|---|---|"]
    lines += [f"| {key.where} | `{spelled(key, look)}` | {key.help} | {key.id} |" for key in KEYS]
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
