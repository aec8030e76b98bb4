"""One request charged twice, and amounts without measure: noticed by whoever reads, pass by pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nostr_usage.amount import AMOUNT_MAX
from nostr_usage.ledger.entry import AccountId, EntryId, Operation
from nostr_usage.ledger.problems import ProblemCode
from nostr_usage.nostr.event import Event, event_to_json
from nostr_usage.proof import stored
from nostr_usage.proof.everything import Ledger, audit_store
from nostr_usage.report import month_view
from nostr_usage.store import Store, StreamStatus, lines, totals
from nostr_usage.store.charges import ChargedAgain, ChargeReads
from nostr_usage.sync import take_in
from nostr_usage.sync.keeping import Keeper
from nostr_usage.wire.entry_event import entry_from_event
from tests.ledgers import KIND, events_of, only_stream, read_into, rewritten, signed_entry, spend, withholding
from tests.operators import OperatorOfTests
from tests.scripted_relay import ReqMessage, ScriptedRelay

ABSURD_ENTRIES = 9_500
"""Of the largest amount: together more than a 64-bit integer holds."""


def charging_again(
    operator: OperatorOfTests, events: list[Event], *, at: int, request_of: int
) -> list[Event]:
    """The history with the debit at one seq charging the request of another; what follows is linked to it."""
    changed: list[Event] = events[: at - 1]
    for event in events[at - 1 :]:
        entry = entry_from_event(event)
        request = entry_from_event(events[request_of - 1]).request if entry.seq == at else entry.request
        prev = EntryId(changed[-1].id)
        changed.append(rewritten(operator, event, prev=prev, request=request, type=entry.type))
    return changed


def found(store: Store) -> list[tuple[ProblemCode, int | None]]:
    """The problems of the only stream that are kept."""
    with store.read() as reader:
        return [(problem.code, problem.seq) for problem in reader.problems(only_stream(store).stream_no)]


@pytest.mark.parametrize("read_first", [5, 9])
async def test_a_request_charged_again_in_a_later_pass_is_noticed(
    operator: OperatorOfTests,
    account: AccountId,
    store: Store,
    scripted_relay: ScriptedRelay,
    read_first: int,
) -> None:
    """However much was read before; once, in the words of an audit; a pass without news adds nothing."""
    events = charging_again(operator, events_of(operator), at=10, request_of=5)
    scripted_relay.hold(*events[:read_first])
    await read_into(store, operator, scripted_relay.url)
    assert [] == found(store)
    scripted_relay.hold(*events)
    for _ in range(2):
        await read_into(store, operator, scripted_relay.url)
        assert [(ProblemCode.REQUEST_TWICE, 10)] == found(store)
    with store.read() as reader:
        (problem,) = reader.problems(only_stream(store).stream_no)
    assert "again, which seq 5 charged" in problem.message
    assert StreamStatus.PROVISIONAL is only_stream(store).status


async def test_one_pass_in_several_parts_is_compared_as_a_whole(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """Where slots fill a gap of the pages, the part above it is compared with the part below."""
    scripted_relay.hold(*charging_again(operator, events_of(operator), at=9, request_of=4))
    scripted_relay.on(ReqMessage, withholding(6), times=3)
    await read_into(store, operator, scripted_relay.url)
    assert StreamStatus.PROVISIONAL is only_stream(store).status
    assert [(ProblemCode.REQUEST_TWICE, 9)] == found(store)


async def test_what_an_interrupted_pass_did_not_compare_the_next_does(
    operator: OperatorOfTests,
    account: AccountId,
    store: Store,
    scripted_relay: ScriptedRelay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stream that was left half-way is compared from its first entry."""
    events = charging_again(operator, events_of(operator), at=10, request_of=5)
    scripted_relay.hold(*events[:8])
    await read_into(store, operator, scripted_relay.url)
    scripted_relay.hold(*events)

    async def interrupt(_keeper: Keeper, _account: AccountId) -> frozenset[str]:
        return frozenset()

    with monkeypatch.context() as interrupted:
        interrupted.setattr(Keeper, "finish", interrupt)
        await read_into(store, operator, scripted_relay.url)
        assert StreamStatus.INCOMPLETE is only_stream(store).status
        assert [] == found(store)
    await read_into(store, operator, scripted_relay.url)
    assert [(ProblemCode.REQUEST_TWICE, 10)] == found(store)


