"""A report in the form that is asked for, as bytes, or as a file that is written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from enum import StrEnum
from pathlib import Path

from nostr_usage.durable import sync_directory
from nostr_usage.errors import InputError
from nostr_usage.ledger.entry import AccountId
from nostr_usage.reporting.entitlement import Feature
from nostr_usage.reporting.monthly.figures import MonthlyReport

_NAME_MAX = 60
_WITHOUT_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


class ReportFormat(StrEnum):
    """What a report is written as; the value is the ending of its file."""

    PDF = "pdf"
    HTML = "html"
    CSV = "csv"


REPORT_FEATURES = {ReportFormat.CSV: Feature.CSV_EXPORT, ReportFormat.PDF: Feature.PDF_REPORT}
"""Reports that plans may leave out."""


def format_of(path: Path) -> ReportFormat:
    """The format that the ending of a file's name asks for.

    Raises:
        InputError: if it asks for none of them.
    """
    try:
        return ReportFormat(path.suffix.removeprefix(".").lower())
    except ValueError:
        raise InputError(
            f"{path.name!r} does not say which report is meant", advice="End it in .pdf, .html or .csv."
        ) from None


def file_name(*, account: AccountId, label: str, month: str, format_: ReportFormat | None = None) -> str:
    """`usage-alice-2026-02.pdf`: what of the label a file name can hold, else the account's first digits."""
    kept = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in label)
    name = "-".join(part for part in kept.split("-") if part)[:_NAME_MAX] or account[:8]
    return f"usage-{name}-{month}{f'.{format_.value}' if format_ else ''}"


def rendered_report(report: MonthlyReport, format_: ReportFormat) -> bytes:
    """The report in one of its forms; the same figures give the same bytes."""
    # Each form loads what only it needs: the library for PDF takes a third of a second.
    match format_:
        case ReportFormat.HTML:
            from nostr_usage.reporting.monthly.as_html import html_report  # noqa: PLC0415  # see above

            return html_report(report).encode("utf-8")
        case ReportFormat.PDF:
            from nostr_usage.reporting.monthly.as_pdf import pdf_report  # noqa: PLC0415  # see above

            return pdf_report(report)
        case ReportFormat.CSV:
            from nostr_usage.reporting.monthly.as_csv import csv_report  # noqa: PLC0415  # see above

            return csv_report(report).encode("utf-8")


def write_report(
    report: MonthlyReport, path: Path, format_: ReportFormat | None = None, *, overwrite: bool = False
) -> Path:
    """Write the report to a file that only its owner may read; the file's path.

    The file is there whole or not at all, whatever interrupts this; the format follows from the file's ending
    if None.

    Raises:
        InputError: if there is such a file already and `overwrite` is False, or it cannot be written.
    """
    chosen = format_of(path) if format_ is None else format_
    if not overwrite and os.path.lexists(path):
        raise _taken(path)
    data = rendered_report(report, chosen)
    try:
        _put(data, path, overwrite=overwrite)
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        raise InputError(
            f"cannot write {path}: {error.strerror}", advice="Choose another directory."
        ) from error
    return path


def _taken(path: Path) -> InputError:
    return InputError(f"{path} is there already", advice="Choose another name, or replace it with --force.")


def _put(data: bytes, path: Path, *, overwrite: bool) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # for its owner only
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            Path(temporary).replace(path)
        else:
            _link(Path(temporary), path)
        sync_directory(path.parent)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()


def _link(temporary: Path, path: Path) -> None:
    """Give the file its name, unless somebody was faster: a rename would replace what they wrote."""
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in _WITHOUT_LINKS:
            raise
        # A stick or a share without links: the name is taken first, then the file moves there.
        path.open("xb").close()
        temporary.replace(path)
