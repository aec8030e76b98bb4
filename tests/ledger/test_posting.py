"""What is due, in which order, and that what is written is what a reader accepts."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from nostr_usage.ledger.cycle import EveryDays
from nostr_usage.ledger.entry import (
    NO_ENTRY,
    Balance,
    Cost,
    CycleTotals,
    LotTerms,
    Operation,
    Source,
    UsageLine,
)
from nostr_usage.ledger.fold import EMPTY_STATE, balance_of, fold
from nostr_usage.ledger.plan import GRACE_S, Plan
from nostr_usage.ledger.posting import Draft, first_grant, next_due, post
from tests.ledger.scenario import (
    ACCOUNT,
    FREE,
    MONTHLY,
    Service,
    draft,
    entry_id,
    lot_terms,
    subscribed,
    unix,
)

HOUR_S = 3_600
DAY_S = 24 * HOUR_S


def due_by(service: Service, when: str) -> list[tuple[str, str, int, int]]:
    """Type, key, tokens and time of all that is due by then; it is written."""
    service.now = unix(when)
    return [(made.type, made.key, made.tokens, made.occurred_at) for made in service.write_due()]


def test_the_first_allowance_lasts_to_the_next_boundary() -> None:
    """Signed up on 10 February on a calendar-month plan, it lapses on 1 March."""
    at = unix("02-10")

    assert Draft(
        operation=Operation.GRANT,
        type="subscription_grant",
        tokens=5_000,
        cost=FREE,
        occurred_at=at,
        key=f"subscription:{at}",
        lot=LotTerms(source=Source.ALLOWANCE, expires_at=unix("03-01"), priority=2),
    ) == first_grant(replace(MONTHLY, priority=2), anchor=at, at=at)


def test_a_cycle_may_last_a_second() -> None:
    """Signed up in the last second of February, the first allowance lapses with it."""
    at = unix("03-01") - 1

    assert lot_terms("allowance 03-01") == first_grant(MONTHLY, anchor=at, at=at).lot


def test_nothing_is_due_inside_a_cycle() -> None:
    """One second before the boundary there is nothing to write, at the boundary there is."""
    service = subscribed()

    assert next_due(service.state, MONTHLY, anchor=service.anchor, now=unix("03-01") - 1) is None
    assert next_due(service.state, MONTHLY, anchor=service.anchor, now=unix("03-01")) is not None


def test_at_the_end_of_a_cycle_its_allowance_lapses_before_the_next_is_granted() -> None:
    """Both are dated at the boundary, the expiry first; the close follows after 48 hours."""
    service, march = subscribed(), unix("03-01")

    assert [
        ("expiry", f"expire:{march}", 5_000, march),
        ("renewal_grant", f"renewal:{march}", 5_000, march),
    ] == due_by(service, "03-02 23:59")
    assert [("cycle_close", f"close:{unix('02-10')}", 0, march - 1)] == due_by(service, "03-03")


def test_a_used_up_allowance_needs_no_expiry() -> None:
    """With nothing left to lapse, only the renewal is due."""
    service = subscribed()
    service.write(draft(Operation.DEBIT, tokens=5_000, at=service.now))

    assert ["renewal_grant"] == [made[0] for made in due_by(service, "03-01")]


def test_everything_that_a_long_absence_left_is_due_in_the_order_of_time() -> None:
    """After three months: each cycle ends, the next begins, and its close comes two days into that."""
    service = subscribed()
    service.write(draft(Operation.GRANT, tokens=100, at=service.now, lot=lot_terms("gift 03-02")))

    types = [(made[0], made[3]) for made in due_by(service, "05-02")]

    assert [
        ("expiry", unix("03-01")),
        ("renewal_grant", unix("03-01")),
        ("expiry", unix("03-02")),
        ("cycle_close", unix("03-01") - 1),
        ("expiry", unix("04-01")),
        ("renewal_grant", unix("04-01")),
        ("cycle_close", unix("04-01") - 1),
        ("expiry", unix("05-01")),
        ("renewal_grant", unix("05-01")),
    ] == types


def test_lots_that_lapse_together_lapse_in_one_entry() -> None:
    """The tokens of an expiry are those of all lots of its second."""
    service = subscribed()
    service.write(draft(Operation.GRANT, tokens=100, at=service.now, lot=lot_terms("gift 03-01")))

    assert ("expiry", 5_100) == due_by(service, "03-01")[0][::2]


def test_in_a_tie_the_expiry_comes_first_and_the_close_last() -> None:
    """With a grace as long as a cycle, all three fall due in one second."""
    plan = Plan(name="daily", cycle=EveryDays(days=1), allowance=10, grace_s=DAY_S)
    service = subscribed(plan)
    due_by(service, "02-11")

    assert ["expiry", "renewal_grant", "cycle_close"] == [made[0] for made in due_by(service, "02-12")]


def test_a_close_states_the_figures_of_its_cycle() -> None:
    """10,000 granted, 4,153 used: 5,847 lapse, and the cycle closes with nothing."""
    service = subscribed(replace(MONTHLY, allowance=10_000))
    service.write(draft(Operation.DEBIT, tokens=4_153, at=service.now))

    due_by(service, "03-03")

    assert (
        CycleTotals(
            start=unix("02-10"),
            end=unix("03-01"),
            opening=0,
            granted=10_000,
            used=4_153,
            expired=5_847,
            first_seq=1,
            count=4,
        )
        == service.lines[-1][1].totals
    )
    assert () == fold(service.lines).problems


def test_a_late_action_counts_in_its_cycle_until_that_is_closed() -> None:
    """Within the grace it is in February's close, after it in March."""
    in_time, too_late = subscribed(), subscribed()
    due_by(in_time, "03-02")
    in_time.write(draft(Operation.DEBIT, tokens=247, at=unix("02-28")))
    due_by(in_time, "03-03")
    due_by(too_late, "03-03")
    too_late.write(draft(Operation.DEBIT, tokens=247, at=unix("02-28")))

    assert [247, 0] == [stated.used for stated in closes(in_time, too_late)]
    assert [0, 247] == [service.state.cycles[0].used for service in (in_time, too_late)]
    assert [-247, 0] == [service.state.cycles[0].opening for service in (in_time, too_late)]


