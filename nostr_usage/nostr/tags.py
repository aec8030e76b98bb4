"""Reading tags: a name, usually a value, then items that mean what the kind says (NIP-01, "Tags")."""

from __future__ import annotations

from collections.abc import Iterable

Tag = tuple[str, ...]
"""At least one string: the name first."""


def first_tag_value(tags: Iterable[Tag], name: str) -> str | None:
    """The value of the first tag of that name, "" if that tag has none; None if there is no such tag."""
    for tag in tags:
        if tag[0] == name:
            return tag[1] if len(tag) > 1 else ""
    return None


def tag_values(tags: Iterable[Tag], name: str) -> tuple[str, ...]:
    """The values of all tags of that name, in order; a tag without a value has none here."""
    return tuple(tag[1] for tag in tags if tag[0] == name and len(tag) > 1)
