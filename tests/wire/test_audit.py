"""The pure checks: each passes what is right, and names what is not."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from nostr_usage.ledger.entry import AccountId, Balance, Entry, EntryId, Operation
from nostr_usage.ledger.fold import fold, state_to_json
from nostr_usage.ledger.problems import ProblemCode
from nostr_usage.nostr.event import event_from_json, event_to_json, sign_event
from nostr_usage.nostr.schnorr import available_backends
from nostr_usage.wire.audit import (
    Authority,
    Check,
    StreamFold,
    arithmetic_check,
    description_check,
    failures,
    link_check,
    manifest_problems,
    open_number_problems,
    read_entry,
)
from nostr_usage.wire.details import Details, description_hash
from nostr_usage.wire.entry_event import entry_from_event, month_of
from nostr_usage.wire.manifest import Manifest, manifest_event
from nostr_usage.writing.request import Action
from tests.operators import OperatorOfTests, operator_in

BACKENDS = available_backends()
ID_A, ID_B = EntryId("aa" * 32), EntryId("bb" * 32)
Lines = list[tuple[EntryId, Entry]]


@pytest.fixture
def service(tmp_path: Path) -> Generator[OperatorOfTests]:
    """A service on 1 February 2026."""
    with operator_in(tmp_path) as operator:
        yield operator


@pytest.fixture
def account(service: OperatorOfTests) -> AccountId:
    """An account with an allowance and five chats."""
    opened = service.open_account()
    for number in range(5):
        service.clock.advance(60)
        service.recorder.record(
            Action(account=opened, activity="magic-mentor", tokens=10 + number, key=f"k{number}")
        )
    return opened


def raw_events(service: OperatorOfTests) -> list[tuple[EntryId, bytes]]:
    """The events with their ids, in the order of commit."""
    with service.store.read() as reader:
        return [(EntryId(row.event_id), row.event_json) for row in reader.events()]


def lines_of(service: OperatorOfTests) -> Lines:
    """The entries with their ids."""
    return [(entry_id, entry_from_event(event_from_json(raw))) for entry_id, raw in raw_events(service)]


def months_of(lines: Lines) -> list[str]:
    """The month of each entry."""
    return [month_of(entry.occurred_at) for _, entry in lines]


def authority(service: OperatorOfTests) -> Authority:
    """The service's own key and kind."""
    return Authority(pubkeys=frozenset({service.operator.signer.pubkey}), kinds=frozenset({30078}))


@pytest.mark.usefixtures("account")
def test_sound_entry_passes_every_check(service: OperatorOfTests) -> None:
    """Id, author, form, and a signature for each backend."""
    for entry_id, raw in raw_events(service):
        reading = read_entry(raw, entry_id=entry_id, authority=authority(service), backends=BACKENDS)
        assert ["id", "author", *("signature" for _ in BACKENDS), "form"] == [
            check.name for check in reading.checks
        ]
        assert [] == list(reading.problems(entry_id))
        assert reading.entry is not None


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("field", "value", "failed"),
    [
        ("id", "00" * 32, {"id"}),
        ("sig", "00" * 64, {"signature"}),
        ("content", "x", {"id"}),
        ("pubkey", "zz", {"id"}),
    ],
)
def test_changed_field_is_found(service: OperatorOfTests, field: str, value: str, failed: set[str]) -> None:
    """What makes the event unsound leaves nothing else to check."""
    entry_id, raw = raw_events(service)[4]
    changed = json.dumps({**json.loads(raw), field: value}).encode()
    reading = read_entry(changed, entry_id=entry_id, authority=authority(service), backends=BACKENDS)
    assert failed == {check.name for check in reading.checks if check.is_ok is False}


