"""Hostile relays met by the processes of a shared pass: it ends as a pass in one process does."""

from __future__ import annotations

from pathlib import Path

import pytest

from nostr_usage.store import Store
from tests.hostile.ledger_under_attack import LedgerUnderAttack
from tests.hostile.outcomes import Outcome, outcome_of, read_ledger, total_of
from tests.hostile.reading_cases import CONTROL, READING_CASES, ReadingCase
from tests.scripted_relay import ScriptedRelay
from tests.shared_passes import contents, share_out

NAMES = frozenset(
    {
        "altered_first_copy",
        "forged_entry",
        "two_entries_in_one_slot",
        "seq_of_a_billion",
        "corrupt_signature_first",
        "many_corrupt_signatures",
        "withheld_middle",
    }
)
CASES = tuple(case for case in READING_CASES if case.name in NAMES)


@pytest.mark.parametrize("case", [CONTROL, *CASES], ids=lambda case: case.name)
async def test_workers_end_where_one_process_does(
    case: ReadingCase, ledger: LedgerUnderAttack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside an honest relay: the same outcome, entries, states and evidence."""
    with (
        Store.open(tmp_path / "alone.sqlite", create=True) as alone,
        Store.open(tmp_path / "shared.sqlite", create=True) as shared,
    ):
        async with ScriptedRelay() as hostile, ScriptedRelay() as honest:
            case.script(hostile, ledger)
            honest.hold(*ledger.all_events)
            urls = (hostile.url, honest.url)
            expected = await read_ledger(alone, ledger, *urls, policy=case.policy)
            share_out(monkeypatch)
            found = await read_ledger(shared, ledger, *urls, policy=case.policy)
        assert case.beside is outcome_of(found, shared, ledger)
        assert contents(alone) == contents(shared)
        assert expected.report.streams == found.report.streams
        assert expected.report.problems == found.report.problems


async def test_two_relays_that_lie_alike_still_mislead_nobody(
    ledger: LedgerUnderAttack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every worker distrusts on its own: forgeries are counted, none is kept, nothing honest is lost."""
    case = next(case for case in CASES if case.name == "forged_entry")
    share_out(monkeypatch)
    async with ScriptedRelay() as one, ScriptedRelay() as other:
        case.script(one, ledger)
        case.script(other, ledger)
        with Store.open(tmp_path / "reader.sqlite", create=True) as store:
            reading = await read_ledger(store, ledger, one.url, other.url, policy=case.policy)
            assert Outcome.RIGHT is outcome_of(reading, store, ledger)
            assert (ledger.totals[ledger.other], "provisional") == total_of(store, ledger.other)
    assert all(relay.score.forged for relay in reading.report.relays)
