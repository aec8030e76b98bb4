"""Reports as files: whole or not there, for their owner only, and never over a file that somebody has."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nostr_usage.errors import InputError
from nostr_usage.ledger.entry import AccountId
from nostr_usage.reporting.monthly import (
    MonthlyReport,
    ReportFormat,
    file_name,
    format_of,
    rendered_report,
    write_report,
)
from tests.reporting.reported_months import reported, reported_service

ACCOUNT = AccountId("ab" * 32)


@pytest.fixture(scope="module", name="report")
def one_report(tmp_path_factory: pytest.TempPathFactory) -> MonthlyReport:
    """A month to write."""
    with reported_service(tmp_path_factory.mktemp("service")) as service:
        return reported(service)


@pytest.mark.parametrize("format_", ReportFormat)
def test_report_is_written_whole(tmp_path: Path, report: MonthlyReport, format_: ReportFormat) -> None:
    """In the form that its name asks for, readable by its owner; nothing else is left in the directory."""
    path = tmp_path / f"report.{format_.value}"
    assert path == write_report(report, path)
    assert rendered_report(report, format_) == path.read_bytes()
    assert 0o600 == path.stat().st_mode & 0o777
    assert [path] == list(tmp_path.iterdir())


def test_file_is_never_replaced_unasked(tmp_path: Path, report: MonthlyReport) -> None:
    """It stays as it was; asked, it is replaced."""
    path = tmp_path / "report.csv"
    path.write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        write_report(report, path)
    assert "mine" == path.read_text()
    write_report(report, path, overwrite=True)
    assert "mine" != path.read_text()
    assert [path] == list(tmp_path.iterdir())


def test_link_is_taken_for_a_file(tmp_path: Path, report: MonthlyReport) -> None:
    """Also one that leads nowhere: nothing is written through it."""
    path = tmp_path / "report.csv"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is there already"):
        write_report(report, path)
    assert not (tmp_path / "elsewhere").exists()


def test_who_was_faster_keeps_their_file(
    tmp_path: Path, report: MonthlyReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that appears while the report is made is not replaced either."""
    path = tmp_path / "report.csv"
    link = os.link

    def late(source: str, target: Path) -> None:
        target.write_text("theirs")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(InputError, match="is there already"):
        write_report(report, path)
    assert "theirs" == path.read_text()
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize("is_taken", [False, True])
def test_directories_without_links_take_reports(
    tmp_path: Path, report: MonthlyReport, monkeypatch: pytest.MonkeyPatch, *, is_taken: bool
) -> None:
    """A stick, a network share: the report is whole there, too, and replaces nothing."""
    path = tmp_path / "report.csv"

    def unknown(_source: Path, target: Path) -> None:
        if is_taken:
            target.write_text("theirs")
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", unknown)
    if is_taken:
        with pytest.raises(InputError, match="is there already"):
            write_report(report, path)
        assert "theirs" == path.read_text()
    else:
        write_report(report, path)
        assert rendered_report(report, ReportFormat.CSV) == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["fsync", "link"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_interrupted_report_leaves_nothing(
    tmp_path: Path, report: MonthlyReport, monkeypatch: pytest.MonkeyPatch, *, name: str, overwrite: bool
) -> None:
    """Neither half a file nor a temporary one; what was to be replaced is still there."""
    path = tmp_path / "report.pdf"
    if overwrite:
        path.write_text("before")
        name = "fsync"

    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, name, interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_report(report, path, overwrite=overwrite)
    assert (["before"] if overwrite else []) == [file.read_text() for file in tmp_path.iterdir()]


def test_control_a_plain_write_leaves_half(
    tmp_path: Path, report: MonthlyReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the test of interruptions would see of a file that is written in its place."""
    path = tmp_path / "report.csv"

    def interrupted(_descriptor: int) -> None:
        raise KeyboardInterrupt

    def plain_write() -> None:
        with path.open("wb") as file:
            file.write(rendered_report(report, ReportFormat.CSV)[:100])
            os.fsync(file.fileno())

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        plain_write()
    assert [path] == list(tmp_path.iterdir())


Place = Callable[[Path], Path]
PLACES: dict[str, Place] = {
    "no directory": lambda directory: directory / "missing" / "report.csv",
    "a directory": lambda directory: directory,
    "a file as directory": lambda directory: directory / "file" / "report.csv",
}


@pytest.mark.parametrize("name", PLACES)
def test_what_cannot_be_written_is_said(tmp_path: Path, report: MonthlyReport, name: str) -> None:
    """And nothing is left behind."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        write_report(report, PLACES[name](tmp_path), ReportFormat.CSV, overwrite=True)
    assert [tmp_path / "file"] == list(tmp_path.iterdir())


def test_format_follows_from_the_name() -> None:
    """Whatever its case; another ending is refused."""
    assert ReportFormat.PDF is format_of(Path("February.PDF"))
    for name in ("february", "february.doc", ".pdf"):
        with pytest.raises(InputError, match="does not say"):
            format_of(Path(name))


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("alice", "usage-alice-2026-02.pdf"),
        ("../../etc/passwd", "usage-etc-passwd-2026-02.pdf"),
        ("Café & Söhne GmbH", "usage-Caf-S-hne-GmbH-2026-02.pdf"),
        ("日本", "usage-abababab-2026-02.pdf"),
        ("", "usage-abababab-2026-02.pdf"),
        ("x" * 300, f"usage-{'x' * 60}-2026-02.pdf"),
        ("-rf\x00\n", "usage-rf-2026-02.pdf"),
    ],
)
def test_name_holds_what_a_file_name_can(label: str, name: str) -> None:
    """No directory, no option, nothing long."""
    assert name == file_name(account=ACCOUNT, label=label, month="2026-02", format_=ReportFormat.PDF)