@pytest.mark.usefixtures("account")
def test_event_under_another_id_is_found(service: OperatorOfTests) -> None:
    """It is sound, and it is not the entry that it is kept as."""
    _, raw = raw_events(service)[4]
    reading = read_entry(raw, entry_id=ID_A, authority=authority(service), backends=BACKENDS)
    (problem,) = reading.problems(ID_A, seq=5)
    assert (ProblemCode.MALFORMED, 5) == (problem.code, problem.seq)
    assert problem.message.startswith("seq 5: the event's own id is ")


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    "other",
    [
        Authority(pubkeys=frozenset({"11" * 32}), kinds=frozenset({30078})),
        Authority(pubkeys=frozenset(), kinds=frozenset()),
    ],
)
def test_author_without_authority_is_foreign(service: OperatorOfTests, other: Authority) -> None:
    """However good the signature."""
    entry_id, raw = raw_events(service)[0]
    reading = read_entry(raw, entry_id=entry_id, authority=other, backends=BACKENDS)
    assert [ProblemCode.FOREIGN] == [problem.code for problem in reading.problems(entry_id)]


@pytest.mark.usefixtures("account")
def test_other_kind_is_foreign(service: OperatorOfTests) -> None:
    """The ledger key signs other events too."""
    entry_id, raw = raw_events(service)[0]
    other = replace(authority(service), kinds=frozenset({1063}))
    reading = read_entry(raw, entry_id=entry_id, authority=other, backends=BACKENDS)
    assert [ProblemCode.FOREIGN] == [problem.code for problem in reading.problems(entry_id)]


def test_signed_event_that_is_no_entry_is_malformed(service: OperatorOfTests) -> None:
    """A manifest, for one: signed, sound, and no entry."""
    signer = service.operator.signer
    manifest = Manifest(ledger_pubkey=signer.pubkey, entry_kind=30078, relays=(), catalogue=("a", "1", "00"))
    event = sign_event(manifest_event(manifest, root_pubkey=signer.pubkey, created_at=1), signer)
    reading = read_entry(
        event_to_json(event),
        entry_id=EntryId(event.id),
        authority=authority(service),
        backends=BACKENDS,
    )
    assert (None, ["form"]) == (
        reading.entry,
        [check.name for check in reading.checks if check.is_ok is False],
    )


@pytest.mark.usefixtures("account")
def test_links(service: OperatorOfTests) -> None:
    """To the entry before, to another one, and to one that is not held."""
    lines = lines_of(service)
    (before, _), (_, entry) = lines[3], lines[4]
    expected = [(before, True), (ID_A, False), (None, None)]
    assert expected == [(previous, link_check(entry, previous=previous).is_ok) for previous, _ in expected]
    first = lines[0][1]
    assert "it is the first" == link_check(first, previous=first.prev).detail


@pytest.mark.usefixtures("account")
def test_arithmetic(service: OperatorOfTests) -> None:
    """The balance before, less the tokens, is the balance after; its parts may not be less than it."""
    _, entry = lines_of(service)[3]
    assert ("5,000 − 10 = 4,990", True) == (
        arithmetic_check(entry, before=5_000).detail,
        arithmetic_check(entry, before=5_000).is_ok,
    )
    assert arithmetic_check(entry, before=4_999).is_ok is False
    assert arithmetic_check(entry, before=None).is_ok is None
    hollow = replace(entry, balance=Balance(total=4_990, expiring=4_989, lasting=0))
    assert arithmetic_check(hollow, before=5_000).is_ok is False


@pytest.mark.usefixtures("account")
def test_descriptions(service: OperatorOfTests) -> None:
    """The text with its salt, another text, a salt that is none, and a text where none was signed."""
    _, plain = lines_of(service)[3]
    details = Details(description="a text", salt="00" * 16)
    hashed = replace(plain, description_hash=description_hash(details))
    assert description_check(hashed, details).is_ok
    assert not description_check(hashed, replace(details, description="b")).is_ok
    assert not description_check(hashed, replace(details, salt="zz")).is_ok
    assert not description_check(plain, details).is_ok
    assert description_check(plain, Details(metadata={"course": "7"})).is_ok
    assert description_check(replace(plain, description="a text"), details).is_ok


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("batch", [1, 3, 100])
def test_folding_in_batches_is_folding_at_once(service: OperatorOfTests, batch: int) -> None:
    """State, head, draws and sums do not depend on where the batches end."""
    lines = lines_of(service)
    again = StreamFold()
    for start in range(0, len(lines), batch):
        some = lines[start : start + batch]
        assert [] == again.add(some, months=months_of(some))
    whole = fold(lines)
    assert state_to_json(whole.state) == state_to_json(again.state)
    assert (whole.head, dict(whole.referred)) == (again.head, again.referred)
    assert (5, 60, 90_000) == again.months["2026-02", Operation.DEBIT, "magic-mentor"]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("batch", [1, 3, 100])
