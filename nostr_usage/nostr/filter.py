"""Filters: what a subscription asks for, and whether an event is among it (NIP-01, "From client to relay").

All conditions of a filter must hold; one value of a list is enough. An empty list matches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from nostr_usage.errors import FilterError
from nostr_usage.nostr.event import KIND_MAX, Event
from nostr_usage.nostr.json_text import INTEGER_MAX

# More ids than this do not fit into a message that a relay with default settings takes.
FILTER_VALUES_MAX = 2_000

_HEX_32_BYTES = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KEYS = frozenset({"ids", "authors", "kinds", "since", "until", "limit"})
_TAG_KEY = re.compile(r"#([a-zA-Z])", re.ASCII)
# Relays index these as 32 bytes, so NIP-01 allows nothing else.
_HEX_TAGS = frozenset({"e", "p"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Conditions on events; None is no condition.

    Attributes:
        ids, authors: 64 lowercase hex digits each, never prefixes.
        kinds: 0 … 65535.
        tags: (letter, values) pairs, as in `(("d", ("a", "b")),)`: the first value of some tag of that
            name is among them.
        since, until: unix seconds, both inclusive.
        limit: how many stored events to send, the newest; no condition on an event.
    """

    ids: tuple[str, ...] | None = None
    authors: tuple[str, ...] | None = None
    kinds: tuple[int, ...] | None = None
    tags: tuple[tuple[str, tuple[str, ...]], ...] = ()
    since: int | None = None
    until: int | None = None
    limit: int | None = None


def matches(wanted: Filter, event: Event) -> bool:
    """Whether `event` meets every condition of `wanted`; `limit` is none."""
    if (
        (wanted.authors is not None and event.pubkey not in wanted.authors)
        or (wanted.kinds is not None and event.kind not in wanted.kinds)
        or (wanted.ids is not None and event.id not in wanted.ids)
        or (wanted.since is not None and event.created_at < wanted.since)
        or (wanted.until is not None and event.created_at > wanted.until)
    ):
        return False
    for name, values in wanted.tags:
        for tag in event.tags:
            if tag[0] == name and len(tag) > 1 and tag[1] in values:
                break
        else:
            return False
    return True


def filter_to_object(wanted: Filter) -> dict[str, object]:
    """The filter as a JSON object, without the conditions that it does not make."""
    conditions: dict[str, object] = {"ids": wanted.ids, "authors": wanted.authors, "kinds": wanted.kinds}
    conditions |= {f"#{name}": values for name, values in wanted.tags}
    conditions |= {"since": wanted.since, "until": wanted.until, "limit": wanted.limit}
    return {key: value for key, value in conditions.items() if value is not None}


def filter_from_object(value: object) -> Filter:
    """The filter in `value`, an object as parsed from JSON.

    Raises:
        FilterError: for an unknown key, which would silently widen the filter, and for a value of the wrong
            form; the message is short enough to be a relay's reason.
    """
    if not isinstance(value, dict):
        raise FilterError("filter is not an object")
    fields = cast("dict[str, object]", value)
    return Filter(
        ids=_strings(fields, "ids", hex_only=True) if "ids" in fields else None,
        authors=_strings(fields, "authors", hex_only=True) if "authors" in fields else None,
        kinds=_kinds(fields) if "kinds" in fields else None,
        tags=tuple(
            (name, _strings(fields, f"#{name}", hex_only=name in _HEX_TAGS)) for name in _tag_names(fields)
        ),
        since=_integer(fields, "since") if "since" in fields else None,
        until=_integer(fields, "until") if "until" in fields else None,
        limit=_integer(fields, "limit") if "limit" in fields else None,
    )


def _tag_names(fields: dict[str, object]) -> Iterator[str]:
    for key in fields:
        if key in _KEYS:
            continue
        match = _TAG_KEY.fullmatch(key)
        if not match:
            raise FilterError(f"unsupported filter key {key[:40]!r}")
        yield match.group(1)


def _strings(fields: dict[str, object], key: str, *, hex_only: bool) -> tuple[str, ...]:
    strings: list[str] = []
    for item in _items(fields, key):
        if type(item) is not str or (hex_only and not _HEX_32_BYTES.fullmatch(item)):
            raise FilterError(
                f"{key} holds something other than {'64 hex digits' if hex_only else 'strings'}"
            )
        strings.append(item)
    return tuple(strings)


def _kinds(fields: dict[str, object]) -> tuple[int, ...]:
    kinds: list[int] = []
    for item in _items(fields, "kinds"):
        if type(item) is not int or not 0 <= item <= KIND_MAX:
            raise FilterError(f"kinds holds something other than integers from 0 to {KIND_MAX}")
        kinds.append(item)
    return tuple(kinds)


def _items(fields: dict[str, object], key: str) -> list[object]:
    value = fields[key]
    if not isinstance(value, list):
        raise FilterError(f"{key} is not an array")
    items = cast("list[object]", value)
    if len(items) > FILTER_VALUES_MAX:
        raise FilterError(f"{key} has more than {FILTER_VALUES_MAX} values")
    return items


def _integer(fields: dict[str, object], key: str) -> int:
    value = fields[key]
    if type(value) is not int or not 0 <= value <= INTEGER_MAX:
        raise FilterError(f"{key} is not an integer from 0 to {INTEGER_MAX}")
    return value
