"""What a reader may end with, whatever relays do: the right total, or a state that says why not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from nostr_usage.ledger.entry import AccountId
from nostr_usage.ledger.fold import balance_of, state_from_json
from nostr_usage.relays.policy import ConnectionPolicy
from nostr_usage.store import Store, StreamStatus
from nostr_usage.sync import SyncReport, sync_ledger
from tests.hostile.ledger_under_attack import LedgerUnderAttack
from tests.ledgers import KIND

IMPATIENT = ConnectionPolicy(
    allow_local=True,
    connect_timeout_s=2.0,
    silence_timeout_s=0.4,
    request_timeout_s=1.0,
    relay_timeout_s=2.5,
)
"""Deadlines that are meant to expire: nothing that is honest on loopback needs as long."""

PATIENT = ConnectionPolicy(
    allow_local=True,
    connect_timeout_s=10.0,
    silence_timeout_s=15.0,
    request_timeout_s=20.0,
    relay_timeout_s=30.0,
)
"""Deadlines that only a hang would reach: for relays that do end, if only after seconds of work."""


class Outcome(StrEnum):
    """How reading one account ended, in the words of docs/guarantees.md."""

    RIGHT = "right total"
    INCOMPLETE = "INCOMPLETE: no final figure, the missing slots are named"
    CUT_SHORT = "INCOMPLETE: the relay could not be asked to the end"
    CONFLICT = "CONFLICT: both signed events are kept"
    OFFLINE = "no figure: the relay could not be read, and the report says why"
    REFUSED = "no figure: the relay refuses readers, in its own words"
    NOTHING_PROVED = "no figure: nothing that was shown is authentic"
    UNNOTICED = "PROVISIONAL with what was shown: noticed by a pin, a receipt or a second relay"
    WRONG = "a wrong total, and nobody was told"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One pass: what it reported, and the seconds that it took."""

    report: SyncReport
    duration_s: float


async def read_ledger(
    store: Store,
    ledger: LedgerUnderAttack,
    *relays: str,
    policy: ConnectionPolicy = IMPATIENT,
) -> Pass:
    """Read the whole ledger, knowing its key and these relays."""
    loop = asyncio.get_running_loop()
    begun_at = loop.time()
    report = await sync_ledger(
        store,
        relays=relays,
        ledger_pubkey=ledger.pubkey,
        kinds=(KIND,),
        account=None,
        policy=policy,
        clock=ledger.operator.clock,
        random=Random(1),
    )
    return Pass(report=report, duration_s=loop.time() - begun_at)


def total_of(store: Store, account: AccountId) -> tuple[int, StreamStatus] | None:
    """The balance that a reader would show, and its state; None if there is no figure."""
    with store.read() as reader:
        stream = reader.stream(account, "tokens")
    return (balance_of(state_from_json(stream.state_json)).total, stream.status) if stream else None


def outcome_of(reading: Pass, store: Store, ledger: LedgerUnderAttack) -> Outcome:
    """How reading the account under attack ended."""
    shown = total_of(store, ledger.account)
    conditions = {relay.condition.value for relay in reading.report.relays}
    missing = [
        stream for stream in reading.report.streams if stream.account == ledger.account and stream.missing
    ]
    match shown:
        case _ if any(
            stream.account == ledger.account and stream.status is StreamStatus.CONFLICT
            for stream in reading.report.streams
        ):
            return Outcome.CONFLICT
        case (total, StreamStatus.PROVISIONAL):
            return Outcome.RIGHT if total == ledger.totals[ledger.account] else Outcome.WRONG
        case (_, StreamStatus.INCOMPLETE):
            return Outcome.INCOMPLETE if missing else Outcome.CUT_SHORT
        case None if missing:
            return Outcome.INCOMPLETE
        case None if conditions == {"refused"}:
            return Outcome.REFUSED
        case None if "answered" not in conditions:
            return Outcome.OFFLINE
        case None:
            return Outcome.NOTHING_PROVED
        case _:
            return Outcome.WRONG
