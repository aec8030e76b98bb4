"""The figures of monthly reports: whatever happened, everything that can be added up gives what it should."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nostr_usage.errors import InputError, UnknownNameError
from nostr_usage.ledger.entry import AccountId, Source
from nostr_usage.ledger.problems import Problem, ProblemCode
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.reporting.monthly import MeterMonth, MonthlyReport, monthly_report
from nostr_usage.store import StreamStatus
from nostr_usage.writing.request import Action, Grant, Refund
from tests.operators import DAY_S, FEBRUARY_1, OperatorOfTests, operator_in
from tests.reporting.reported_months import HOSTILE, reported, reported_service, set_status

MONTHS = ("2026-02", "2026-03", "2026-04")


def contradictions(report: MonthlyReport) -> Iterator[str]:
    """What does not add up in a report."""
    for meter in report.meters:
        running = meter.statement.opening
        for line in meter.lines:
            running += line.row.tokens
            if running != line.running:
                yield f"running balance at {line.row.seq}"
        if running != meter.statement.closing:
            yield "closing balance"
        net = meter.statement.used - meter.statement.refunded
        if net != sum(meter.days):
            yield "days"
        for part in (meter.activities, meter.models, meter.members, meter.departments):
            if (net, net) != (part.tokens, sum(row.tokens for row in part.rows)):
                yield f"tokens by {part.dimension}"
            if sum(row.cents for row in part.rows) != part.cents:
                yield f"cents by {part.dimension}"
            if sum(row.share for row in part.rows) not in {0, 100}:
                yield f"shares by {part.dimension}"
            if meter.statement.month.micro_dollars != part.micro_dollars:
                yield f"dollars by {part.dimension}"


def lively_service(directory: Path, seed: int) -> Iterator[OperatorOfTests]:
    """A service of three months in which anything happens, late actions and refunds of another month too."""
    chance = random.Random(seed)
    with operator_in(directory, seed=seed) as service:
        acme = service.open_account("acme", plan=chance.choice([None, "standard"]))
        debits: list[str] = []
        for number in range(60):
            service.clock.advance(chance.randrange(3 * DAY_S))
            _anything(service, acme, chance, debits, key=f"k{number}")
        yield service


def _anything(
    service: OperatorOfTests, acme: AccountId, chance: random.Random, debits: list[str], *, key: str
) -> None:
    now, recorder = service.clock.now(), service.recorder
    if debits and chance.random() < 0.2:
        recorder.refund(Refund(entry_id=debits.pop(chance.randrange(len(debits))), key=key))  # pyright: ignore[reportArgumentType]  # ids as they came
    elif chance.random() < 0.2:
        source = chance.choice([Source.PROMO, Source.PURCHASED, Source.GIFT])
        expires_at = None if chance.random() < 0.4 else now + chance.randrange(1, 40 * DAY_S)
        recorder.grant(
            Grant(account=acme, tokens=chance.randrange(3_000), source=source, key=key, expires_at=expires_at)
        )
    else:
        late = chance.choice([0, 0, 0, DAY_S, 2 * DAY_S])
        action = Action(
            account=acme,
            activity=chance.choice(["magic-mentor", "quiz-generation"]),
            tokens=chance.randrange(1, 900),
            key=key,
            actor=chance.choice([None, "ann", "bob"]),
            group=chance.choice([None, "sales"]),
            occurred_at=max(now - late, FEBRUARY_1),
        )
        debits.append(recorder.record(action).entry_id)


@pytest.mark.parametrize("seed", range(12))
def test_everything_adds_up(tmp_path: Path, seed: int) -> None:
    """Line by line, part by part; and each month opens with what the one before it closed with."""
    for service in lively_service(tmp_path, seed):
        service.clock.set(max(service.clock.now(), FEBRUARY_1 + 100 * DAY_S))
        reports = [reported(service, month) for month in MONTHS]
        assert [] == [found for report in reports for found in contradictions(report)]
        closings = [report.meters[0].statement.closing for report in reports]
        assert closings[:-1] == [report.meters[0].statement.opening for report in reports[1:]]


def test_control_a_changed_line_does_not_add_up(tmp_path: Path) -> None:
    """A report with a line left out, or with another day, is found out."""
    with reported_service(tmp_path) as service:
        report = reported(service)
    meter = report.meters[0]
    assert [] == list(contradictions(report))
    for changed in (
        replace(meter, lines=meter.lines[:6] + meter.lines[7:]),
        replace(meter, days=(1, *meter.days[1:])),
        replace(meter, members=replace(meter.members, rows=meter.members.rows[1:])),
    ):
        assert list(contradictions(replace(report, meters=(changed,))))


def figures_of(meter: MeterMonth) -> tuple[int, ...]:
    """The sheet, from opening to closing."""
    view = meter.statement
    return (
        view.opening,
        view.granted,
        view.purchased,
        view.refunded,
        view.used,
        view.expired,
        view.reversed,
        view.closing,
    )


def test_month_of_an_organisation(tmp_path: Path) -> None:
    """Members and departments by the names that the service knows; a refund counts for its debit's member."""
    with reported_service(tmp_path) as service:
        report = reported(service)
    meter = report.meters[0]
    assert (0, 8_000, 5_800, 200, 2_462, 1_700, 0, 9_838) == figures_of(meter)
    assert [("Maria", 2, 1_900), ("Lee", 4, 362)] == [
        (row.name, row.count, row.tokens) for row in meter.members.rows
    ]
    assert [("Sales <b>", 1_900), ("", 362)] == [(row.name, row.tokens) for row in meter.departments.rows]
    assert [("", 5), ("gpt-4o", 1)] == [(row.name, row.count) for row in meter.models.rows]
    assert (300, 1_000, 40, 917, 5) == tuple(tokens for tokens in meter.days if tokens)
    assert (True, True, ()) == (report.is_organisation, report.is_final, report.reservations)
    assert len(meter.lines) == meter.signatures_checked
    assert HOSTILE in [line.description for line in meter.lines]


