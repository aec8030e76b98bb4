"""What a relay delivered, counted: they sign nothing, so a count is all that can be held against one."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True, kw_only=True)
class RelayScore:
    """Counts of one relay.

    Attributes:
        received: events that arrived, whatever they were worth.
        unique: those that told something new at the time.
        duplicate: those that the same relay had shown for the same request.
        foreign: events that the filter did not ask for.
        unasked: messages about subscriptions and events that nobody asked about.
        malformed: messages and events that are not what NIP-01 says.
        forged: events that no signature and no link authenticates.
    """

    received: int = 0
    unique: int = 0
    duplicate: int = 0
    foreign: int = 0
    unasked: int = 0
    malformed: int = 0
    forged: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing came that an honest relay would not send."""
        return not (self.foreign or self.unasked or self.malformed or self.forged)

    def add(self, other: RelayScore) -> None:
        """Count what `other` counted, too."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
