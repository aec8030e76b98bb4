"""The report of a month, as a new file whose name says whose and which."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from nostr_usage.home import Role
from nostr_usage.ledger.entry import AccountId
from nostr_usage.pricing.catalogue import Catalogue
from nostr_usage.reporting.entitlement import entitlement_of
from nostr_usage.reporting.monthly import (
    REPORT_FEATURES,
    ReportFormat,
    file_name,
    monthly_report,
    write_report,
)
from nostr_usage.wiring import ReaderHome


def write_month(
    opened: ReaderHome,
    account: AccountId,
    month: str,
    format_name: str,
    directory: Path,
    *,
    catalogue: Catalogue,
    now: int,
    has_descriptions: bool,
) -> Path:
    """Write the month (`2026-02`, UTC) of an account as `pdf`, `html` or `csv`; the new file's path.

    Raises:
        NotIncludedError: if the account's plan has no such reports.
        InputError: if the file cannot be written.
    """
    format_ = ReportFormat(format_name)
    with opened.store.read() as reader:
        row = reader.account(account)
        plan = entitlement_of(catalogue, row)
        if format_ in REPORT_FEATURES:
            plan.require(REPORT_FEATURES[format_])
        made = monthly_report(
            reader,
            account,
            month,
            service=opened.settings.ledger_pubkey,
            now=now,
            is_own=opened.settings.role is Role.OPERATOR,
            has_descriptions=has_descriptions,
            entitlement=plan,
        )
    stem = file_name(account=account, label=(row.label if row else None) or "", month=month)
    return write_report(made, _free_path(directory, stem, format_), format_)


def _free_path(directory: Path, stem: str, format_: ReportFormat) -> Path:
    """What was written before stays."""
    names = (f"{stem}{f'-{number}' if number > 1 else ''}.{format_.value}" for number in count(1))
    return next(path for name in names if not (path := directory / name).exists())
