"""Sums of what was spent: the same whether they are saved or added up anew, and added up from little."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from random import Random

import pytest

from nostr_usage.ledger.entry import Entry, UsageLine
from nostr_usage.store import AlertRow, BudgetRow, Line, Store, Tally, Transaction
from tests.store.ledger_lines import NOON, Stream

SCOPES = ("account", "member", "group", "model", "activity")
SUBJECTS = {
    "account": ("",),
    "member": ("maria", "otto"),
    "group": ("sales", "nobody"),
    "model": ("gpt-5", "gpt-5-mini"),
    "activity": ("magic-mentor", "quiz"),
}


def history(seed: int, count: int) -> tuple[Stream, list[Line]]:
    """Debits a few minutes apart, some of them late, by several members with several models."""
    random = Random(seed)
    stream = Stream()
    times = list(accumulate(random.randint(0, 600) for _ in range(count)))
    lines: list[Line] = []
    for time in times:
        line = stream.line(tokens=random.randint(1, 500), type=random.choice(["magic-mentor", "quiz"]))
        models = random.sample(["gpt-5", "gpt-5-mini"], random.randint(0, 2))
        entry = replace(
            line.entry,
            created_at=NOON + time,
            occurred_at=NOON + time - random.choice([0, 0, 0, 3_000]),
            actor=random.choice([None, "maria", "otto"]),
            group=random.choice([None, "sales"]),
            usage=tuple(
                UsageLine(model=model, bucket=bucket, units=1)
                for model in sorted(models)
                for bucket in ("fresh_input", "output")
            ),
        )
        lines.append(line._replace(entry=entry))
    return stream, lines


def belongs(entry: Entry, scope: str, subject: str) -> bool:
    """Whether an entry counts for a subject, said in another way than the store says it."""
    match scope:
        case "account":
            return True
        case "member":
            return entry.actor == subject
        case "group":
            return entry.group == subject
        case "model":
            return subject in {line.model for line in entry.usage}
        case _:
            return entry.type == subject


def spent(lines: list[Line], scope: str, subject: str, *, start: int) -> int:
    """The oracle: every entry is looked at."""
    return sum(
        line.entry.tokens
        for line in lines
        if line.entry.occurred_at >= start and belongs(line.entry, scope, subject)
    )


def asked(store: Store, random: Random, *, seq: int, scope: str, subject: str, start: int) -> int:
    """What the store says was spent; half of the answers are saved for the next question."""

    def ask(transaction: Transaction) -> int:
        tally, new_entries = transaction.tally(
            1, seq=seq, scope=scope, subject=subject, period="day", start=start
        )
        if random.random() < 0.5:
            transaction.save_tally(
                1, tally, scope=scope, subject=subject, period="day", new_entries=new_entries
            )
        return tally.tokens

    return store.write(ask)


@pytest.mark.parametrize("seed", range(3))
def test_tallies_are_the_sums_of_the_entries(store: Store, seed: int) -> None:
    """Through appends of any size, saved or not, in windows that move on."""
    stream, lines = history(seed, 400)
    random = Random(seed)
    done = 0
    while done < len(lines):
        step = lines[done : done + random.randint(1, 60)]
        store.write(lambda transaction, step=step: stream.append(transaction, step))
        done += len(step)
        start = NOON + random.choice([0, 7_200, 36_000])
        for scope in SCOPES:
            for subject in SUBJECTS[scope]:
                expected = spent(lines[:done], scope, subject, start=start)
                assert expected == asked(store, random, seq=done, scope=scope, subject=subject, start=start)


def test_a_saved_tally_reads_new_entries_only(store: Store) -> None:
    """The control: with a saved sum that is wrong, the answer is wrong by as much."""
    stream, lines = history(1, 100)
    store.write(lambda transaction: stream.append(transaction, lines[:50]))
    wrong = Tally(NOON, 1_000_000, 50)
    store.write(
        lambda transaction: transaction.save_tally(
            1, wrong, scope="account", subject="", period="day", new_entries=50
        )
    )
    store.write(lambda transaction: stream.append(transaction, lines[50:]))
    with store.read() as reader:
        tally, new_entries = reader.tally(1, seq=100, scope="account", subject="", period="day", start=NOON)
    assert (1_000_000 + spent(lines[50:], "account", "", start=NOON), 50) == (tally.tokens, new_entries)


def test_a_tally_of_another_window_or_of_later_entries_is_not_used(store: Store) -> None:
    """A new day begins at nothing, and so does a stream that was rebuilt shorter."""
    stream, lines = history(1, 40)
    store.write(lambda transaction: stream.append(transaction, lines))
    for saved in (Tally(NOON - 86_400, 9, 40), Tally(NOON, 9, 41)):
        store.write(
            lambda transaction, saved=saved: transaction.save_tally(
                1, saved, scope="account", subject="", period="day", new_entries=50
            )
        )
        with store.read() as reader:
            tally, _ = reader.tally(1, seq=40, scope="account", subject="", period="day", start=NOON)
        assert spent(lines, "account", "", start=NOON) == tally.tokens


@pytest.mark.parametrize("count", [1, 2, 3, 17, 100])
def test_the_last_entry_before_a_moment_is_found(store: Store, count: int) -> None:
    """From the end backwards, for every moment that there is, and those before and after."""
    stream, lines = history(count, count)
    store.write(lambda transaction: stream.append(transaction, lines))
    times = [line.entry.created_at for line in lines]
    with store.read() as reader:
        for moment in {0, *times, *(time + 1 for time in times)}:
            expected = sum(time < moment for time in times)
            assert expected == reader.seq_before(1, seq=count, created_at=moment)


def test_newest_debits_are_counted_no_further_than_asked(store: Store) -> None:
    """The limit-th newest is what a full window waits for."""
    stream, lines = history(4, 30)
    store.write(lambda transaction: stream.append(transaction, lines))
    with store.read() as reader:
        account = {"scope": "account", "subject": ""}
        assert (10, lines[20].entry.created_at) == reader.debits_after(1, after_seq=5, newest=10, **account)
        assert (25, lines[5].entry.created_at) == reader.debits_after(1, after_seq=5, newest=25, **account)
        assert (25, None) == reader.debits_after(1, after_seq=5, newest=26, **account)
        assert (0, None) == reader.debits_after(1, after_seq=30, newest=1, **account)
        marias = [line for line in lines if line.entry.actor == "maria"]
        assert (len(marias), None) == reader.debits_after(
            1, after_seq=0, newest=31, scope="member", subject="maria"
        )


def test_budgets_are_replaced_and_taken_away(store: Store) -> None:
    """One for each scope, subject and period."""
    stream, lines = history(1, 1)
    store.write(lambda transaction: stream.append(transaction, lines))
    monthly = BudgetRow("account", "", "month", 10_000, "refuse")
    marias = BudgetRow("member", "maria", "day", 100, "warn")
    raised = monthly._replace(tokens=20_000)
    for budget in (monthly, marias, raised):
        store.write(lambda transaction, budget=budget: transaction.set_budget(1, budget))
    with store.read() as reader:
        assert (raised, marias) == reader.budgets(1)
        assert () == reader.budgets(2)
    place = {"scope": "account", "subject": "", "period": "month"}
    assert store.write(lambda transaction: transaction.drop_budget(1, **place))
    assert not store.write(lambda transaction: transaction.drop_budget(1, **place))


def give(store: Store, *, since: int = NOON, armed_by: int = 5_000, threshold: int = 75) -> bool:
    """Whether an alert is to be given."""
    return store.write(
        lambda transaction: transaction.give_alert(
            1,
            kind="used",
            subject="",
            threshold=threshold,
            since=since,
            armed_by=armed_by,
            remaining=1_250,
            now=NOON,
        )
    )


def test_an_alert_is_given_once_and_again_after_a_top_up(store: Store) -> None:
    """Remembered by threshold and cycle; a smaller or equal sum granted is no top-up."""
    stream, lines = history(1, 1)
    store.write(lambda transaction: stream.append(transaction, lines))
    assert give(store)
    assert not give(store)
    assert not give(store, armed_by=4_999)
    assert give(store, threshold=90)
    assert give(store, since=NOON + 1)
    assert give(store, armed_by=10_800)
    assert not give(store, armed_by=10_800)
    with store.read() as reader:
        found = reader.alerts(1)
        assert 3 == len(found)
        assert AlertRow("used", "", 75, NOON, 1_250, NOON) in found
        assert 1 == len(reader.alerts(1, limit=1))
