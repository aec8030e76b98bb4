"""Recording what cannot be recorded: refused before anything is on disk."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nostr_usage.amount import AMOUNT_MAX
from nostr_usage.enrolment import enrol
from nostr_usage.errors import EntryFormatError, InputError, NostrUsageError
from nostr_usage.ledger.entry import AccountId, Source
from nostr_usage.nostr.event import event_from_json
from nostr_usage.wire.entry_event import entry_from_event
from nostr_usage.writing.request import Action, Grant
from tests.operators import FEBRUARY_1, OperatorOfTests, operator_in

YEAR_10000 = 253_402_300_800


@pytest.fixture
def service(tmp_path: Path) -> Generator[OperatorOfTests]:
    """A service on 1 February 2026."""
    with operator_in(tmp_path) as operator:
        yield operator


def entries_of(service: OperatorOfTests) -> int:
    """How many entries are on disk, every one of them read back."""
    with service.store.read() as reader:
        return len([entry_from_event(event_from_json(row.event_json)) for row in reader.events()])


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "x" * 101},
        {"group": ""},
        {"prompt": "two\nlines"},
        {"description": "\udcff"},
        {"metadata": {"name": "\udcff"}},
        {"key": "\udcff"},
        {"tokens": AMOUNT_MAX},
    ],
)
def test_action_that_no_reader_would_accept_is_refused(
    service: OperatorOfTests, change: dict[str, Any]
) -> None:
    """Nothing is on disk afterwards that was not there before; the control is taken."""
    account = service.open_account()
    action = Action(account=account, activity="magic-mentor", tokens=1, key="k", actor="x" * 100)
    before = entries_of(service)
    with pytest.raises(NostrUsageError):
        service.recorder.record(replace(action, **change))
    assert before == entries_of(service)
    service.recorder.record(action)
    assert before + 1 == entries_of(service)


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "purchase"},
        {"reason": "Spring Sale"},
        {"paid": -1},
        {"paid": AMOUNT_MAX + 1},
        {"expires_at": YEAR_10000},
    ],
)
def test_grant_that_no_reader_would_accept_is_refused(
    service: OperatorOfTests, change: dict[str, Any]
) -> None:
    """Only a purchase is called one, and every figure fits its tag; the control is taken."""
    account = service.open_account()
    grant = Grant(account=account, tokens=1, source=Source.GIFT, key="g", reason="welcome", paid=0)
    before = entries_of(service)
    with pytest.raises(NostrUsageError):
        service.recorder.grant(replace(grant, **change))
    assert before == entries_of(service)
    assert "welcome" == service.recorder.grant(grant).entry.type


def test_balance_of_sixteen_digits_is_refused(service: OperatorOfTests) -> None:
    """A balance stays exact in every JSON tool, so the grant that would make it longer is refused."""
    account = service.open_account(plan=None)
    grant = Grant(account=account, tokens=AMOUNT_MAX, source=Source.GIFT, key="g1", paid=0)
    service.recorder.grant(grant)
    with pytest.raises(EntryFormatError):
        service.recorder.grant(replace(grant, key="g2"))
    assert 2 == entries_of(service)


def test_account_opened_again_otherwise_is_an_input_error(service: OperatorOfTests) -> None:
    """Opening an account again is its receipt; with another label it is refused by name."""
    account = AccountId("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")

    def open_as(label: str) -> bool:
        opened = enrol(
            service.recorder,
            service.secrets,
            entropy=service.entropy.randbytes,
            label=label,
            account=account,
        )
        return opened.receipt.is_repeat

    assert not open_as("carol")
    assert open_as("carol")
    with pytest.raises(InputError, match="open already"):
        open_as("dave")
    assert FEBRUARY_1 == service.clock.now()
