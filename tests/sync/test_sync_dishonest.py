"""Relays and operators that cheat: what is stored is proved, what is missing is named, evidence is kept."""

from __future__ import annotations

from nostr_usage.ledger.entry import AccountId, EntryId
from nostr_usage.ledger.problems import ProblemCode
from nostr_usage.nostr.event import Event, event_from_json, verify_event
from nostr_usage.nostr.message import RelayEvent, ReqMessage, encode_message
from nostr_usage.store import Store, StreamStatus
from nostr_usage.wire.entry_event import entry_from_event
from tests.ledgers import (
    KIND,
    events_of,
    heads,
    only_stream,
    read_into,
    rewritten,
    rewritten_from,
    spend,
    withholding,
)
from tests.operators import OperatorOfTests
from tests.relay_behaviours import honestly_but
from tests.scripted_relay import Answers, Frame, ScriptedRelay, Turn, honestly
from tests.signed_events import signed, signer_of, with_forged_signature


def stored_events(store: Store) -> list[Event]:
    """What the reader would hand on."""
    with store.read() as reader:
        return [event_from_json(row.event_json) for row in reader.events()]


async def test_a_withheld_middle_is_named_and_another_relay_repairs_it(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """INCOMPLETE with the missing slots; nothing above the gap counts until somebody shows them."""
    scripted_relay.hold(*events_of(operator))
    scripted_relay.on(ReqMessage, withholding(5, 6))
    (stream,) = (await read_into(store, operator, scripted_relay.url)).streams
    assert (StreamStatus.INCOMPLETE, (5, 6), 4) == (stream.status, stream.missing, stream.seq)
    assert StreamStatus.INCOMPLETE is only_stream(store).status
    async with ScriptedRelay() as honest:
        honest.hold(*events_of(operator))
        (stream,) = (await read_into(store, operator, scripted_relay.url, honest.url)).streams
    assert (StreamStatus.PROVISIONAL, (), 10) == (stream.status, stream.missing, stream.seq)
    assert heads(operator.store) == heads(store)


async def test_an_entry_seen_once_is_missed_for_ever(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """A relay that first leaves a gap and then hides what stands above it gains nothing."""
    scripted_relay.hold(*events_of(operator))
    scripted_relay.on(ReqMessage, withholding(5, 6), times=4)
    scripted_relay.on(ReqMessage, withholding(5, 6, 7, 8, 9, 10))
    await read_into(store, operator, scripted_relay.url, account=account)
    (stream,) = (await read_into(store, operator, scripted_relay.url, account=account)).streams
    assert (StreamStatus.INCOMPLETE, tuple(range(5, 11))) == (stream.status, stream.missing)


async def test_missing_opening_is_named(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """Without its first entry nothing of a stream is stored, and the report says what is missing."""
    scripted_relay.hold(*events_of(operator))
    scripted_relay.on(ReqMessage, withholding(1))
    (stream,) = (await read_into(store, operator, scripted_relay.url, account=account)).streams
    assert (StreamStatus.INCOMPLETE, (1,), 0) == (stream.status, stream.missing, stream.seq)
    assert {} == heads(store)


async def test_an_altered_entry_is_dropped_and_another_relay_has_it(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """A changed field gives another id: malformed, counted against the relay, harmless."""

    def alter(answers: Answers) -> list[Frame]:
        return [
            encode_message(answer).replace('["tokens","10"]', '["tokens","11"]')
            if isinstance(answer, RelayEvent)
            else answer
            for answer in answers
        ]

    scripted_relay.hold(*events_of(operator))
    scripted_relay.on(ReqMessage, honestly_but(alter))
    (stream,) = (await read_into(store, operator, scripted_relay.url)).streams
    assert (3, StreamStatus.PROVISIONAL) == (stream.seq, stream.status)
    async with ScriptedRelay() as honest:
        honest.hold(*events_of(operator))
        report = await read_into(store, operator, scripted_relay.url, honest.url)
    assert heads(operator.store) == heads(store)
    assert 7 <= report.relays[0].score.malformed
    assert report.relays[1].score.is_clean


async def test_a_corrupt_copy_that_comes_first_displaces_nothing(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """The right id with a corrupt signature, shown first: the sound copy is kept, the liar known."""
    scripted_relay.hold(*(with_forged_signature(event) for event in events_of(operator)))
    async with ScriptedRelay() as honest:
        honest.hold(*events_of(operator))
        report = await read_into(store, operator, scripted_relay.url, honest.url, account=account)
    assert heads(operator.store) == heads(store)
    assert events_of(operator) == stored_events(store)
    for event in stored_events(store):
        verify_event(event)
    liar, honest_one = report.relays
    assert 0 < liar.score.forged
    assert honest_one.score.is_clean


async def test_corrupt_copies_alone_prove_nothing(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """No signature at the head, no chain: nothing is stored, nobody is accused but the relay."""
    scripted_relay.hold(*(with_forged_signature(event) for event in events_of(operator)))
    report = await read_into(store, operator, scripted_relay.url, account=account)
    assert ((), {}) == (report.streams, heads(store))
    assert 10 == report.relays[0].score.forged
    whole = await read_into(store, operator, scripted_relay.url)
    assert ((), ()) == (whole.streams, whole.problems)


async def test_checking_every_signature_tells_links_from_evidence(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """An entry that only its link vouches for counts, but is named: its copy convinces nobody else."""
    events = events_of(operator)
    scripted_relay.hold(*events[:4], with_forged_signature(events[4]), *events[5:])
    await read_into(store, operator, scripted_relay.url, account=account, check_every_signature=True)
    assert heads(operator.store) == heads(store)
    with store.read() as reader:
        assert [row.event_no != 5 for row in reader.events()] == [row.sig_checked for row in reader.events()]
        (problem,) = reader.problems(only_stream(store).stream_no)
    assert (ProblemCode.BAD_SIGNATURE, 5) == (problem.code, problem.seq)


async def test_two_faces_are_a_conflict_and_no_side_is_picked(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """Two signed entries for one slot, one a relay: the stream ends below, both are evidence."""
    events = events_of(operator)
    other = rewritten(operator, events[7], type="storage")
    scripted_relay.hold(*events)
    async with ScriptedRelay() as second:
        second.hold(*events[:7], other)
        report = await read_into(store, operator, scripted_relay.url, second.url)
    (stream,) = report.streams
    assert (StreamStatus.CONFLICT, 7, 2) == (stream.status, stream.seq, stream.forks)
    with store.read() as reader:
        forks = reader.forks(only_stream(store).stream_no)
    assert {events[7].id, other.id} == {fork.event_id for fork in forks}
    assert [8, 8] == [fork.seq for fork in forks]
    # The evidence stays when one of the two is hidden again.
    (stream,) = (await read_into(store, operator, scripted_relay.url)).streams
    assert StreamStatus.CONFLICT is stream.status


async def test_a_rewritten_tail_is_a_conflict(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """An operator who replaces what was seen before, and goes on from there, is found at the next pass."""
    events = events_of(operator)
    scripted_relay.hold(*events)
    await read_into(store, operator, scripted_relay.url)
    spend(operator, account, 2)
    tail = rewritten_from(operator, [events[9], *events_of(operator)[10:]])
    async with ScriptedRelay() as second:
        second.hold(*events[:9], *tail)
        (stream,) = (await read_into(store, operator, second.url)).streams
    assert (StreamStatus.CONFLICT, 10) == (stream.status, stream.seq)
    with store.read() as reader:
        forks = reader.forks(only_stream(store).stream_no)
    assert events[9].id not in {fork.event_id for fork in forks}
    assert forks


async def test_another_entry_in_place_of_one_that_was_only_seen_is_a_conflict(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """An entry seen above a gap is remembered by its id: no other may take its place later."""
    events = events_of(operator)
    scripted_relay.hold(*events)
    scripted_relay.on(ReqMessage, withholding(5))
    await read_into(store, operator, scripted_relay.url)
    async with ScriptedRelay() as second:
        second.hold(*events[:9], rewritten(operator, events[9]))
        (stream,) = (await read_into(store, operator, second.url)).streams
    assert (StreamStatus.CONFLICT, 9) == (stream.status, stream.seq)
    with store.read() as reader:
        problems = reader.problems(only_stream(store).stream_no)
    assert [(ProblemCode.FORK, 10)] == [(problem.code, problem.seq) for problem in problems]


async def test_a_fork_at_the_first_entry_leaves_no_stream(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """Two openings of one account: neither is stored, the report says conflict."""
    events = events_of(operator)
    scripted_relay.hold(*events, rewritten(operator, events[0]))
    (stream,) = (await read_into(store, operator, scripted_relay.url, account=account)).streams
    assert (StreamStatus.CONFLICT, 0, 2) == (stream.status, stream.seq, stream.forks)
    assert {} == heads(store)


async def test_a_signed_event_that_is_no_entry_is_evidence(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """The ledger key signed nonsense about an account: named with its id; a forged one is the relay's."""
    signer = operator.operator.signer
    nonsense = signed(signer, kind=KIND, tags=(("d", "x"), ("p", account)), created_at=operator.clock.now())
    forged = with_forged_signature(
        signed(signer, kind=KIND, tags=(("d", "y"), ("p", account)), created_at=operator.clock.now())
    )
    summary = signed(signer, kind=KIND, tags=(("d", "z"), ("p", account), ("t", "ul1-summary")))
    scripted_relay.hold(*events_of(operator), nonsense, forged, summary)
    report = await read_into(store, operator, scripted_relay.url)
    assert heads(operator.store) == heads(store)
    assert [(ProblemCode.MALFORMED, nonsense.id)] == [
        (problem.code, problem.entry_id) for problem in report.problems
    ]
    assert 1 == report.relays[0].score.forged
    with store.read() as reader:
        assert report.problems == reader.problems(only_stream(store).stream_no)


async def test_events_of_others_are_not_even_looked_at(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """What another key signed in the same words is foreign: counted, dropped."""

    def add_foreign(answers: Answers) -> list[Frame]:
        about = answers[-1]
        assert not isinstance(about, RelayEvent)
        mine = [answer for answer in answers if isinstance(answer, RelayEvent)]
        foreign = [
            RelayEvent(
                subscription_id=answer.subscription_id,
                event=signed(signer_of(9), kind=KIND, tags=answer.event.tags),
            )
            for answer in mine
        ]
        return [*foreign, *answers]

    scripted_relay.hold(*events_of(operator))
    scripted_relay.on(ReqMessage, honestly_but(add_foreign))
    report = await read_into(store, operator, scripted_relay.url)
    assert heads(operator.store) == heads(store)
    assert 10 < report.relays[0].score.foreign


async def test_wrong_arithmetic_is_a_problem_of_the_stream(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """An entry whose balance does not follow is kept, for it is signed, and named."""
    events = events_of(operator)
    last = entry_from_event(events[9])
    wrong = rewritten(operator, events[9], balance=last.balance._replace(total=last.balance.total + 1_000))
    scripted_relay.hold(*events[:9], wrong)
    await read_into(store, operator, scripted_relay.url)
    with store.read() as reader:
        (problem,) = reader.problems(only_stream(store).stream_no)
    assert (ProblemCode.BALANCE_MISMATCH, EntryId(wrong.id)) == (problem.code, problem.entry_id)


async def test_an_account_left_out_is_a_gap_in_the_numbers(
    operator: OperatorOfTests, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """The third account exists, so the second must: it is asked for again in every pass, until it comes."""
    accounts = [operator.open_account(f"account-{number}") for number in range(3)]
    scripted_relay.hold(*events_of(operator, accounts[0]), *events_of(operator, accounts[2]))
    report = await read_into(store, operator, scripted_relay.url)
    assert [ProblemCode.OPEN_NUMBER_GAP] == [problem.code for problem in report.problems]
    assert "account number 2" in report.problems[0].message
    scripted_relay.hold(*events_of(operator))
    report = await read_into(store, operator, scripted_relay.url)
    assert () == report.problems
    assert heads(operator.store) == heads(store)


async def test_a_number_given_twice_is_a_problem(
    operator: OperatorOfTests, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """Two accounts with one number: both are read, and the contradiction is named."""
    first = operator.open_account("first")
    second = operator.open_account("second")
    opening = rewritten(operator, events_of(operator, second)[0], open_number=1)
    scripted_relay.hold(*events_of(operator, first), opening)
    report = await read_into(store, operator, scripted_relay.url)
    (problem,) = report.problems
    assert ProblemCode.FORK is problem.code
    assert first in problem.message
    assert second in problem.message
    assert {first, second} == {account for account, _ in heads(store)}
    with store.read() as reader:
        assert {1, None} == {row.open_number for row in reader.accounts()}


async def test_forged_openings_make_no_accounts(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """A relay cannot invent customers: an opening counts once its signature is checked."""
    opening = with_forged_signature(
        rewritten(operator, events_of(operator)[0], account=AccountId("ab" * 32), open_number=2)
    )
    scripted_relay.hold(*events_of(operator), opening)
    report = await read_into(store, operator, scripted_relay.url)
    assert () == report.problems
    assert {(account, "tokens")} == set(heads(store))
    assert 0 < report.relays[0].score.forged


async def test_a_malformed_opening_makes_no_account(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """A number on something that is no opening, signed or not, is passed over."""
    signer = operator.operator.signer
    nonsense = signed(signer, kind=KIND, tags=(("d", "x"), ("o", "2")))
    misplaced = signed(signer, kind=KIND, tags=(*events_of(operator)[5].tags, ("o", "3")))
    scripted_relay.hold(*events_of(operator), nonsense, misplaced)
    report = await read_into(store, operator, scripted_relay.url)
    assert {(account, "tokens")} == set(heads(store))
    assert [misplaced.id] == [problem.entry_id for problem in report.problems]


async def test_an_absurd_seq_neither_hangs_nor_fills_the_memory(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """A signed entry that claims to be the billionth: the gap below it is named, and asked for a while."""
    events = events_of(operator)
    scripted_relay.hold(*events, rewritten(operator, events[9], seq=1_000_000_000))
    (stream,) = (await read_into(store, operator, scripted_relay.url)).streams
    assert (StreamStatus.INCOMPLETE, 10) == (stream.status, stream.seq)
    assert (11, 12) == stream.missing[:2]
    assert 30 > len(scripted_relay.received)


async def test_a_meter_that_nobody_shows_is_named(
    operator: OperatorOfTests, account: AccountId, store: Store, scripted_relay: ScriptedRelay
) -> None:
    """Its opening is signed, so its first entry exists; the account's other meter is as it should be."""
    opening = rewritten(operator, events_of(operator)[0], meter="minutes", open_number=2)

    def hide(answers: Answers) -> Answers:
        return [
            answer
            for answer in answers
            if not (isinstance(answer, RelayEvent) and answer.event.id == opening.id)
        ]

    async def hide_from_pages(turn: Turn) -> None:
        assert isinstance(turn.message, ReqMessage)
        asks_for_openings = "o" in dict(turn.message.filters[0].tags)
        await (honestly if asks_for_openings else honestly_but(hide))(turn)

    scripted_relay.hold(*events_of(operator), opening)
    scripted_relay.on(ReqMessage, hide_from_pages)
    streams = (await read_into(store, operator, scripted_relay.url)).streams
    assert [("tokens", 10, ()), ("minutes", 0, (1,))] == [
        (stream.meter, stream.seq, stream.missing) for stream in streams
    ]
