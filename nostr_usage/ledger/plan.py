"""What an account is promised, in the fold's terms: an allowance every cycle."""

from __future__ import annotations

from dataclasses import dataclass

from nostr_usage.ledger.cycle import CycleRule

GRACE_S = 48 * 3600
"""How long after the end of a cycle late actions still count in it, where no plan says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollover:
    """What of an unused allowance goes on: while at most `cap` tokens have, for `cycles` (1 or more) each."""

    cap: int
    cycles: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan as the ledger sees it; what it costs, allows and is called elsewhere is the catalogue's.

    Attributes:
        name: for people and idempotency keys.
        cycle: when its allowance is granted, and lapses.
        allowance: tokens granted per cycle; 0 is a plan without AI, which has cycles all the same.
        priority: of the allowance's lot; lower is spent first.
        rollover: None if all of an unused allowance lapses.
        grace_s: how long after the end of a cycle late actions still count in it.
    """

    name: str
    cycle: CycleRule
    allowance: int
    priority: int = 0
    rollover: Rollover | None = None
    grace_s: int = GRACE_S
