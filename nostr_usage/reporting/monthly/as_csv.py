"""The entries of a month as CSV (RFC 4180), oldest first: what a spreadsheet adds up, and no formula.

The columns are those of every export, then what a report of several meters and members needs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from nostr_usage.reporting.entry_columns import COLUMNS, entry_object
from nostr_usage.reporting.monthly.figures import MonthlyReport
from nostr_usage.safe_text import safe_cell

REPORT_COLUMNS = (*COLUMNS, "meter", "member", "department", "month_balance", "state")


def csv_report(report: MonthlyReport) -> str:
    """One line an entry; `state` says on each of them whether the figures are final."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(REPORT_COLUMNS)
    state = "final" if report.is_final else "not final"
    for meter in report.meters:
        for line in meter.lines:
            cells = {**entry_object(line.row), "description": line.description or None}
            writer.writerow(
                _safe((*cells.values(), meter.meter, line.member, line.department, line.running, state))
            )
    return file.getvalue()


def _safe(values: Iterable[object]) -> list[object]:
    return [safe_cell(value) if isinstance(value, str) else value for value in values]
