"""Saved sums of use say what adding up every entry says."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from nostr_usage.errors import HomeError
from nostr_usage.insight.breakdown import Dimension, breakdown
from nostr_usage.insight.use import DAY_S, Use, by_day, day_of
from nostr_usage.ledger.entry import DEFAULT_METER, AccountId, EntryId
from nostr_usage.pricing.usage import Bucket, MeasuredUsage, measured_usage
from nostr_usage.reporting import stream_use
from nostr_usage.reporting.stream_use import Days, all_days, last_days, month_days, read_use, save_use
from nostr_usage.reporting.uses import uses_of
from nostr_usage.store import Store, StreamRow
from nostr_usage.writing.request import Action, Refund
from tests.insight.uses import ZONE
from tests.operators import FEBRUARY_1, OperatorOfTests, operator_in

MARCH = month_days("2026-03")


def stream_in(store: Store, account: AccountId) -> StreamRow:
    """The stream of an account."""
    with store.read() as reader:
        stream = reader.stream(account, DEFAULT_METER)
    assert stream is not None
    return stream


def act(service: OperatorOfTests, account: AccountId, number: int, chance: random.Random) -> EntryId:
    """A chat by one of few members, with one of few models, perhaps some hours ago."""
    service.clock.advance(chance.randint(0, 30_000))
    usage: tuple[MeasuredUsage, ...] = tuple(
        measured_usage(
            model, {Bucket.FRESH_INPUT: chance.randint(1, 90), Bucket.CACHE_READ: 5, Bucket.OUTPUT: 7}
        )
        for model in chance.sample(("gpt-5", "gpt-4o"), k=chance.randint(0, 2))
    )
    return service.recorder.record(
        Action(
            account=account,
            activity=chance.choice(("magic-mentor", "quiz-generation")),
            tokens=chance.randint(0, 40),
            usage=usage,
            occurred_at=max(service.clock.now() - chance.choice((0, 0, 0, 40_000)), FEBRUARY_1),
            actor=chance.choice((None, "ann", "bob")),
            group=chance.choice((None, "sales")),
            prompt=chance.choice((None, "greet")),
            key=f"a{number}",
        )
    ).entry_id


def expected_units(uses: Sequence[Use]) -> dict[str, dict[str, int]]:
    """Units by model and bucket, added up by hand."""
    found: dict[str, dict[str, int]] = {}
    for use in uses:
        for model, bucket, units in use.usage:
            buckets = found.setdefault(model, {})
            buckets[bucket] = buckets.get(bucket, 0) + units
    return found


def assert_same(store: Store, stream: StreamRow, days: Days) -> None:
    """Every figure of these days, against all entries read and added up."""
    with store.read() as reader:
        use = read_use(reader, [stream])
        uses = [one for one in uses_of(reader, stream) if days.first <= day_of(one.at, ZONE) <= days.last]
        for dimension in Dimension:
            assert breakdown(uses, dimension, zone=ZONE) == use.by(dimension, days)
        assert by_day(uses, ZONE) == use.days(days)
        hours = [0] * 168
        for one in uses:
            hours[day_of(one.at, ZONE).weekday() * 24 + one.at % DAY_S // 3_600] += one.tokens
        assert tuple(hours) == use.hours_of_week(days)
        assert expected_units(uses) == {one.model: dict(one.buckets) for one in use.units(days)}


@pytest.mark.parametrize("seed", range(4))
def test_saved_sums_say_what_entries_say(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In every dimension and any span of days, whenever they were saved, with refunds and late actions."""
    monkeypatch.setattr(stream_use, "_SAVED_FROM_ENTRIES", 3)
    monkeypatch.setattr(stream_use, "_ENTRIES_AT_ONCE", 7)
    chance = random.Random(seed)
    with operator_in(tmp_path) as service:
        account = service.open_account()
        ids: list[EntryId] = []
        for number in range(60):
            ids.append(act(service, account, number, chance))
            if chance.random() < 0.2:
                entry_id = ids.pop(chance.randrange(len(ids)))
                with service.store.read() as reader:
                    row = reader.entry(entry_id)
                if row is not None and row.tokens > 0:
                    service.recorder.refund(Refund(entry_id=entry_id, key=f"r{number}"))
            if chance.random() < 0.1:
                save_use(service.store, [stream_in(service.store, account)])
        stream = stream_in(service.store, account)
        with service.store.read() as reader:
            assert reader.use_sums_through(stream.stream_no) > 0
        first = date(2026, 2, 1) + timedelta(days=chance.randint(0, 9))
        last = first + timedelta(days=chance.randint(0, 20))
        for days in (month_days("2026-02"), MARCH, Days(first=first, last=last), all_days()):
            assert_same(service.store, stream, days)
        assert_same(service.store, stream._replace(seq=20), all_days())


