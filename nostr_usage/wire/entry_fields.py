"""Reads the tags of an event as the fields of an entry: each into a type, or refused with the event's id."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

from nostr_usage.errors import EntryFormatError
from nostr_usage.ledger.entry import EntryId, Operation
from nostr_usage.nostr.event import Event, Tag

Value = TypeVar("Value")

LABEL_MAX = 100
TIME_MAX = 253_402_300_799
HEX_64 = re.compile(r"[0-9a-f]{64}", re.ASCII)
ISO_TIME = "%Y-%m-%dT%H:%M:%SZ"

_DAY_S = 86_400
_NATURAL = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)
_OPERATIONS = {operation.value: operation for operation in Operation}
_REPEATABLE = frozenset({"usage", "price", "orphan"})


def month_of(occurred_at: int) -> str:
    """The UTC month of a unix time, as `2026-02`.

    Raises:
        EntryFormatError: for a time before 1970 or after the year 9999.
    """
    if not 0 <= occurred_at <= TIME_MAX:
        raise EntryFormatError(f"{occurred_at} is not a unix time up to the year 9999")
    return _month_of_day(occurred_at // _DAY_S)


class EntryFields:
    """The tags of one event by name, each read into a type or refused with the event's id."""

    def __init__(self, event: Event) -> None:
        self._event_id = event.id
        self._single: dict[str, Tag] = {}
        self._repeated: dict[str, list[Tag]] = {name: [] for name in _REPEATABLE}
        for tag in event.tags:
            name = tag[0]
            if name in _REPEATABLE:
                self._repeated[name].append(tag)
            elif name in self._single:
                raise self.error(f"the {name} tag appears twice")
            else:
                self._single[name] = tag

    def error(self, reason: str) -> EntryFormatError:
        """The error that names the event."""
        return EntryFormatError(f"event {self._event_id} is no entry: {reason}")

    def has(self, name: str) -> bool:
        """Whether a tag of that name is there."""
        return name in self._single

    def values(self, name: str, count: int) -> Tag:
        """The values of a tag that must have exactly `count` of them."""
        tag = self._single.get(name)
        if tag is None or len(tag) != count + 1:
            raise self.error(f"the {name} tag is missing or has another length")
        return tag[1:]

    def repeated(self, name: str, length: int) -> list[Tag]:
        """All tags of a repeatable name, each of exactly `length` items."""
        tags = self._repeated[name]
        if any(len(tag) != length for tag in tags):
            raise self.error(f"a {name} tag has another length")
        return tags

    def optional(self, name: str, read: Callable[[str], Value]) -> Value | None:
        """What `read` gives for the tag, or None without it."""
        return read(name) if name in self._single else None

    def text(self, name: str) -> str:
        """The only value of a tag."""
        return self.values(name, 1)[0]

    def matching(self, name: str, pattern: re.Pattern[str]) -> str:
        """The only value of a tag, of the form of `pattern`."""
        text = self.text(name)
        if not pattern.fullmatch(text):
            raise self.error(f"the {name} tag has another form")
        return text

    def natural(self, name: str) -> int:
        """The only value of a tag, as a non-negative integer."""
        return self.number(self.text(name))

    def number(self, text: str) -> int:
        """`text` as a non-negative integer of at most 15 digits."""
        if not _NATURAL.fullmatch(text):
            raise self.error(f"{text[:40]!r} is not a plain whole number")
        return int(text)

    def time(self, name: str) -> int:
        """Unix seconds."""
        return self.unix_time(self.text(name))

    def unix_time(self, text: str) -> int:
        """Unix seconds up to the year 9999, so that every calendar can show them."""
        value = self.number(text)
        if value > TIME_MAX:
            raise self.error(f"{text} is later than the year 9999")
        return value

    def integer(self, text: str) -> int:
        """A whole number that may be negative: only a balance may, where it is debt."""
        if text.startswith("-") and text != "-0":
            return -self.number(text[1:])
        return self.number(text)

    def moment(self, text: str) -> int:
        """Unix seconds of a UTC time in ISO 8601."""
        try:
            return int(datetime.strptime(text, ISO_TIME).replace(tzinfo=UTC).timestamp())
        except ValueError as error:
            raise self.error(f"{text[:40]!r} is not a UTC time") from error

    def operation(self, name: str) -> Operation:
        """The operation that a tag names."""
        text = self.text(name)
        operation = _OPERATIONS.get(text)
        if operation is None:
            raise self.error(f"{name} has no value {text[:40]!r}")
        return operation

    def label(self, text: str) -> str:
        """`text` itself, if it is short and not empty."""
        if not text or len(text) > LABEL_MAX:
            raise self.error(f"a label is empty or longer than {LABEL_MAX} characters")
        return text

    def label_of(self, name: str) -> str:
        """The only value of a tag, short and not empty."""
        return self.label(self.text(name))

    def checked_id(self, text: str) -> EntryId:
        """`text` as an entry id."""
        if not HEX_64.fullmatch(text):
            raise self.error("an entry id is not 64 hex digits")
        return EntryId(text)

    def entry_id(self, name: str) -> EntryId:
        """The only value of a tag, as an entry id."""
        return self.checked_id(self.text(name))


@lru_cache(maxsize=1_024)
def _month_of_day(day: int) -> str:
    return datetime.fromtimestamp(day * _DAY_S, UTC).strftime("%Y-%m")
