"""Requests to delete: reported if the ledger key signed them, and what they name stays counted."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from nostr_usage.ledger.problems import Problem, ProblemCode
from nostr_usage.nostr import schnorr
from nostr_usage.nostr.event import Event
from nostr_usage.nostr.message import ReqMessage
from nostr_usage.proof.everything import AuditReport, Ledger, audit_store
from nostr_usage.relays.condition import RelayCondition
from nostr_usage.store import Store, StreamStatus
from nostr_usage.sync import deletions
from nostr_usage.wire.deletion import DELETION_KINDS
from tests.hostile import false_events
from tests.hostile.ledger_under_attack import LedgerUnderAttack
from tests.hostile.outcomes import PATIENT, read_ledger, total_of
from tests.ledgers import KIND
from tests.relay_behaviours import refuse
from tests.scripted_relay import ScriptedRelay, Turn, honestly
from tests.signed_events import signed, with_forged_signature


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    """The reader's store, empty."""
    with Store.open(tmp_path / "reader.sqlite", create=True) as opened:
        yield opened


async def problems_of_ledger(store: Store, ledger: LedgerUnderAttack, *relays: str) -> tuple[Problem, ...]:
    """What a pass says of the ledger as a whole."""
    return (await read_ledger(store, ledger, *relays, policy=PATIENT)).report.problems


def problems_of_stream(store: Store, ledger: LedgerUnderAttack) -> list[tuple[ProblemCode, int | None]]:
    """What is kept of the stream under attack."""
    with store.read() as reader:
        stream = reader.stream(ledger.account, "tokens")
        assert stream is not None
        return [(problem.code, problem.seq) for problem in reader.problems(stream.stream_no)]


def audit(store: Store, ledger: LedgerUnderAttack) -> AuditReport:
    """What an auditor finds in the store."""
    settings = Ledger(root_pubkey="", ledger_pubkey=ledger.pubkey, ledger_id="", kinds=(KIND,))
    return audit_store(store, settings, is_quick=True, on_progress=lambda _done, _total: None)


async def test_a_signed_request_is_reported_and_the_entries_stay_counted(
    ledger: LedgerUnderAttack, store: Store
) -> None:
    """Held before or shown by another relay, they count; ledger, stream and audit say who asked for what."""
    async with ScriptedRelay() as obeying, ScriptedRelay() as honest:
        false_events.deletion_requests(obeying, ledger)
        honest.hold(*ledger.all_events)
        found = await problems_of_ledger(store, ledger, obeying.url, honest.url)
        assert [ProblemCode.DELETION_REQUEST] * 2 == [problem.code for problem in found]
        assert any("2 of its events" in problem.message for problem in found)
        assert any("all that it ever signed" in problem.message for problem in found)
        assert (ledger.totals[ledger.account], StreamStatus.PROVISIONAL) == total_of(store, ledger.account)
        marked = [(ProblemCode.DELETION_REQUEST, 5), (ProblemCode.DELETION_REQUEST, 6)]
        assert marked == problems_of_stream(store, ledger)
        # Whoever hides the requests later has shown them once.
        assert found == await problems_of_ledger(store, ledger, honest.url)
        assert marked == problems_of_stream(store, ledger)
    told = [finding.problem for finding in audit(store, ledger).findings]
    assert set(found) < set(told)
    assert 4 == len(told)


async def test_where_they_were_obeyed_the_gap_comes_with_its_reason(
    ledger: LedgerUnderAttack, store: Store
) -> None:
    """The slots are named as missing, and the signed requests beside them."""
    async with ScriptedRelay() as obeying:
        false_events.deletion_requests(obeying, ledger)
        reading = await read_ledger(store, ledger, obeying.url, policy=PATIENT)
    stream = next(found for found in reading.report.streams if found.account == ledger.account)
    assert (StreamStatus.INCOMPLETE, (5, 6)) == (stream.status, stream.missing)
    assert [ProblemCode.DELETION_REQUEST] * 2 == [problem.code for problem in reading.report.problems]


