"""Deletion requests (NIP-09, NIP-62): a ledger key never signs one, so one that is signed says enough.

What it names stays counted: it was signed as well, and whoever holds it can show it.
"""

from __future__ import annotations

import re

from nostr_usage.ledger.problems import Problem, ProblemCode
from nostr_usage.nostr.event import Event
from nostr_usage.nostr.tags import tag_values

DELETION_KIND = 5
VANISH_KIND = 62
DELETION_KINDS = (DELETION_KIND, VANISH_KIND)

_EVENT_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


def deleted_ids(event: Event) -> tuple[str, ...]:
    """The ids of the events that a request names one by one."""
    names = tag_values(event.tags, "e") if event.kind == DELETION_KIND else ()
    return tuple(name for name in dict.fromkeys(names) if _EVENT_ID.fullmatch(name))


def deletion_problem(event: Event) -> Problem:
    """What to report of a request that the ledger key signed."""
    if event.kind == VANISH_KIND:
        wish = "all that it ever signed"
    else:
        named = len(tag_values(event.tags, "e")) + len(tag_values(event.tags, "a"))
        wish = f"{named:,} of its events"
    message = f"the ledger key asked relays to delete {wish}, in event {event.id}; what is held stays counted"
    return Problem(code=ProblemCode.DELETION_REQUEST, message=message)
