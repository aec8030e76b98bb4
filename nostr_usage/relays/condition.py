"""How it went with a relay, as a value: nothing that a relay does is an exception of a whole pass."""

from __future__ import annotations

from enum import StrEnum

from nostr_usage.errors import RelayError, RelayRefusedError


class RelayCondition(StrEnum):
    """How far a pass got with one relay."""

    ANSWERED = "answered"
    """It answered all that it was asked."""
    REFUSED = "refused"
    """It does not let us: `auth-required`, `restricted` and the like. Never the same as having nothing."""
    UNREACHABLE = "unreachable"
    """There was no connection, or it was lost."""


def condition_of(error: RelayError | None) -> RelayCondition:
    """The condition that `error` brought about; None is none."""
    if error is None:
        return RelayCondition.ANSWERED
    return RelayCondition.REFUSED if isinstance(error, RelayRefusedError) else RelayCondition.UNREACHABLE