def test_request_charged_twice_is_found_across_batches(service: OperatorOfTests, batch: int) -> None:
    """Two debits with one `x` are one request charged twice, however far apart."""
    lines = lines_of(service)
    first, (last_id, last) = lines[3][1], lines[-1]
    lines[-1] = (last_id, replace(last, request=first.request))
    again = StreamFold()
    problems = [
        problem
        for start in range(0, len(lines), batch)
        for problem in again.add(lines[start : start + batch], months=months_of(lines[start : start + batch]))
    ]
    assert [(ProblemCode.REQUEST_TWICE, last_id)] == [
        (problem.code, problem.entry_id) for problem in problems
    ]


def test_open_numbers_without_a_gap_are_right() -> None:
    """In any order."""
    assert [] == list(open_number_problems([]))
    assert [] == list(open_number_problems([(2, ID_B), (1, ID_A)]))


def test_missing_open_numbers_are_named() -> None:
    """An account that was left out has a number; of very many only the first are named."""
    (problem,) = open_number_problems([(1, ID_A), (4, ID_B)])
    assert (ProblemCode.OPEN_NUMBER_GAP, "no `open` entry has the number 2, 3") == (
        problem.code,
        problem.message,
    )
    (problem,) = open_number_problems([(10**15 - 1, ID_A)])
    assert problem.message.endswith("and 999,999,999,999,978 more")


def test_open_number_used_twice_is_found() -> None:
    """Two accounts cannot both be the first."""
    (problem,) = open_number_problems([(1, ID_A), (1, ID_B)])
    assert ID_B == problem.entry_id


def test_what_could_not_be_checked_is_no_failure() -> None:
    """None is not False."""
    unknown = Check(name="link", is_ok=None, detail="not held", code=ProblemCode.BROKEN_LINK)
    wrong = replace(unknown, is_ok=False)
    assert ["not held"] == [problem.message for problem in failures([unknown, wrong], entry_id=ID_A)]


def manifests(service: OperatorOfTests, *, root: str | None = None, prev: str = "0" * 64) -> dict[str, bytes]:
    """A manifest signed by the service's key, as raw JSON by id."""
    signer = service.operator.signer
    manifest = Manifest(
        ledger_pubkey=signer.pubkey,
        entry_kind=30078,
        relays=(root or "",),
        catalogue=("a", "1", "0"),
        prev=prev,
    )
    event = sign_event(manifest_event(manifest, root_pubkey=signer.pubkey, created_at=1), signer)
    return {event.id: event_to_json(event)}


def codes(service: OperatorOfTests, events: dict[str, bytes], **changes: str) -> list[ProblemCode]:
    """What is wrong with manifests, where the settings are those of the first one but for `changes`."""
    settings = {
        "root_pubkey": service.operator.signer.pubkey,
        "ledger_pubkey": service.operator.signer.pubkey,
        "ledger_id": next(iter(events), ""),
    }
    found = manifest_problems(events, backends=BACKENDS, **{**settings, **changes})  # type: ignore[arg-type]  # by name
    return [problem.code for problem in found]


def test_manifests(service: OperatorOfTests) -> None:
    """Right, none at all, unsound, of another root key, contradicting the settings or each other."""
    one = manifests(service)
    assert [] == codes(service, one)
    assert [] == codes(service, {})
    assert [ProblemCode.FOREIGN] == codes(service, one, ledger_id="00" * 32)
    assert [ProblemCode.FOREIGN] == codes(service, one, ledger_pubkey="00" * 32)
    assert [ProblemCode.FOREIGN] == codes(service, one, root_pubkey="00" * 32)
    assert [ProblemCode.MALFORMED] == codes(service, {"00" * 32: b"{}"}, ledger_id="")
    assert [ProblemCode.MALFORMED] == codes(service, {**one, **manifests(service, root="wss://b")})
    assert [] == codes(service, {**one, **manifests(service, prev=next(iter(one)))})
