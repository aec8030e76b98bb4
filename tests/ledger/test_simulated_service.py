"""A simulated service over months: whatever happens in it, readers accept what it writes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from nostr_usage.ledger.cycle import AnniversaryMonth, Annual, CalendarMonth, CycleRule, EveryDays
from nostr_usage.ledger.entry import LotTerms, Operation, Source
from nostr_usage.ledger.fold import balance_of, fold, state_from_json, state_to_json
from nostr_usage.ledger.plan import GRACE_S, Plan
from nostr_usage.ledger.posting import Draft, first_grant
from tests.ledger.scenario import Service, assert_sound, draft, lot_terms, subscribed

HOUR_S = 3_600
DAY_S = 24 * HOUR_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that happens in a simulation: `choice` picks among what there is."""

    wait_s: int
    action: str
    tokens: int
    late_s: int
    choice: int


RULES: list[CycleRule] = [
    CalendarMonth(zone="Europe/Berlin"),
    AnniversaryMonth(),
    EveryDays(days=1, zone="America/New_York"),
    EveryDays(days=28),
    Annual(),
]
steps = st.builds(
    Step,
    wait_s=st.sampled_from([0, 1, HOUR_S, DAY_S, 3 * DAY_S, 20 * DAY_S, -HOUR_S]),
    action=st.sampled_from(
        ["debit", "debit", "refund", "purchase", "gift", "reverse", "cancel", "subscribe"]
    ),
    tokens=st.integers(0, 400),
    late_s=st.sampled_from([0, 0, HOUR_S, 2 * DAY_S, 40 * DAY_S]),
    choice=st.integers(0, 10),
)
plans = st.builds(
    Plan,
    name=st.just("plan"),
    cycle=st.sampled_from(RULES),
    allowance=st.integers(0, 500),
    priority=st.integers(0, 1),
    grace_s=st.sampled_from([0, HOUR_S, GRACE_S]),
)


def simulate(plan: Plan, script: list[Step]) -> Service:
    """A service that lives through `script`, checked after every entry."""
    service = subscribed(plan, at="01-31 10:00")
    for step in script:
        service.now += step.wait_s
        service.write_due()
        made = draft_of(step, service, plan)
        if made is not None:
            service.write(made)
        assert_sound(service.state, total=sum(found.signed_tokens for _, found in service.lines))
    service.write_due()
    return service


def draft_of(step: Step, service: Service, plan: Plan) -> Draft | None:
    """What `step` writes, if there is anything to do."""
    at = max(service.anchor, service.now - step.late_s)
    match step.action:
        case "debit":
            return draft(Operation.DEBIT, tokens=step.tokens, at=at)
        case "purchase":
            return draft(Operation.GRANT, tokens=step.tokens, at=at, lot=lot_terms("purchased"))
        case "gift":
            expires_at = max(service.now, service.state.created_at) + step.choice * DAY_S + 1
            lot = LotTerms(source=Source.GIFT, expires_at=expires_at)
            return draft(Operation.GRANT, tokens=step.tokens, at=service.now, lot=lot)
        case "refund" | "reverse":
            operation = Operation.REFUND if step.action == "refund" else Operation.REVERSE
            wanted = Operation.DEBIT if step.action == "refund" else Operation.GRANT
            named = [key for key, known in service.known.items() if known.operation is wanted]
            if not named:
                return None
            ref = named[step.choice % len(named)]
            tokens = min(step.tokens, service.known[ref].left)
            return draft(operation, tokens=tokens, at=service.now, ref=ref)
        case "subscribe" if service.plan is None:
            service.plan = plan
            at = max(service.now, service.anchor, service.state.created_at)  # a clock may have gone back
            return first_grant(plan, anchor=service.anchor, at=at)
        case "cancel":
            service.plan = None
            return None
        case _:
            return None


@settings(max_examples=300)
@given(plans, st.lists(steps, max_size=20), st.integers(0, 30))
def test_what_is_written_is_what_a_reader_accepts(plan: Plan, script: list[Step], cut: int) -> None:
    """Whatever happens, late or early: no problems, one state, nothing left to write, keys used once."""
    service = simulate(plan, script)
    whole = fold(reversed(service.lines))

    assert () == whole.problems
    assert service.state == whole.state
    assert [] == service.write_due()
    assert len(set(service.due_keys)) == len(service.due_keys)

    before = fold(service.lines[:cut])
    saved = state_from_json(state_to_json(before.state))
    after = fold(service.lines[cut:], state=saved, head=before.head, referred=before.referred)
    assert (whole.state, ()) == (after.state, after.problems)


@settings(max_examples=200)
@given(plans, st.lists(steps, max_size=15), st.integers(1, 2_000), st.lists(st.integers(1, 700), max_size=5))
def test_refunding_everything_undoes_a_debit_lot_by_lot(
    plan: Plan, script: list[Step], tokens: int, parts: list[int]
) -> None:
    """Before anything else happens, a refund in any number of parts gives the very lots and debt."""
    service = simulate(plan, script)
    before = (service.state.lots, service.state.debt)
    at = max(service.now, service.state.created_at)
    service.write(draft(Operation.DEBIT, tokens=tokens, at=at))
    debit = service.lines[-1][0]

    for part in (*parts, tokens):
        returned = min(part, service.known[debit].left)
        service.write(draft(Operation.REFUND, tokens=returned, at=at, ref=debit))

    assert before == (service.state.lots, service.state.debt)


@settings(max_examples=200)
@given(plans, st.lists(steps, max_size=20))
def test_closed_cycles_follow_each_other_and_re_add(plan: Plan, script: list[Step]) -> None:
    """From close to close to the open ones: each begins and opens where the one before ends and closes."""
    service = simulate(plan, script)
    closed = [made.totals for _, made in service.lines if made.totals]
    cycles = [*closed, *service.state.cycles]

    assert service.anchor == cycles[0].start
    assert 0 == cycles[0].opening
    for earlier, later in pairwise(cycles):
        assert (earlier.end, earlier.closing) == (later.start, later.opening)
    assert balance_of(service.state).total == cycles[-1].closing
    assert len(service.lines) == len(closed) + sum(cycle.count for cycle in cycles)
