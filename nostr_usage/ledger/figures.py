"""Figures that an entry states and the fold computes: a balance, and a cycle.

Named tuples, as all of a stream's state: built anew with every entry, and read by whoever asks for a balance,
who should not wait for dataclasses to be made.
"""

from typing import NamedTuple


class Balance(NamedTuple):
    """The balance after an entry: `total` = `expiring` + `lasting` − debt, so a negative total is debt."""

    total: int
    expiring: int
    lasting: int


class CycleTotals(NamedTuple):
    """A cycle in figures: `opening + granted + purchased + refunded − used − expired = closing`.

    `start` and `end` are unix seconds, half open; `end` None is a stream without an allowance.
    `granted` counts every source but purchases; each is less what was reversed of it, so it may be negative.
    `used` counts debits in full.
    `first_seq` and `count` name the entries whose occurred_at lies in the cycle.
    """

    start: int
    end: int | None
    opening: int
    granted: int = 0
    purchased: int = 0
    used: int = 0
    refunded: int = 0
    expired: int = 0
    first_seq: int = 0
    count: int = 0  # pyright: ignore[reportIncompatibleMethodOverride]  # of entries; nobody counts items

    @property
    def closing(self) -> int:
        """The balance at the end of the cycle, or so far."""
        return self.opening + self.granted + self.purchased + self.refunded - self.used - self.expired
