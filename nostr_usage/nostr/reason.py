"""Why a relay said no, as it says it in OK and CLOSED, and what the publisher or reader should do.

A reason is `<prefix>: <text>` (NIP-01, NIP-42). Relays differ: strfry wraps the reasons of CLOSED in
`ERROR: `, and some invent prefixes. What is not understood is an error that may pass, so it is tried again,
within bounds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Final

# A reason is one line for people; a relay could send a whole message of it.
REASON_CHARS_MAX = 300

_WRAPPER = re.compile(r"error: *", re.IGNORECASE)
_PREFIX = re.compile(r"([a-z-]+): *")


class Prefix(StrEnum):
    """The word before the colon; `NONE` only if the relay gave no reason at all."""

    NONE = ""
    DUPLICATE = "duplicate"
    POW = "pow"
    BLOCKED = "blocked"
    RATE_LIMITED = "rate-limited"
    INVALID = "invalid"
    RESTRICTED = "restricted"
    MUTE = "mute"
    ERROR = "error"
    AUTH_REQUIRED = "auth-required"
    UNSUPPORTED = "unsupported"
    REPLACED = "replaced"
    DELETED = "deleted"
    COUNT_FAILED = "count-failed"


class Verdict(Enum):
    """What to do after an answer."""

    STORED = auto()
    """Accepted. Read it back before calling it stored: relays acknowledge what they then drop."""
    DUPLICATE = auto()
    """Known already, or superseded, or deleted: relays use one word for all three. Read it back by its id."""
    AUTHENTICATE = auto()
    """Authenticate (NIP-42), then send the same again."""
    LATER = auto()
    """Back off, then send the same again; a bounded number of times."""
    FINAL = auto()
    """This relay will not, whatever is tried: its policy. Show it."""
    ALARM = auto()
    """Final, and a sign of a fault or an attack: a malformed event, a `d` used twice, a deletion."""


_VERDICTS: Final = {
    Prefix.NONE: Verdict.LATER,
    Prefix.DUPLICATE: Verdict.DUPLICATE,
    Prefix.POW: Verdict.LATER,
    Prefix.BLOCKED: Verdict.FINAL,
    Prefix.RATE_LIMITED: Verdict.LATER,
    Prefix.INVALID: Verdict.ALARM,
    Prefix.RESTRICTED: Verdict.FINAL,
    Prefix.MUTE: Verdict.FINAL,
    Prefix.ERROR: Verdict.LATER,
    Prefix.AUTH_REQUIRED: Verdict.AUTHENTICATE,
    Prefix.UNSUPPORTED: Verdict.FINAL,
    Prefix.REPLACED: Verdict.ALARM,
    Prefix.DELETED: Verdict.ALARM,
    Prefix.COUNT_FAILED: Verdict.FINAL,
}
_PREFIXES = frozenset(Prefix) - {Prefix.NONE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A prefix for programs and a line of text for people, safe to print."""

    prefix: Prefix
    text: str

    def __str__(self) -> str:
        return f"{self.prefix}: {self.text}" if self.prefix else self.text


def parse_reason(text: str) -> Reason:
    """The reason in the last item of an OK, CLOSED or NEG-ERR, free of strfry's `ERROR: ` wrapper."""
    text = printable(text)
    if not text:
        return Reason(prefix=Prefix.NONE, text="")
    if wrapper := _WRAPPER.match(text):
        text = text[wrapper.end() :]
    match = _PREFIX.match(text)
    if match and match.group(1) in _PREFIXES:
        return Reason(prefix=Prefix(match.group(1)), text=text[match.end() :])
    return Reason(prefix=Prefix.ERROR, text=text)


def verdict_of_ok(reason: Reason, *, accepted: bool) -> Verdict:
    """What the publisher of an event should do after the OK that answers it."""
    if accepted and reason.prefix is not Prefix.DUPLICATE:
        return Verdict.STORED
    return _VERDICTS[reason.prefix]


def verdict_of_closed(reason: Reason) -> Verdict:
    """What a reader should do after a CLOSED: never `STORED` or `DUPLICATE`."""
    return Verdict.FINAL if reason.prefix is Prefix.DUPLICATE else _VERDICTS[reason.prefix]


def printable(text: str, *, chars_max: int = REASON_CHARS_MAX) -> str:
    """`text` cut to one line that is safe to show: no control characters, which could steer a terminal."""
    text = text[:chars_max]
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    return text.strip()
