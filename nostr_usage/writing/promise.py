"""What a catalogue promises, in the ledger's terms: the one place where those two cores meet."""

from __future__ import annotations

from nostr_usage.ledger.cycle import AnniversaryMonth, Annual, CalendarMonth, CycleRule, EveryDays
from nostr_usage.ledger.entry import Source
from nostr_usage.ledger.plan import Plan, Rollover
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.pricing.offers import Cycle, CycleKind
from nostr_usage.pricing.tables import Burn

_HOUR_S = 3_600


def ledger_plan(catalogue: Catalogue, name: str, *, meter: str | None = None) -> Plan:
    """The plan `name` as the fold of one meter needs it, by default of the catalogue's first.

    Raises:
        UnknownNameError: if the catalogue has no such plan.
    """
    plan = catalogue.plan(name)
    rollover = plan.rollover
    return Plan(
        name=plan.name,
        cycle=_cycle_rule(plan.cycle),
        allowance=catalogue.allowance_of(plan, meter or catalogue.default_meter),
        rollover=Rollover(cap=rollover.cap, cycles=rollover.cycles) if rollover else None,
        priority=lot_priority(catalogue, Source.ALLOWANCE),
        grace_s=catalogue.grace_hours * _HOUR_S,
    )


def lot_priority(catalogue: Catalogue, source: Source) -> int:
    """The priority of a new lot: lower is spent first; equal priorities are spent as they expire.

    The catalogue's burn order travels with each grant, so that whoever folds needs no catalogue.
    """
    purchased_first = catalogue.burn is Burn.PURCHASED_FIRST
    return 1 if purchased_first and source is not Source.PURCHASED else 0


def _cycle_rule(cycle: Cycle) -> CycleRule:
    match cycle.kind:
        case CycleKind.CALENDAR_MONTH:
            return CalendarMonth(zone=cycle.zone)
        case CycleKind.EVERY_DAYS:
            assert cycle.days is not None, "the catalogue was checked"
            return EveryDays(days=cycle.days, zone=cycle.zone)
        case CycleKind.ANNIVERSARY_MONTH:
            return AnniversaryMonth(zone=cycle.zone)
        case CycleKind.ANNUAL:
            return Annual(zone=cycle.zone)
