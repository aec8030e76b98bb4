"""The usage of a period: parts that re-add, bars, balances, the forecast, the dearest actions."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from nostr_usage.insight.use import DAY_S
from nostr_usage.ledger.entry import DEFAULT_METER, AccountId
from nostr_usage.pricing.catalogue import load_catalogue
from nostr_usage.pricing.usage import Bucket, measured_usage
from nostr_usage.report import balance_view
from nostr_usage.reporting.analytics import forecast_of
from nostr_usage.reporting.periods import LENGTHS, Length
from nostr_usage.reporting.stream_use import ModelUnits, save_use
from nostr_usage.reporting.usage import Kind, UsageView, kind_rows, usage_view
from nostr_usage.writing.request import Action, Refund
from tests.operators import FEBRUARY_1, OperatorOfTests, operator_in

NOW = FEBRUARY_1 + 40 * DAY_S + 7_200
CATALOGUE = load_catalogue()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OperatorOfTests, AccountId]]:
    """Forty days of chats and quizzes by two members, some measured, some given back."""
    chance = random.Random(5)
    with operator_in(tmp_path_factory.mktemp("usage")) as service:
        account = service.open_account()
        for number in range(90):
            service.clock.set(FEBRUARY_1 + number * 38_000)
            receipt = service.recorder.record(
                Action(
                    account=account,
                    activity=chance.choice(("magic-mentor", "quiz-generation")),
                    key=f"a{number}",
                    tokens=chance.randint(1, 90),
                    actor=chance.choice((None, "ann", "bob")),
                    usage=(
                        measured_usage(
                            "gpt-5", {Bucket.FRESH_INPUT: 9, Bucket.CACHE_READ: 3, Bucket.OUTPUT: 5}
                        ),
                    )
                    if number % 3 == 0
                    else (),
                )
            )
            if number % 10 == 0:
                service.recorder.refund(Refund(entry_id=receipt.entry_id, key=f"r{number}", tokens=1))
        service.clock.set(NOW)
        yield service, account


def view_of(told: tuple[OperatorOfTests, AccountId], length: Length, day: date | None = None) -> UsageView:
    """The usage of a period."""
    service, account = told
    with service.store.read() as reader:
        stream = reader.stream(account, DEFAULT_METER)
        assert stream is not None
        balance = balance_view(reader, stream, now=NOW, token_value=CATALOGUE.token_value)
        return usage_view(reader, stream, length, day, now=NOW, balance=balance, catalogue=CATALOGUE)


@pytest.mark.parametrize("length", LENGTHS)
def test_every_part_has_the_same_total_and_shares_add_to_a_hundred(
    told: tuple[OperatorOfTests, AccountId], length: Length
) -> None:
    """By activity, model and member, and over the bars."""
    view = view_of(told, length)
    for part in view.parts:
        assert part is not None
        assert view.total.tokens == part.tokens == sum(row.tokens for row in part.rows)
        assert view.total.cents == sum(row.cents for row in part.rows)
        assert sum(row.share for row in part.rows) in {0, 100}
    assert view.total.tokens == sum(bar.tokens or 0 for bar in view.bars)
    assert sum(row.share or 0 for row in view.kinds) in {0, 100}


def test_saved_sums_change_nothing(told: tuple[OperatorOfTests, AccountId]) -> None:
    """They only make it faster."""
    service, account = told
    before = [view_of(told, length) for length in LENGTHS]
    with service.store.read() as reader:
        stream = reader.stream(account, DEFAULT_METER)
        assert stream is not None
    save_use(service.store, [stream])
    assert before == [view_of(told, length) for length in LENGTHS]


def test_what_is_to_come_or_was_before_the_first_entry_is_unknown(
    told: tuple[OperatorOfTests, AccountId],
) -> None:
    """It is None, not zero."""
    year = view_of(told, Length.YEAR)
    known = [bar.tokens is not None for bar in year.bars]
    assert [False, True, True] + [False] * 9 == known
    assert year.bars[0].balance is None
    month = view_of(told, Length.MONTH)
    assert 13 == sum(bar.tokens is not None for bar in month.bars)
    assert month.heat[-1] is None
    assert month.heat[0] is None
    assert sum(used or 0 for used in month.heat) == view_of(told, Length.ALL).total.tokens


def test_balances_are_those_that_entries_state_and_the_last_is_the_balance_now(
    told: tuple[OperatorOfTests, AccountId],
) -> None:
    """The forecast goes on from there, never below nothing."""
    view = view_of(told, Length.MONTH)
    now = [bar for bar in view.bars if bar.balance is not None][-1]
    assert view.balance.tokens == now.balance
    expected = [bar.expected for bar in view.bars if bar.expected is not None]
    assert expected == sorted(expected, reverse=True)
    assert expected[0] <= view.balance.tokens
    assert min(expected) >= 0
    assert all(bar.expected is None for bar in view.bars if bar.first <= NOW)


def test_the_forecast_is_the_one_that_everybody_gets(told: tuple[OperatorOfTests, AccountId]) -> None:
    """From saved sums as from entries."""
    service, account = told
    view = view_of(told, Length.DAY)
    with service.store.read() as reader:
        stream = reader.stream(account, DEFAULT_METER)
        assert stream is not None
        assert forecast_of(reader, stream, view.balance, now=NOW) == view.forecast


def test_the_dearest_actions_are_those_with_most_tokens(told: tuple[OperatorOfTests, AccountId]) -> None:
    """Five at most, of the period only."""
    everything = view_of(told, Length.ALL)
    sizes = [-row.tokens for row in everything.dearest]
    assert 5 == len(sizes)
    assert sizes == sorted(sizes, reverse=True)
    february = view_of(told, Length.MONTH, date(2026, 2, 5))
    assert all(row.occurred_at < FEBRUARY_1 + 28 * DAY_S for row in february.dearest)


def test_a_month_is_compared_with_the_same_days(told: tuple[OperatorOfTests, AccountId]) -> None:
    """The first month with nothing: that is unknown, too."""
    march, february = view_of(told, Length.MONTH), view_of(told, Length.MONTH, date(2026, 2, 5))
    assert march.compared is not None
    assert (date(2026, 2, 1), date(2026, 2, 13)) == (march.compared.first, march.compared.last)
    assert march.before is not None
    assert march.used_before == sum(
        bar.tokens or 0 for bar in february.bars if bar.first < FEBRUARY_1 + 13 * DAY_S
    )
    assert february.used_before is None


def test_units_that_no_version_knows_yet_are_other_units() -> None:
    """Pieces have no share among tokens."""
    rows = kind_rows(
        [
            ModelUnits(
                model="m", buckets=(("fresh_input", 30), ("holograms", 4), ("images", 2), ("output", 10))
            )
        ]
    )
    assert [(Kind.INPUT, 30, 75), (Kind.OUTPUT, 10, 25), (Kind.PIECES, 6, None)] == [
        (row.kind, row.units, row.share) for row in rows
    ]
    assert () == kind_rows([])


def test_a_plan_limits_what_the_screen_shows_and_says_which_plans_do_not(tmp_path: Path) -> None:
    """Seven days, no models, no members; the total re-adds from what is shown, and nothing older counts."""
    catalogue = load_catalogue("prompt_lab")
    with operator_in(tmp_path, catalogue=catalogue) as service:
        account = service.open_account(plan="free")
        activity = catalogue.activities[0].name
        for day in range(30):
            service.clock.set(FEBRUARY_1 + day * DAY_S + 60)
            usage = (measured_usage("gpt-5", {Bucket.FRESH_INPUT: 900, Bucket.OUTPUT: 500}),)
            service.recorder.record(Action(account=account, activity=activity, key=f"{day}", usage=usage))
        with service.store.read() as reader:
            stream = reader.stream(account, catalogue.default_meter)
            assert stream is not None
            now = service.clock.now()
            balance = balance_view(reader, stream, now=now, token_value=catalogue.token_value)
            views = [
                usage_view(reader, stream, length, None, now=now, balance=balance, catalogue=catalogue)
                for length in LENGTHS
            ]
    for view in views:
        assert (None, None) == view.parts[1:]
        assert () == view.kinds
        assert "does not include" in view.refusals[1]
        assert 7 == view.shown_days
        assert view.total.tokens == sum(bar.tokens or 0 for bar in view.bars)
        assert view.total.count <= 7
    assert 7 == views[-1].total.count
    assert 7 == sum(used is not None for used in views[-1].heat)


def test_a_new_account_has_a_usage_screen(tmp_path: Path) -> None:
    """Nothing used, nothing before, no forecast; nothing divides by zero."""
    with operator_in(tmp_path) as service:
        account = service.open_account()
        for length in LENGTHS:
            with service.store.read() as reader:
                stream = reader.stream(account, DEFAULT_METER)
                assert stream is not None
                now = service.clock.now()
                balance = balance_view(reader, stream, now=now, token_value=CATALOGUE.token_value)
                view = usage_view(reader, stream, length, None, now=now, balance=balance, catalogue=CATALOGUE)
            assert 0 == view.total.tokens
            assert () == view.kinds
            assert view.forecast is None
            assert view.used_before is None