async def test_what_others_ask_for_means_nothing(ledger: LedgerUnderAttack, store: Store) -> None:
    """Of another author or with a corrupt signature, it counts against the relay, and nothing is kept."""
    async with ScriptedRelay() as relay:
        false_events.forged_deletion_requests(relay, ledger)
        reading = await read_ledger(store, ledger, relay.url, policy=PATIENT)
    assert () == reading.report.problems
    assert reading.report.relays[0].score.forged >= 2
    assert [] == problems_of_stream(store, ledger)
    assert audit(store, ledger).is_sound


async def test_believing_every_request_would_be_noticed(
    ledger: LedgerUnderAttack, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: a reader that checks no signature reports what nobody asked for."""

    def believe(_event: Event) -> bool:
        return True

    monkeypatch.setattr(deletions, "_is_signed", believe)
    async with ScriptedRelay() as relay:
        false_events.forged_deletion_requests(relay, ledger)
        found = await problems_of_ledger(store, ledger, relay.url)
    assert [ProblemCode.DELETION_REQUEST] * 2 == [problem.code for problem in found]


async def test_an_honest_relay_has_none(ledger: LedgerUnderAttack, store: Store) -> None:
    """Control: nothing is reported, and the question is asked once for each relay and pass."""
    async with ScriptedRelay() as relay:
        relay.hold(*ledger.all_events)
        assert () == await problems_of_ledger(store, ledger, relay.url)
        asked = [message for message in relay.received if isinstance(message, ReqMessage)]
    assert 1 == sum(wanted.kinds == DELETION_KINDS for message in asked for wanted in message.filters)


async def test_a_relay_without_such_kinds_can_be_read_all_the_same(
    ledger: LedgerUnderAttack, store: Store
) -> None:
    """What it refuses there is not held against it."""

    async def answer(turn: Turn) -> None:
        assert isinstance(turn.message, ReqMessage)
        is_about_deletions = turn.message.filters[0].kinds == DELETION_KINDS
        await (refuse("blocked: kinds") if is_about_deletions else honestly)(turn)

    async with ScriptedRelay() as relay:
        relay.hold(*ledger.all_events)
        relay.on(ReqMessage, answer)
        reading = await read_ledger(store, ledger, relay.url, policy=PATIENT)
    assert [RelayCondition.ANSWERED] == [found.condition for found in reading.report.relays]
    assert (ledger.totals[ledger.account], StreamStatus.PROVISIONAL) == total_of(store, ledger.account)


async def test_requests_without_end_are_kept_to_a_bound(ledger: LedgerUnderAttack, store: Store) -> None:
    """One is as bad as a thousand; memory and disk are spared."""
    signer = false_events.cheating_signer(ledger)
    async with ScriptedRelay() as relay:
        relay.hold(
            *ledger.all_events,
            *(signed(signer, kind=5, content=str(n)) for n in range(deletions.REQUESTS_KEPT_MAX + 50)),
        )
        found = await problems_of_ledger(store, ledger, relay.url)
        assert found == await problems_of_ledger(store, ledger, relay.url)
    assert deletions.REQUESTS_KEPT_MAX == len(found)


def test_a_kept_request_that_was_changed_is_found(ledger: LedgerUnderAttack, store: Store) -> None:
    """An auditor believes the store no more than a relay."""
    request, _ = false_events.requests_to_delete(false_events.cheating_signer(ledger), ledger)
    damaged = with_forged_signature(request)
    text = f'{{"id":"{damaged.id}"}}'
    for event_id, kept in ((damaged.id, text), ("ab" * 32, text)):
        store.write(
            lambda transaction, event_id=event_id, kept=kept: transaction.add_deletion_request(event_id, kept)
        )
    codes = {finding.problem.code for finding in audit(store, ledger).findings}
    assert {ProblemCode.MALFORMED} == codes
    assert schnorr.available_backends()