def test_late_entry_is_in_its_month_with_a_balance_of_its_own(tmp_path: Path) -> None:
    """The ledger's balance after it counts March as well; the month's does not."""
    with reported_service(tmp_path) as service:
        last = reported(service).meters[0].lines[-1]
    assert (-5, 9_838) == (last.row.tokens, last.running)
    assert last.running != last.row.balance


def test_month_that_is_not_over_is_not_final(tmp_path: Path) -> None:
    """Though nothing is wrong with the ledger."""
    with reported_service(tmp_path) as service:
        report = reported(service, "2026-03")
    assert (False, ()) == (report.is_final, report.doubts)
    assert "not over" in report.reservations[0]


@pytest.mark.parametrize(
    ("status", "is_own", "said"),
    [
        (StreamStatus.CONFLICT, True, "Conflict"),
        (StreamStatus.INCOMPLETE, True, "Incomplete"),
        (StreamStatus.STALE, False, "Stale"),
        (StreamStatus.PROVISIONAL, False, None),
        (StreamStatus.PROVISIONAL, True, None),
        (StreamStatus.VERIFIED, False, None),
    ],
)
def test_what_is_not_proved_is_never_final(
    tmp_path: Path, *, status: StreamStatus, is_own: bool, said: str | None
) -> None:
    """A conflict least of all; signed, linked and adding up is as much as any reader can have."""
    with reported_service(tmp_path) as service:
        set_status(service, status)
        report = reported(service, is_own=is_own)
    assert (said is None, [said] if said else []) == (
        report.is_final,
        [doubt.split(":")[0] for doubt in report.doubts],
    )


def test_problems_are_counted(tmp_path: Path) -> None:
    """A ledger that errs is not final either."""
    with reported_service(tmp_path) as service:
        problem = Problem(code=ProblemCode.BALANCE_MISMATCH, message="5 is not 6", seq=3)
        service.store.write(lambda transaction: transaction.add_problems(1, [problem]))
        report = reported(service)
    assert ("1 problem was found in the ledger.",) == report.doubts


def test_private_text_can_be_left_out(tmp_path: Path) -> None:
    """Of every line."""
    with reported_service(tmp_path) as service:
        report = reported(service, has_descriptions=False)
    assert {""} == {line.description for line in report.meters[0].lines}


def test_every_meter_has_its_part(tmp_path: Path) -> None:
    """An organisation with five balances is reported in five parts, or in the one that is asked for."""
    with operator_in(tmp_path, catalogue=load_catalogue("bright_audio")) as service:
        service.open_account("acme", plan="pro")
        report = reported(service)
        assert ["lead_generation", "goal_generation", "strategy_analysis", "forecast", "general"] == [
            meter.meter for meter in report.meters
        ]
        assert [50, 20, 100, 30, 0] == [meter.statement.closing for meter in report.meters]
        set_status(service, StreamStatus.CONFLICT)
        assert "(lead_generation)" in reported(service).doubts[0]
        with service.store.read() as reader:
            one = monthly_report(
                reader, report.account, "2026-02", service="a" * 64, now=FEBRUARY_1, meter="forecast"
            )
        assert ["forecast"] == [meter.meter for meter in one.meters]


def test_month_without_entries_is_zero(tmp_path: Path) -> None:
    """Before the account was opened; and a month that has not begun has no report."""
    with reported_service(tmp_path) as service:
        report = reported(service, "2025-12")
        assert (True, (0,) * 8) == (report.is_empty, figures_of(report.meters[0]))
        with pytest.raises(InputError, match="2026-04 has not begun"):
            reported(service, "2026-04")


def test_unknown_account_has_no_report(tmp_path: Path) -> None:
    """Nor has a meter that it does not have."""
    with reported_service(tmp_path) as service:
        known = reported(service).account
        with service.store.read() as reader:
            for account, meter in ((AccountId("ab" * 32), None), (known, "forecast")):
                with pytest.raises(UnknownNameError):
                    monthly_report(reader, account, "2026-02", service="a" * 64, now=FEBRUARY_1, meter=meter)
