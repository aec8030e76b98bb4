"""Reading from hostile relays: the total is right, or the state says why not, in time.

Each behaviour is met alone and beside an honest relay. Two controls: an honest relay alone gives the right
total, and a naive client is misled where the behaviour is meant to mislead.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from nostr_usage.nostr.message import ReqMessage
from nostr_usage.relays import dialing
from nostr_usage.store import Store
from tests.hostile import false_answers, false_frames
from tests.hostile.ledger_under_attack import LedgerUnderAttack
from tests.hostile.naive_reader import naive_total
from tests.hostile.outcomes import Outcome, Pass, outcome_of, read_ledger, total_of
from tests.hostile.reading_cases import CONTROL, READING_CASES, ReadingCase
from tests.ledgers import withholding
from tests.scripted_relay import ScriptedRelay

BEHAVIOURS_MIN = 30


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    """The reader's store, empty."""
    with Store.open(tmp_path / "reader.sqlite", create=True) as opened:
        yield opened


@pytest.fixture
def chosen(case: ReadingCase, request: pytest.FixtureRequest) -> LedgerUnderAttack:
    """The ledger that the case needs."""
    found: LedgerUnderAttack = request.getfixturevalue("ledger" if case.size == "short" else "long_ledger")
    return found


@pytest.fixture
async def hostile(case: ReadingCase, chosen: LedgerUnderAttack, monkeypatch: pytest.MonkeyPatch) -> object:
    """The relay, as the case scripts it; one that compresses is met as on the internet."""
    compresses = "compress" in case.name
    if compresses:
        monkeypatch.setattr(dialing, "_is_loopback", is_never)
    async with ScriptedRelay(compression="deflate" if compresses else None) as relay:
        case.script(relay, chosen)
        yield relay


def is_never(_url: str) -> bool:
    """No relay counts as one on this machine."""
    return False


cases = pytest.mark.parametrize("case", READING_CASES, ids=lambda case: case.name)


async def read(store: Store, case: ReadingCase, ledger: LedgerUnderAttack, *relays: str) -> Pass:
    """One pass at the deadlines of the case."""
    return await read_ledger(store, ledger, *relays, policy=case.policy)


@cases
async def test_alone_it_gives_the_right_total_or_says_why_not(
    case: ReadingCase, chosen: LedgerUnderAttack, hostile: ScriptedRelay, store: Store
) -> None:
    """Never a wrong total in a state that promises one, and never late.

    A tail that every relay withholds is the exception that is written down: without rolls, only whoever has
    seen more can notice it.
    """
    reading = await read(store, case, chosen, hostile.url)
    allowed = Outcome.WRONG if case.alone is Outcome.UNNOTICED else case.alone
    assert allowed is outcome_of(reading, store, chosen)
    assert reading.duration_s < case.deadline_s


@cases
async def test_beside_an_honest_relay_it_harms_nobody(
    case: ReadingCase, chosen: LedgerUnderAttack, hostile: ScriptedRelay, store: Store
) -> None:
    """The honest relay's entries count, whatever the other one shows, and the other account is right, too."""
    async with ScriptedRelay() as honest:
        honest.hold(*chosen.all_events)
        reading = await read(store, case, chosen, hostile.url, honest.url)
    assert case.beside is outcome_of(reading, store, chosen)
    assert (chosen.totals[chosen.other], "provisional") == total_of(store, chosen.other)
    assert reading.report.relays[1].score.is_clean
    assert reading.duration_s < case.deadline_s


@cases
async def test_who_believes_what_comes_is_misled(
    case: ReadingCase, chosen: LedgerUnderAttack, hostile: ScriptedRelay
) -> None:
    """Control: the behaviours that are meant to mislead do, and the others do not."""
    assert case.misleads is (chosen.totals[chosen.account] != await naive_total(hostile.url, chosen))


@pytest.mark.parametrize("case", [CONTROL], ids=lambda case: case.name)
async def test_an_honest_relay_gives_the_right_total(
    case: ReadingCase, chosen: LedgerUnderAttack, hostile: ScriptedRelay, store: Store
) -> None:
    """Control: with nothing wrong, everything is right, for the naive client as well."""
    reading = await read(store, case, chosen, hostile.url)
    assert Outcome.RIGHT is outcome_of(reading, store, chosen)
    assert reading.report.relays[0].score.is_clean
    assert chosen.totals[chosen.account] == await naive_total(hostile.url, chosen)


async def test_a_withheld_tail_is_noticed_by_whoever_saw_it(ledger: LedgerUnderAttack, store: Store) -> None:
    """An entry that was shown once, above a gap, is pinned: hiding it later leaves named slots."""
    async with ScriptedRelay() as relay:
        relay.hold(*ledger.all_events)
        relay.on(ReqMessage, withholding(8))
        await read_ledger(store, ledger, relay.url)
        relay.forget_rules()
        false_answers.withheld_tail(relay, ledger)
        reading = await read_ledger(store, ledger, relay.url)
    assert Outcome.INCOMPLETE is outcome_of(reading, store, ledger)
    stream = next(found for found in reading.report.streams if found.account == ledger.account)
    assert (9, (10, 11, 12)) == (stream.seq, stream.missing)


async def test_a_pass_that_was_cut_short_is_finished_by_the_next(
    ledger: LedgerUnderAttack, store: Store
) -> None:
    """Until then the figure is incomplete; what was read stays, and only the rest is added."""
    async with ScriptedRelay() as relay:
        false_frames.cut_after_a_page(relay, ledger)
        cut = await read_ledger(store, ledger, relay.url)
        assert Outcome.CUT_SHORT is outcome_of(cut, store, ledger)
        relay.forget_rules()
        again = await read_ledger(store, ledger, relay.url)
    assert Outcome.RIGHT is outcome_of(again, store, ledger)
    assert len(ledger.all_events) == cut.report.entries_added + again.report.entries_added


async def test_without_any_relay_a_figure_keeps_its_state(ledger: LedgerUnderAttack, store: Store) -> None:
    """A pass that learns nothing takes nothing back."""
    async with ScriptedRelay() as relay:
        relay.hold(*ledger.all_events)
        await read_ledger(store, ledger, relay.url)
    before = total_of(store, ledger.account)
    await read_ledger(store, ledger, "ws://127.0.0.1:1/")
    assert (ledger.totals[ledger.account], "provisional") == before == total_of(store, ledger.account)


async def test_a_tail_withheld_by_one_relay_is_shown_by_another(
    ledger: LedgerUnderAttack, store: Store
) -> None:
    """Which of them answers first makes no difference: all are asked."""
    async with ScriptedRelay() as first, ScriptedRelay() as second, ScriptedRelay() as third:
        for relay in (first, third):
            false_answers.withheld_tail(relay, ledger)
        second.hold(*ledger.all_events)
        reading = await read_ledger(store, ledger, first.url, second.url, third.url)
    assert Outcome.RIGHT is outcome_of(reading, store, ledger)


def test_there_are_as_many_behaviours_as_promised() -> None:
    """At least thirty, each once."""
    names = [case.name for case in READING_CASES]
    assert len(set(names)) == len(names)
    assert len(names) >= BEHAVIOURS_MIN
