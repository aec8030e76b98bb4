"""A key of the dashboard: what it does, where, and what people are told of it."""

from __future__ import annotations

from dataclasses import dataclass


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
