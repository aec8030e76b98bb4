"""For programs that use pynostr already: its events and filters, from and to ours.

`pynostr.event.Event.verify` computes the id anew before it checks the signature, so it says True for an event
that carries a wrong id. An event that comes in through here is checked again, its id first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Protocol, cast

from nostr_usage.nostr.event import Event, VerifiedEvent, event_from_object, event_to_object, verify_event
from nostr_usage.nostr.filter import Filter


class PynostrEvent(Protocol):
    """A `pynostr.event.Event`, with the types that pynostr leaves open."""

    id: str | None
    pubkey: str | None
    created_at: int | None
    kind: int | None
    tags: list[list[str]]
    content: str | None
    sig: str | None

    def verify(self) -> bool:
        """Whether the signature fits the fields, whatever the id says."""
        ...


class PynostrFilters(Protocol):
    """A `pynostr.filters.Filters`, which is one filter."""

    def add_arbitrary_tag(self, tag: str, values: list[str]) -> None:
        """Ask for one of these values in tags of this name."""
        ...

    def to_dict(self) -> dict[str, object]:
        """The filter as a JSON object."""
        ...


def event_from_pynostr(event: PynostrEvent) -> VerifiedEvent:
    """The event, once its fields, its id and its signature are found right.

    Raises:
        EventError: if one of them is not.
    """
    kind = event.kind
    return verify_event(
        event_from_object(
            {
                "id": event.id,
                "pubkey": event.pubkey,
                "created_at": event.created_at,
                "kind": int(kind) if isinstance(kind, IntEnum) else kind,
                "tags": event.tags,
                "content": event.content,
                "sig": event.sig,
            }
        )
    )


def event_to_pynostr(event: Event) -> PynostrEvent:
    """A `pynostr.event.Event` with the same fields; changing it changes nothing here."""
    from pynostr import event as theirs  # noqa: PLC0415 - it takes 70 ms, which most programs never need

    create = cast("Callable[..., PynostrEvent]", theirs.Event)
    return create(**event_to_object(event) | {"tags": [list(tag) for tag in event.tags]})


def filter_to_pynostr(wanted: Filter) -> PynostrFilters:
    """A `pynostr.filters.Filters` with the same conditions."""
    from pynostr import filters as theirs  # noqa: PLC0415 - as above

    create = cast("Callable[..., PynostrFilters]", theirs.Filters)
    filters = create(
        ids=_list(wanted.ids),
        authors=_list(wanted.authors),
        kinds=_list(wanted.kinds),
        since=wanted.since,
        until=wanted.until,
        limit=wanted.limit,
    )
    for name, values in wanted.tags:
        filters.add_arbitrary_tag(name, list(values))
    return filters


def _list(values: Sequence[object] | None) -> list[object] | None:
    return None if values is None else list(values)