def test_a_refund_lowers_what_its_debit_raised(tmp_path: Path) -> None:
    """By member, group, prompt and model, on the day of the refund."""
    with operator_in(tmp_path) as service:
        account = service.open_account()
        usage = (measured_usage("gpt-5", {Bucket.OUTPUT: 7}),)
        action = Action(
            account=account, activity="magic-mentor", tokens=30, usage=usage, actor="ann", group="g", key="a"
        )
        debit = service.recorder.record(action)
        service.clock.advance(DAY_S)
        service.recorder.refund(Refund(entry_id=debit.entry_id, tokens=10, key="r"))
        with service.store.read() as reader:
            use = read_use(reader, [stream_in(service.store, account)])
            for dimension, name in ((Dimension.MEMBER, "ann"), (Dimension.MODEL, "gpt-5")):
                rows = use.by(dimension, month_days("2026-02")).rows
                assert [(name, 1, 20)] == [(row.name, row.count, row.tokens) for row in rows]
            assert [30, -10] == list(use.days(month_days("2026-02")).values())


def test_tokens_split_into_input_output_and_cache(tmp_path: Path) -> None:
    """The cache is part of the input."""
    counts = {Bucket.FRESH_INPUT: 100, Bucket.CACHE_READ: 40, Bucket.CACHE_WRITE: 3, Bucket.REASONING: 9}
    with operator_in(tmp_path) as service:
        account = service.open_account()
        usage = (measured_usage("claude-sonnet-4-5", counts | {Bucket.OUTPUT: 1}),)
        service.recorder.record(
            Action(account=account, activity="magic-mentor", tokens=30, usage=usage, key="a")
        )
        with service.store.read() as reader:
            (units,) = read_use(reader, [stream_in(service.store, account)]).units(month_days("2026-02"))
    assert (143, 10, 40, 3) == (units.input, units.output, units.cache_read, units.cache_write)


def test_two_who_save_at_once_count_once(tmp_path: Path) -> None:
    """Whoever comes second changes nothing."""
    with operator_in(tmp_path) as service:
        account = service.open_account()
        for number in range(40):
            service.recorder.record(
                Action(account=account, activity="magic-mentor", tokens=1, key=f"{number}")
            )
        stream = stream_in(service.store, account)
        save_use(service.store, [stream])
        is_added = service.store.write(
            lambda transaction: transaction.add_to_use_sums(
                stream.stream_no, after_seq=0, through_seq=stream.seq, uses=(), units=()
            )
        )
        assert not is_added
        assert_same(service.store, stream, all_days())


def test_a_few_new_entries_are_not_worth_a_write(tmp_path: Path) -> None:
    """Views add them up instead."""
    with operator_in(tmp_path) as service:
        account = service.open_account()
        service.recorder.record(Action(account=account, activity="magic-mentor", tokens=1, key="a"))
        stream = stream_in(service.store, account)
        save_use(service.store, [stream])
        with service.store.read() as reader:
            assert 0 == reader.use_sums_through(stream.stream_no)


def test_a_store_that_cannot_be_written_is_still_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No figure needs what is saved."""

    def full(*_: object) -> bool:
        raise HomeError("disk full")

    with operator_in(tmp_path) as service, closing(Store.open(tmp_path / "ledger.sqlite")) as other:
        account = service.open_account()
        for number in range(40):
            service.recorder.record(
                Action(account=account, activity="magic-mentor", tokens=1, key=f"{number}")
            )
        stream = stream_in(other, account)
        monkeypatch.setattr(other, "write", full)
        save_use(other, [stream])
        assert_same(other, stream, all_days())


def test_days_of_a_view() -> None:
    """The last seven include today; a month has all of its days."""
    assert Days(first=date(2026, 1, 26), last=date(2026, 2, 1)) == last_days(FEBRUARY_1 + 5, 7)
    assert Days(first=date(2024, 2, 1), last=date(2024, 2, 29)) == month_days("2024-02")
    assert (True, False) == (month_days("2026-02").are_months, last_days(FEBRUARY_1, 7).are_months)
    assert all_days().are_months
