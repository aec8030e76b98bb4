"""A month that is reported: purchases, refunds, an expiry, members, a text that attacks whoever shows it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from nostr_usage.ledger.entry import AccountId, Source
from nostr_usage.organise import Organiser
from nostr_usage.pricing.usage import Bucket, measured_usage
from nostr_usage.reporting.monthly import MonthlyReport, monthly_report
from nostr_usage.store import StreamStatus
from nostr_usage.writing.request import Action, Grant, Refund
from tests.operators import DAY_S, FEBRUARY_1, OperatorOfTests, operator_in

HOSTILE = "=HYPERLINK(1)<script>alert(1)</script>\" onload='x'&amp;\x1b]0;owned\x07\u202e\n日本 🎯"
"""A formula, markup, an attribute, a terminal's escape, a turn of direction, and letters that no font has."""
MARCH_2 = FEBRUARY_1 + 29 * DAY_S
"""A moment at which February is over."""


@contextmanager
def reported_service(directory: Path) -> Generator[OperatorOfTests]:
    """A service whose account `acme` is an organisation with all that a month may hold."""
    with operator_in(directory) as service:
        acme = service.open_account("acme")
        organiser = Organiser(store=service.store, operator=service.operator)
        organiser.found(acme)
        organiser.add_department(acme, "Sales <b>")
        organiser.add_member(acme, "Maria", department="Sales <b>")
        organiser.add_member(acme, "Lee")
        _fill(service, acme)
        yield service


def _fill(service: OperatorOfTests, acme: AccountId) -> None:
    recorder, clock = service.recorder, service.clock
    promotion = Grant(
        account=acme, tokens=3_000, source=Source.PROMO, key="promo", expires_at=FEBRUARY_1 + 9 * DAY_S
    )
    recorder.grant(promotion)
    recorder.grant(Grant(account=acme, tokens=5_800, source=Source.PURCHASED, key="pack", paid=10_000_000))
    for day, tokens, actor in ((1, 300, "Lee"), (2, 1_200, "Maria"), (12, 40, "Lee"), (20, 900, "Maria")):
        clock.set(FEBRUARY_1 + day * DAY_S + 3_600)
        action = Action(
            account=acme,
            activity="experiment-creation" if tokens > 500 else "magic-mentor",
            tokens=tokens,
            key=f"day-{day}",
            actor=actor,
            description=HOSTILE if day == 12 else f"Day {day}",
        )
        receipt = recorder.record(action)
        if day == 2:
            recorder.refund(Refund(entry_id=receipt.entry_id, tokens=200, key="refund"))
    usage = measured_usage("gpt-4o", {Bucket.FRESH_INPUT: 4_808, Bucket.OUTPUT: 10})
    recorder.record(
        Action(account=acme, activity="magic-mentor", usage=(usage,), key="measured", actor="Lee")
    )
    clock.set(MARCH_2)
    late = FEBRUARY_1 + 27 * DAY_S
    recorder.record(Action(account=acme, activity="magic-mentor", tokens=7, key="march", actor="Lee"))
    recorder.record(
        Action(account=acme, activity="magic-mentor", tokens=5, key="late", actor="Lee", occurred_at=late)
    )


def reported(
    service: OperatorOfTests,
    month: str = "2026-02",
    *,
    is_own: bool = True,
    has_descriptions: bool = True,
) -> MonthlyReport:
    """The report of `acme`, as the service sees it."""
    with service.store.read() as reader:
        row = reader.account_labelled("acme")
        assert row is not None
        return monthly_report(
            reader,
            row.account,
            month,
            service=service.operator.signer.pubkey,
            now=service.clock.now(),
            is_own=is_own,
            has_descriptions=has_descriptions,
        )


def set_status(service: OperatorOfTests, status: StreamStatus) -> None:
    """Have the stream of `acme` be found in another state."""
    service.store.write(lambda transaction: transaction.set_status(1, status))
