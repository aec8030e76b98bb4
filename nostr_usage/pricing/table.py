"""What all tables of a catalogue share: strict types, no unknown keys, and refusals that name the key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from nostr_usage.errors import UnknownNameError


class HasName(Protocol):
    """A table that is found by its name."""

    @property
    def name(self) -> str:
        """The name, once in its list."""
        ...


Named = TypeVar("Named", bound=HasName)


class Table(BaseModel):
    """A table of a catalogue: strict types, no unknown keys, never changed."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Misfit(ValueError):  # noqa: N818 — pydantic turns it into a finding; no caller ever catches it
    """A value that fits its own type, but not the rest of the catalogue; `path` leads to its key."""

    def __init__(self, message: str, *path: str | int) -> None:
        super().__init__(message)
        self.path = path


def refuse_twice(sort: str, names: Iterable[str], *, path: tuple[str | int, ...] = ()) -> None:
    """Raise a `Misfit` if a name is there twice; `path` leads to the list."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            raise Misfit(f"{sort} {name} is there twice", *path, *((index,) if path else ()))
        seen.add(name)


def named(sort: str, name: str, known: Sequence[Named]) -> Named:
    """The one of `known` with that name.

    Raises:
        UnknownNameError: there is none.
    """
    for one in known:
        if one.name == name:
            return one
    raise UnknownNameError(sort, name, known=tuple(one.name for one in known))
