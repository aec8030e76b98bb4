"""Subscriptions: the stored events first, then every new one, none twice and none left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from nostr_usage.embedded.event_reader import Page
from nostr_usage.nostr.event import VerifiedEvent
from nostr_usage.nostr.filter import Filter, matches


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEvent:
    """A new event: as JSON too, and with its place among the stored ones, None if it is ephemeral."""

    event: VerifiedEvent
    json: bytes
    arrival: int | None


class Subscription:
    """One REQ. New events are held back until its page of stored events was sent.

    Attributes:
        held_bytes: the size of the messages that are held back.
    """

    __slots__ = ("_arrival_max", "_held", "_prefix", "filters", "held_bytes", "subscription_id")

    def __init__(self, subscription_id: str, filters: tuple[Filter, ...]) -> None:
        self.subscription_id = subscription_id
        self.filters = filters
        self.held_bytes = 0
        self._prefix = b'["EVENT",' + orjson.dumps(subscription_id) + b","
        self._held: list[LiveEvent] | None = []
        self._arrival_max = 0

    def messages(self, events: Iterable[bytes]) -> list[bytes]:
        """The EVENT messages that carry `events`, each as JSON."""
        return [b"".join((self._prefix, json, b"]")) for json in events]

    def take(self, new: LiveEvent) -> list[bytes]:
        """The message for a new event: none if nobody asked for it, it was on the page, or has to wait."""
        if not any(matches(wanted, new.event) for wanted in self.filters):
            return []
        if self._held is not None:
            self._held.append(new)
            self.held_bytes += len(new.json)
            return []
        if new.arrival is not None and new.arrival <= self._arrival_max:
            return []
        return self.messages((new.json,))

    def go_live(self, page: Page) -> list[bytes]:
        """The messages held back that were not on `page`; from here on `take` gives them at once."""
        held, self._held, self.held_bytes = self._held or [], None, 0
        self._arrival_max = page.arrival_max
        return self.messages(
            new.json for new in held if new.arrival is None or new.arrival > page.arrival_max
        )
