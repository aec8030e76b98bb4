"""The monthly report of an account: store ─▶ figures ─▶ HTML, PDF or CSV ─▶ a file, whole or not at all.

    figures    what every form shows
    building   store ─▶ figures
    wording    figures ─▶ the texts and tables that HTML and PDF share
    as_html    one page of HTML without scripts, which also prints
    html_style its style sheet
    as_pdf     the same as PDF; `fonts/` has its letters
    as_csv     the entries, in the columns of every export
    writing    the form that is asked for, as bytes or as a new file

`monthly_report` gives the figures, `write_report` a file of them.
"""

from nostr_usage.reporting.monthly.building import monthly_report
from nostr_usage.reporting.monthly.figures import Line, MeterMonth, MonthlyReport
from nostr_usage.reporting.monthly.writing import (
    REPORT_FEATURES,
    ReportFormat,
    file_name,
    format_of,
    rendered_report,
    write_report,
)

__all__ = [
    "REPORT_FEATURES",
    "Line",
    "MeterMonth",
    "MonthlyReport",
    "ReportFormat",
    "file_name",
    "format_of",
    "monthly_report",
    "rendered_report",
    "write_report",
]