async def test_the_fold_alone_would_not_notice(
    operator: OperatorOfTests,
    account: AccountId,
    store: Store,
    scripted_relay: ScriptedRelay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Control: without the comparison across passes, nothing is said of the same history."""

    def find_nothing(_reader: ChargeReads, _stream_no: int, *, after_seq: int) -> tuple[ChargedAgain, ...]:
        assert after_seq
        return ()

    monkeypatch.setattr(ChargeReads, "charged_again", find_nothing)
    events = charging_again(operator, events_of(operator), at=10, request_of=5)
    for part in (events[:8], events):
        scripted_relay.hold(*part)
        await read_into(store, operator, scripted_relay.url)
    assert [] == found(store)


async def test_an_honest_history_in_many_passes_is_clean(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """Control: a new entry in each pass, and no problem."""
    for _ in range(4):
        spend(operator, account, 1)
        scripted_relay.hold(*events_of(operator))
        await read_into(store, operator, scripted_relay.url)
    assert [] == found(store)
    assert 14 == only_stream(store).seq


async def test_a_stream_that_is_new_is_not_searched(
    operator: OperatorOfTests,
    account: AccountId,
    store: Store,
    scripted_relay: ScriptedRelay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is read in one go from its first entry was compared in the fold; a look would cost for nothing."""
    searched: list[int] = []
    search = ChargeReads.charged_again

    def count(reader: ChargeReads, stream_no: int, *, after_seq: int) -> tuple[ChargedAgain, ...]:
        searched.append(after_seq)
        return search(reader, stream_no, after_seq=after_seq)

    monkeypatch.setattr(ChargeReads, "charged_again", count)
    scripted_relay.hold(*events_of(operator))
    await read_into(store, operator, scripted_relay.url)
    await read_into(store, operator, scripted_relay.url)
    assert [] == searched
    spend(operator, account, 1)
    scripted_relay.hold(*events_of(operator))
    await read_into(store, operator, scripted_relay.url)
    assert [10] == searched


async def test_amounts_that_nobody_can_add_up_are_a_problem_and_no_crash(
    operator: OperatorOfTests, account: AccountId, store: Store
) -> None:
    """Thousands of debits of the largest amount: all are kept, and nobody is told a sum that is wrong."""
    events = events_of(operator)
    head = entry_from_event(events[-1])
    absurd: list[Event] = []
    for number in range(ABSURD_ENTRIES):
        entry = replace(
            head,
            seq=head.seq + 1 + number,
            prev=EntryId((absurd or events)[-1].id),
            operation=Operation.DEBIT,
            tokens=AMOUNT_MAX,
            request=f"{number:032x}",
        )
        absurd.append(signed_entry(operator, entry))
    reading = await take_in(
        store,
        (event_to_json(event) for event in (*events, *absurd)),
        ledger_pubkey=operator.operator.signer.pubkey,
        root_pubkey="",
        kinds=(KIND,),
    )
    assert len(events) + ABSURD_ENTRIES == reading.added
    with store.read() as reader:
        stream = only_stream(store)
        named = {problem.message for problem in reader.problems(stream.stream_no) if problem.seq is None}
        assert 10**18 <= month_view(reader, stream, "2026-02").tokens
    assert ["2026-02: the amounts signed as debit magic-mentor are so large that their sum is not known"] == [
        *named
    ]


async def test_an_audit_and_a_reader_say_the_same_of_such_amounts(
    operator: OperatorOfTests,
    account: AccountId,
    store: Store,
    scripted_relay: ScriptedRelay,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each month, operation and type whose sum ended at its bound is named once; the others are not."""
    for module in (lines, totals, stored):
        monkeypatch.setattr(module, "SUM_MAX", 50)
    scripted_relay.hold(*events_of(operator))
    await read_into(store, operator, scripted_relay.url)
    told = found(store)
    assert [(ProblemCode.UNCOUNTABLE, None)] * 2 == told
    settings = Ledger(
        root_pubkey="", ledger_pubkey=operator.operator.signer.pubkey, ledger_id="", kinds=(KIND,)
    )
    report = audit_store(store, settings, is_quick=True, on_progress=lambda _done, _total: None)
    assert told == [(finding.problem.code, finding.problem.seq) for finding in report.findings]
