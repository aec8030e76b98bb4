"""How long to wait before trying again: longer each time, and never all at once."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Delays that double from `first_s` up to `longest_s` seconds."""

    first_s: float
    longest_s: float

    def delay_s(self, attempts: int, *, random: Random) -> float:
        """The delay after that many failed attempts (1, 2, 3 …), seconds.

        Between half of the full delay and all of it: those who failed together do not return together.
        """
        doublings = min(max(attempts - 1, 0), 32)
        full_s = min(self.first_s * 2**doublings, self.longest_s)
        return full_s * (0.5 + random.random() / 2)


RECONNECTING = Backoff(first_s=1.0, longest_s=300.0)
"""For a connection that was lost or refused."""

PUBLISHING = Backoff(first_s=4.0, longest_s=3_600.0)
"""For an event that a relay did not take, or took and does not show."""

SLOWING_DOWN = Backoff(first_s=4.0, longest_s=60.0)
"""For a relay that asks for fewer events at a time; such limits are by the minute."""