def closes(*services: Service) -> list[CycleTotals]:
    """What the last close of each states."""
    return [[made.totals for _, made in found.lines if made.totals][-1] for found in services]


def test_purchased_tokens_survive_the_end_of_the_month() -> None:
    """847 of an allowance lapse, 14,500 bought ones stay: 15,347 before, 14,500 + 5,000 after."""
    service = subscribed()
    service.write(draft(Operation.DEBIT, tokens=4_153, at=service.now))
    service.write(draft(Operation.GRANT, tokens=14_500, at=service.now, lot=lot_terms("purchased")))
    assert 15_347 == balance_of(service.state).total

    due_by(service, "03-01")

    assert Balance(total=19_500, expiring=5_000, lasting=14_500) == balance_of(service.state)


def test_debt_is_paid_by_the_next_allowance() -> None:
    """5,300 used of 5,000: the renewal brings 4,700."""
    service = subscribed()
    service.write(draft(Operation.DEBIT, tokens=5_300, at=service.now))

    due_by(service, "03-01")

    assert Balance(total=4_700, expiring=4_700, lasting=0) == balance_of(service.state)


def test_without_a_plan_lots_lapse_and_nothing_is_renewed() -> None:
    """A cancelled plan leaves the time after it, which the next entry begins; then the cycle closes."""
    service = subscribed()
    service.plan = None

    assert ["expiry"] == [made[0] for made in due_by(service, "03-20")]
    service.write(draft(Operation.DEBIT, tokens=10, at=service.now))
    assert ["cycle_close"] == [made[0] for made in due_by(service, "03-20")]
    assert [(unix("03-01"), None)] == [(cycle.start, cycle.end) for cycle in service.state.cycles]


def test_a_stream_that_is_not_open_owes_nothing() -> None:
    """Not even with a plan."""
    assert next_due(EMPTY_STATE, MONTHLY, anchor=0, now=unix("03-01")) is None


def test_a_clock_that_went_back_does_not_hide_what_is_due() -> None:
    """Entries are never dated before the last one, so what had lapsed by then is due."""
    service = subscribed()
    service.now = unix("02-20")
    made = draft(Operation.GRANT, tokens=5, at=unix("02-10"), lot=lot_terms("gift 02-15"))
    service.write(made)

    assert ["expiry"] == [due[0] for due in due_by(service, "02-12")]


def test_grace_is_the_plans_and_two_days_without_one() -> None:
    """A plan may close its cycles at once."""
    assert 2 * DAY_S == GRACE_S == MONTHLY.grace_s
    at_once = subscribed(replace(MONTHLY, grace_s=0))

    assert ["expiry", "renewal_grant", "cycle_close"] == [made[0] for made in due_by(at_once, "03-01")]


def test_a_draft_becomes_an_entry_field_by_field() -> None:
    """Nothing that a draft says is lost, and what it cannot know is added."""
    everything = Draft(
        operation=Operation.OPEN,
        type="open",
        tokens=0,
        cost=Cost(micro_dollars=370_500),
        occurred_at=900,
        key="k",
        open_number=7,
        operator_key="b" * 64,
        lot=lot_terms("gift"),
        ref=entry_id(3),
        totals=CycleTotals(start=1, end=2, opening=3),
        level=5,
        description="How do I set boundaries?",
        description_hash="c" * 64,
        usage=(UsageLine(model="m", bucket="output", units=9),),
        prices=("p1",),
        actor="ann",
        group="sales",
        prompt="greeting",
        payment="d" * 32,
        orphans=(entry_id(4),),
        content="sealed",
    )
    entry, posting = post(
        EMPTY_STATE,
        everything,
        account=ACCOUNT,
        meter="seats",
        prev=NO_ENTRY,
        created_at=1_000,
        request="e" * 32,
    )

    shared = {field.name for field in fields(Draft)} - {"key"}
    assert {name: getattr(everything, name) for name in shared} == {
        name: getattr(entry, name) for name in shared
    }
    assert (ACCOUNT, "seats", 1, NO_ENTRY) == (entry.account, entry.meter, entry.seq, entry.prev)
    assert (1_000, "e" * 32) == (entry.created_at, entry.request)
    assert balance_of(posting.state) == entry.balance
    assert 1 == posting.state.seq


@pytest.mark.parametrize(
    "made",
    [
        draft(Operation.REFUND, tokens=5, at=unix("02-11")),
        draft(Operation.GRANT, tokens=5, at=unix("02-11")),
        draft(Operation.CLOSE, at=unix("02-11")),
    ],
    ids=lambda made: str(made.operation),
)
def test_writing_what_a_reader_would_object_to_is_a_fault_of_the_program(made: Draft) -> None:
    """It fails before anything is signed; the control is that a debit does not."""
    service = subscribed()

    with pytest.raises(AssertionError, match="seq 3: "):
        service.write(made)
    service.write(draft(Operation.DEBIT, tokens=5, at=unix("02-11")))
