"""What can be read in one snapshot, and written in one transaction."""

from __future__ import annotations

from nostr_usage.store.accounts import AccountReads
from nostr_usage.store.charges import ChargeReads
from nostr_usage.store.coverage import CoverageReads
from nostr_usage.store.deletions import DeletionReads, DeletionWrites
from nostr_usage.store.estimates import EstimateReads
from nostr_usage.store.evidence import EvidenceReads, EvidenceWrites
from nostr_usage.store.holds import HoldReads, HoldWrites
from nostr_usage.store.lines import LineWrites
from nostr_usage.store.matching import MatchReads
from nostr_usage.store.memory import Remembered
from nostr_usage.store.objections import ObjectionReads
from nostr_usage.store.organisations import OrganisationReads, OrganisationWrites
from nostr_usage.store.outbox import OutboxReads, OutboxWrites
from nostr_usage.store.settings import SettingReads
from nostr_usage.store.spending import SpendingReads, SpendingWrites
from nostr_usage.store.streams import StreamReads
from nostr_usage.store.totals import TotalReads, TotalWrites


class Reader(
    AccountReads,
    StreamReads,
    MatchReads,
    TotalReads,
    OutboxReads,
    ObjectionReads,
    EvidenceReads,
    ChargeReads,
    DeletionReads,
    CoverageReads,
    HoldReads,
    SpendingReads,
    EstimateReads,
    OrganisationReads,
    SettingReads,
):
    """One consistent snapshot of the store. Iterators end with the snapshot."""

    __slots__ = ()


class Transaction(
    LineWrites,
    OutboxWrites,
    EvidenceWrites,
    DeletionWrites,
    HoldWrites,
    SpendingWrites,
    TotalWrites,
    OrganisationWrites,
    Reader,
):
    """Reads and writes that are kept together or not at all."""

    __slots__ = ()

    def set_setting(self, name: str, value: str) -> None:
        """Keep a small fact."""
        self._connection.execute(
            "INSERT INTO settings (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )
        self._forget(Remembered.SETTING)
